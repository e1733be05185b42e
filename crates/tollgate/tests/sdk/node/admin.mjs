// The administration client.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { all, fails, say } from './transcript.mjs';

const client = new OpenAI();
const { projects, adminAPIKeys, usage } = client.admin.organization;
const holder = (apiKey) => new OpenAI({ apiKey, maxRetries: 0 });
const ids = async (list) => (await all(list)).map((one) => one.id);
const ask = (who) =>
  who.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] });

/** Hands a secret to the test, which looks for it in everything the gateway wrote. */
function secret(value) {
  assert.match(value, /^sk-/);
  console.log(JSON.stringify({ plant: value }));
  return value;
}

async function theProjects() {
  const made = [];
  for (let count = 0; count < 45; count += 1) {
    made.push(await projects.create({ name: `project ${count}` }));
  }
  const [first, second] = made;
  assert.equal(first.object, 'organization.project');
  assert.deepEqual(await projects.retrieve(first.id), first);
  assert.equal((await projects.update(first.id, { name: 'renamed' })).name, 'renamed');
  const listed = await ids(projects.list({ limit: 10 }));
  assert.ok(listed.length >= 46 && new Set(listed).size === listed.length);
  assert.ok(made.every(({ id }) => listed.includes(id)));
  const page = await projects.list({ limit: 20 });
  assert.ok(page.hasNextPage() && page.data.length === 20);
  assert.equal((await page.getNextPage()).data.length, 20);
  const archived = await projects.archive(first.id);
  assert.ok(archived.status === 'archived' && archived.archived_at);
  assert.ok(!(await ids(projects.list({ limit: 100 }))).includes(first.id));
  const everything = { limit: 100, include_archived: true };
  assert.ok((await ids(projects.list(everything))).includes(first.id));
  let error = await fails('no project', () => projects.retrieve('proj_0123456789abcdef'));
  assert.ok(error instanceof OpenAI.NotFoundError);
  error = await fails('no name', () => projects.create({ name: '' }), 'param');
  assert.ok(error instanceof OpenAI.BadRequestError && error.param === 'name');
  return second;
}

async function serviceAccounts(project) {
  const accounts = projects.serviceAccounts;
  const within = { project_id: project.id };
  const made = await accounts.create(project.id, { name: 'robot' });
  const key = secret(made.api_key.value);
  assert.ok((await ask(holder(key))).choices);
  assert.deepEqual(await ids(accounts.list(project.id)), [made.id]);
  assert.equal((await accounts.retrieve(made.id, within)).name, 'robot');
  const second = await accounts.apiKeys.create(made.id, { ...within, name: 'second' });
  assert.ok((await ask(holder(secret(second.value)))).choices);
  const gone = await accounts.delete(made.id, within);
  assert.ok(gone.deleted && gone.id === made.id);
  assert.deepEqual(await ids(accounts.list(project.id)), []);
  const error = await fails('robot is gone', () => ask(holder(key)));
  assert.ok(error instanceof OpenAI.AuthenticationError);
}

async function projectKeys(project) {
  const keys = projects.apiKeys;
  const within = { project_id: project.id };
  const account = await projects.serviceAccounts.create(project.id, { name: 'owner' });
  const value = secret(account.api_key.value);
  assert.ok((await ids(keys.list(project.id, { limit: 1 }))).includes(account.api_key.id));
  const found = await keys.retrieve(account.api_key.id, within);
  assert.ok(found.redacted_value && !JSON.stringify(found).includes(value));
  assert.equal(found.owner.service_account.id, account.id);
  let error = await fails("account's key", () => keys.delete(found.id, within));
  assert.ok(error instanceof OpenAI.BadRequestError);

  const { DOOMED_ID, DOOMED_KEY, DOOMED_PROJECT } = process.env;
  const own = { project_id: DOOMED_PROJECT };
  const user = holder(DOOMED_KEY);
  await keys.update(DOOMED_ID, { ...own, scopes: ['api.all.read'] });
  error = await fails('reads models', () => ask(user));
  assert.ok(error instanceof OpenAI.AuthenticationError);
  assert.ok((await ids(user.models.list())).length);
  const asking = { ...own, scopes: ['api.model.request'], expires_in_seconds: 3600 };
  await keys.update(DOOMED_ID, asking);
  assert.ok((await ask(user)).choices);
  error = await fails('restricted', () => user.files.list());
  assert.ok(error instanceof OpenAI.AuthenticationError);
  await keys.update(DOOMED_ID, { ...own, scopes: [] });
  assert.deepEqual(await ids(user.files.list()), []);
  assert.ok((await keys.delete(DOOMED_ID, own)).deleted);
  error = await fails('key is gone', () => ask(user));
  assert.ok(error instanceof OpenAI.AuthenticationError);
  error = await fails('no key', () => keys.retrieve('key_0123456789', within));
  assert.ok(error instanceof OpenAI.NotFoundError);
}

async function adminKeys() {
  const made = await adminAPIKeys.create({ name: 'second', expires_in_seconds: 3600 });
  const second = new OpenAI({ adminAPIKey: secret(made.value), maxRetries: 0 });
  const theirs = second.admin.organization.projects;
  assert.ok((await ids(theirs.list({ limit: 100 }))).length);
  assert.ok((await ids(adminAPIKeys.list({ limit: 1 }))).includes(made.id));
  assert.equal((await adminAPIKeys.retrieve(made.id)).name, 'second');
  assert.ok((await adminAPIKeys.delete(made.id)).deleted);
  const error = await fails('admin key is gone', () => theirs.list());
  assert.ok(error instanceof OpenAI.AuthenticationError);
  const notOne = new OpenAI({ adminAPIKey: process.env.OPENAI_API_KEY });
  await fails('not an admin', () => notOne.admin.organization.projects.list());
  await fails('admin key on a model', () => ask(holder(process.env.OPENAI_ADMIN_KEY)));
}

async function measured() {
  const project = await projects.create({ name: 'measured' });
  const account = await projects.serviceAccounts.create(project.id, { name: 'user' });
  const user = holder(secret(account.api_key.value));
  const asked = [];
  for (let count = 0; count < 3; count += 1) asked.push((await ask(user)).usage);
  const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);
  const until = performance.now() + 20_000;
  let results;
  do {
    assert.ok(performance.now() < until, JSON.stringify(results));
    const { data } = await usage.completions({
      start_time: Math.floor(Date.now() / 1000) - 86_400,
      bucket_width: '1d',
      project_ids: [project.id],
      group_by: ['project_id', 'model'],
    });
    results = data.flatMap((bucket) => bucket.results);
  } while (sum(results, 'num_model_requests') !== 3);
  assert.equal(sum(results, 'input_tokens'), sum(asked, 'prompt_tokens'));
  assert.equal(sum(results, 'output_tokens'), sum(asked, 'completion_tokens'));
  assert.ok(results.every((row) => row.project_id === project.id && row.model === 'gpt-4o'));
}

const project = await theProjects();
await serviceAccounts(project);
await projectKeys(project);
await adminKeys();
await measured();
say('done');
