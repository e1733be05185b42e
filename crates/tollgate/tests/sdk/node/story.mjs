// An organization's life from its setting up to its end. At the end every method of the
// administration client has been called.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { all, fails, say } from './transcript.mjs';

// What the SDK has and OpenAI's document, as of its date, has not: Tollgate answers 404.
const NEWER = /externalKeys|externalStorage|serviceTierSettings|workloadIdentityProviders|decisions/;

const client = new OpenAI({ maxRetries: 0 });
const used = new Set();
const isPart = (value) => value?.constructor !== undefined && '_client' in Object(value);

/** A part of the client that notes which of its methods are used. */
function noted(part, path) {
  return new Proxy(part, {
    get(target, name) {
      const found = target[name];
      const at = `${path}.${String(name)}`;
      if (typeof found === 'function') {
        used.add(at);
        return found.bind(target);
      }
      return isPart(found) ? noted(found, at) : found;
    },
  });
}

function* methods(part, path) {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(part))) {
    if (name !== 'constructor') yield `${path}.${name}`;
  }
  for (const [name, inner] of Object.entries(part)) {
    if (name !== '_client' && isPart(inner)) yield* methods(inner, `${path}.${name}`);
  }
}

const org = noted(client.admin.organization, 'organization');
const { projects } = org;
const ids = async (list) => (await all(list)).map((one) => one.id);
const ask = (who, content = 'hi there', model = 'gpt-4o') =>
  who.chat.completions.create({ model, messages: [{ role: 'user', content }] });

function holder(apiKey) {
  console.log(JSON.stringify({ plant: apiKey }));
  return new OpenAI({ apiKey, maxRetries: 0 });
}

async function refused(step, kind, call) {
  const error = await fails(step, call);
  assert.ok(error instanceof kind, `${step}: ${error}`);
  return error;
}

async function people(at) {
  const email = 'ada@example.com';
  const invite = await org.invites.create({ email, role: 'reader', projects: [] });
  assert.ok((await ids(org.invites.list({ limit: 1 }))).includes(invite.id));
  const url = `${client.baseURL.replace(/\/v1$/, '')}/tollgate/v1/invites/${invite.id}/accept`;
  const headers = {
    authorization: `Bearer ${process.env.OPENAI_ADMIN_KEY}`,
    'content-type': 'application/json',
  };
  const accepted = await fetch(url, { method: 'POST', headers, body: '{}' });
  assert.equal(accepted.status, 200);
  at.ada = (await accepted.json()).id;
  assert.equal((await org.invites.retrieve(invite.id)).status, 'accepted');
  const other = await org.invites.create({ email: 'bob@example.com', role: 'reader' });
  assert.ok((await org.invites.delete(other.id)).deleted);
  assert.deepEqual(await ids(org.users.list({ emails: [email] })), [at.ada]);
  assert.equal((await org.users.update(at.ada, { role: 'owner' })).role, 'owner');
  assert.equal((await org.users.retrieve(at.ada)).role, 'owner');
  at.group = (await org.groups.create({ name: 'Shop' })).id;
  assert.equal((await org.groups.update(at.group, { name: 'Sellers' })).name, 'Sellers');
  assert.equal((await org.groups.retrieve(at.group)).name, 'Sellers');
  assert.ok((await ids(org.groups.list({ limit: 1 }))).includes(at.group));
  const joined = await org.groups.users.create(at.group, { user_id: at.ada });
  assert.equal(joined.user_id, at.ada);
  assert.deepEqual(await ids(org.groups.users.list(at.group)), [at.ada]);
  assert.equal((await org.groups.users.retrieve(at.ada, { group_id: at.group })).id, at.ada);
}

/** Where a role can be given: whose, by which id, which role, and what else the path needs. */
const bonds = ({ ada, group, role, ownRole, here }) => [
  [org.users.roles, ada, role, {}, { user_id: ada }],
  [org.groups.roles, group, role, {}, { group_id: group }],
  [projects.users.roles, ada, ownRole, here, { user_id: ada, ...here }],
  [projects.groups.roles, group, ownRole, here, { group_id: group, ...here }],
];

async function roles(at) {
  const { here, project } = at;
  const permissions = ['api.groups.read', 'api.organization.projects.api_keys.read'];
  const made = { role_name: 'Keeper', permissions };
  at.role = (await org.roles.create(made)).id;
  assert.deepEqual((await org.roles.update(at.role, { description: 'keeps' })).permissions, permissions);
  assert.equal((await org.roles.retrieve(at.role)).description, 'keeps');
  assert.ok((await ids(org.roles.list({ limit: 1 }))).includes(at.role));
  at.ownRole = (await projects.roles.create(project, made)).id;
  const changed = await projects.roles.update(at.ownRole, { ...here, description: 'here' });
  assert.equal(changed.description, 'here');
  assert.equal((await projects.roles.retrieve(at.ownRole, here)).id, at.ownRole);
  assert.ok((await ids(projects.roles.list(project))).includes(at.ownRole));

  const { users, groups } = projects;
  assert.equal((await users.create(project, { user_id: at.ada, role: 'member' })).id, at.ada);
  assert.equal((await users.update(at.ada, { ...here, role: 'owner' })).role, 'owner');
  assert.equal((await users.retrieve(at.ada, here)).role, 'owner');
  assert.deepEqual(await ids(users.list(project)), [at.ada]);
  const joined = { group_id: at.group, role: 'role-api-project-member' };
  assert.equal((await groups.create(project, joined)).group_name, 'Sellers');
  assert.equal((await groups.retrieve(at.group, here)).group_id, at.group);
  assert.deepEqual((await all(groups.list(project))).map((row) => row.group_id), [at.group]);
  for (const [where, whose, role, also, path] of bonds(at)) {
    assert.equal((await where.create(whose, { ...also, role_id: role })).role.id, role);
    assert.ok((await ids(where.list(whose, also))).includes(role));
    assert.equal((await where.retrieve(role, path)).id, role);
  }
}

async function keys(at) {
  const { here, project } = at;
  const accounts = projects.serviceAccounts;
  const made = await accounts.create(project, { name: 'robot' });
  at.account = made.id;
  at.user = holder(made.api_key.value);
  assert.deepEqual(await ids(accounts.list(project)), [made.id]);
  assert.equal((await accounts.update(made.id, { ...here, name: 'till' })).name, 'till');
  assert.equal((await accounts.retrieve(made.id, here)).name, 'till');
  const more = await accounts.apiKeys.create(made.id, { ...here, name: 'spare' });
  assert.ok((await ask(holder(more.value))).choices);
  const kept = projects.apiKeys;
  assert.ok((await ids(kept.list(project))).includes(more.id));
  assert.equal((await kept.retrieve(more.id, here)).name, 'spare');
  assert.ok((await ask(at.user)).choices);
  const own = { project_id: process.env.DOOMED_PROJECT };
  const doomed = process.env.DOOMED_SYNC;
  assert.equal((await kept.update(doomed, { ...own, scopes: ['api.all.read'] })).id, doomed);
  assert.ok((await kept.delete(doomed, own)).deleted);
  const admins = org.adminAPIKeys;
  const second = await admins.create({ name: 'second' });
  console.log(JSON.stringify({ plant: second.value }));
  const other = new OpenAI({ adminAPIKey: second.value, maxRetries: 0 });
  assert.equal((await other.admin.organization.users.retrieve(at.ada)).id, at.ada);
  assert.equal((await admins.retrieve(second.id)).name, 'second');
  assert.ok((await ids(admins.list())).includes(second.id));
  assert.ok((await admins.delete(second.id)).deleted);
}

/** Each of them bites on the data plane, from the next call on. */
async function rules({ here, project, user }) {
  const { modelPermissions: models, hostedToolPermissions: tools, rateLimits: rates } = projects;
  const denied = OpenAI.PermissionDeniedError;
  await models.update(project, { mode: 'allow_list', model_ids: ['gpt-4o-mini'] });
  assert.equal((await models.retrieve(project)).mode, 'allow_list');
  await refused('a model', denied, () => ask(user));
  assert.ok((await ask(user, 'hi', 'gpt-4o-mini')).choices);
  assert.ok((await models.delete(project)).deleted);
  assert.ok(!(await tools.update(project, { web_search: { enabled: false } })).web_search.enabled);
  assert.ok(!(await tools.retrieve(project)).web_search.enabled);
  const search = { model: 'gpt-4o', input: 'hi', tools: [{ type: 'web_search' }] };
  await refused('a tool', denied, () => user.responses.create(search));

  const most = Number.MAX_SAFE_INTEGER;
  const [first] = await all(rates.listRateLimits(project, { limit: 1 }));
  assert.equal(first.max_requests_per_1_minute, most);
  const perMinute = (max) =>
    rates.updateRateLimit('rl-gpt-4o', { ...here, max_requests_per_1_minute: max });
  await perMinute(1);
  await ask(user);
  const slow = await refused('a rate', OpenAI.RateLimitError, () => ask(user));
  assert.equal(slow.code, 'rate_limit_exceeded');
  await perMinute(most);

  const cent = { threshold_amount: 1, currency: 'USD', interval: 'month' };
  const told = { ...cent, notification_channel: { type: 'email', recipients: ['a@example.com'] } };
  for (const [place, path, where] of [[projects, [project], here], [org, [], {}]]) {
    const { spendLimit: limit, spendAlerts: alerts, dataRetention: kept } = place;
    assert.equal((await limit.update(...path, cent)).threshold_amount, 1);
    // A cent and a half of input alone.
    const long = () => ask(user, 'word '.repeat(6_000));
    const dear = await refused('a limit', OpenAI.RateLimitError, long);
    assert.equal(dear.type, 'insufficient_quota');
    assert.equal((await limit.retrieve(...path)).currency, 'USD');
    assert.ok((await limit.delete(...path)).deleted);
    const alert = (await alerts.create(...path, told)).id;
    const more = { ...where, ...told, threshold_amount: 2 };
    assert.equal((await alerts.update(alert, more)).threshold_amount, 2);
    const found = path.length ? alerts.retrieve(alert, where) : alerts.retrieve(alert);
    assert.equal((await found).id, alert);
    assert.ok((await ids(alerts.list(...path))).includes(alert));
    const gone = path.length ? alerts.delete(alert, where) : alerts.delete(alert);
    assert.ok((await gone).deleted);
    const before = (await kept.retrieve(...path)).type;
    for (const type of ['zero_data_retention', before]) {
      assert.equal((await kept.update(...path, { retention_type: type })).type, type);
    }
  }
  assert.ok((await ask(user)).choices);
}

async function reports({ project }) {
  const { usage } = org;
  const asked = { start_time: Math.floor(Date.now() / 1000) - 86_400, project_ids: [project] };
  const rowsOf = async (page) => (await page).data.flatMap((bucket) => bucket.results);
  const until = performance.now() + 20_000;
  let rows;
  let calls;
  do {
    assert.ok(performance.now() < until, JSON.stringify(rows));
    rows = await rowsOf(usage.completions({ ...asked, group_by: ['model'], bucket_width: '1d' }));
    calls = rows.reduce((sum, row) => sum + row.num_model_requests, 0);
  } while (calls < 5);
  assert.equal(calls, 5);
  assert.deepEqual(new Set(rows.map((row) => row.model)), new Set(['gpt-4o', 'gpt-4o-mini']));
  const costs = await rowsOf(usage.costs(asked));
  assert.ok(costs.some((row) => row.amount.value > 0));
  for (const name of ['audioSpeeches', 'audioTranscriptions', 'codeInterpreterSessions',
    'embeddings', 'fileSearchCalls', 'images', 'moderations', 'vectorStores', 'webSearchCalls']) {
    assert.deepEqual(await rowsOf(usage[name](asked)), [], name);
  }
}

async function audit({ project }) {
  const lines = await all(org.auditLogs.list({ project_ids: [project], limit: 100 }));
  const types = new Set(lines.map((line) => line.type));
  for (const told of ['project.created', 'service_account.created', 'api_key.created',
    'project.updated', 'rate_limit.updated', 'role.created']) {
    assert.ok(types.has(told), told);
  }
  assert.ok(lines.every((line) => line.actor.api_key.user.email));
}

async function certificates({ project }) {
  const pem = process.env.CERTIFICATE_SYNC;
  const mine = org.certificates;
  const { id } = await mine.create({ certificate: pem, name: 'office' });
  assert.equal((await mine.update(id, { name: 'shop' })).name, 'shop');
  const found = await mine.retrieve(id, { include: ['content'] });
  assert.equal(found.certificate_details.content.trim(), pem.trim());
  assert.ok((await ids(mine.list())).includes(id));
  const these = { certificate_ids: [id] };
  assert.deepEqual(await ids(mine.activate(these)), [id]);
  const theirs = projects.certificates;
  assert.deepEqual(await ids(theirs.activate(project, these)), [id]);
  assert.ok((await ids(theirs.list(project))).includes(id));
  assert.deepEqual(await ids(theirs.deactivate(project, these)), [id]);
  assert.deepEqual(await ids(mine.deactivate(these)), [id]);
  assert.equal((await mine.delete(id)).id, id);
}

async function end(at) {
  const { here, project, ada, group } = at;
  for (const [where, , role, , path] of bonds(at)) {
    assert.ok((await where.delete(role, path)).deleted);
  }
  assert.ok((await projects.groups.delete(group, here)).deleted);
  assert.ok((await projects.users.delete(ada, here)).deleted);
  assert.ok((await projects.roles.delete(at.ownRole, here)).deleted);
  assert.ok((await org.roles.delete(at.role)).deleted);
  assert.ok((await org.groups.users.delete(ada, { group_id: group })).deleted);
  assert.ok((await org.groups.delete(group)).deleted);
  assert.ok((await projects.serviceAccounts.delete(at.account, here)).deleted);
  await refused('its key is dead', OpenAI.AuthenticationError, () => ask(at.user));
  assert.equal((await projects.archive(project)).status, 'archived');
  assert.ok((await org.users.delete(ada)).deleted);
  const newer = () => org.externalKeys.retrieve('key_1');
  await refused('not in the document', OpenAI.NotFoundError, newer);
}

const project = (await projects.create({ name: 'shop' })).id;
const at = { project, here: { project_id: project } };
assert.equal((await projects.update(project, { name: 'Shop' })).name, 'Shop');
assert.equal((await projects.retrieve(project)).name, 'Shop');
assert.ok((await ids(projects.list({ limit: 2 }))).includes(project));
for (const chapter of [people, roles, keys, rules, reports, audit, certificates, end]) {
  await chapter(at);
}
const known = [...methods(client.admin.organization, 'organization')];
const missed = known.filter((name) => !used.has(name) && !NEWER.test(name));
assert.deepEqual(missed, []);
assert.ok(known.length > 120, `${known.length} methods`);
say('done');
