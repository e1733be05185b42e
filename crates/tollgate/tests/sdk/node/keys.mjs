// What only a gateway does: keys of all kinds, and streams whose provider dies.

import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { all, fails, say } from './transcript.mjs';

const client = new OpenAI();
const holder = (name) => new OpenAI({ apiKey: process.env[name] });
const body = (content, more) => ({
  model: 'gpt-4o',
  messages: [{ role: 'user', content }],
  ...more,
});
const ask = (who, more, options) => who.chat.completions.create(body('hi', more), options);

async function strangers() {
  const stranger = new OpenAI({ apiKey: 'sk-nobody-has-this-key-5678' });
  let error = await fails('stranger', () => ask(stranger), 'message');
  assert.ok(error instanceof OpenAI.AuthenticationError);
  assert.equal(error.code, 'invalid_api_key');
  assert.ok(!error.message.includes('nobody-has-this'));
  assert.equal(error.headers.get('x-should-retry'), 'false');
  error = await fails('revoked', () => ask(holder('REVOKED_KEY')));
  assert.ok(error instanceof OpenAI.AuthenticationError);
}

async function permissions() {
  const restricted = holder('RESTRICTED_KEY');
  say('allowed model', await ask(restricted, { model: 'gpt-4o-mini' }));
  let error = await fails('forbidden model', () => ask(restricted), 'message');
  assert.ok(error instanceof OpenAI.PermissionDeniedError);
  assert.equal(error.code, 'model_not_found');
  const create = { model: 'gpt-4o', input: 'hi' };
  error = await fails('forbidden response', () => restricted.responses.create(create));
  assert.ok(error instanceof OpenAI.PermissionDeniedError);
  const file = await toFile(Buffer.from('sound'), 'a.wav');
  const listen = () => restricted.audio.transcriptions.create({ model: 'whisper-1', file });
  error = await fails('forbidden upload', listen);
  assert.ok(error instanceof OpenAI.PermissionDeniedError);
  const models = await all(restricted.models.list());
  assert.deepEqual(models.map(({ id }) => id), ['gpt-4o-mini']);
  const reader = holder('READ_ONLY_KEY');
  error = await fails('reader writes', () => ask(reader), 'message');
  assert.ok(error instanceof OpenAI.AuthenticationError);
  assert.ok(error.message.includes('api.chat.request'));
  assert.ok((await all(reader.models.list())).length);
}

async function owners() {
  const file = await toFile(Buffer.from('mine'), 'mine.txt');
  const mine = await client.files.create({ file, purpose: 'assistants' });
  const other = holder('OTHER_KEY');
  for (const step of ['retrieve', 'content', 'delete']) {
    const error = await fails(`other's file: ${step}`, () => other.files[step](mine.id));
    assert.ok(error instanceof OpenAI.NotFoundError);
  }
  assert.deepEqual(await all(other.files.list()), []);
  const kept = await client.responses.create({ model: 'gpt-4o', input: 'hi' });
  const taken = { model: 'gpt-4o', input: 'and?', previous_response_id: kept.id };
  const error = await fails("other's response", () => other.responses.create(taken));
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.equal(error.code, 'previous_response_not_found');
  assert.equal(await (await client.files.content(mine.id)).text(), 'mine');
}

async function providers() {
  const upstream = body('case-upstream-401');
  const refused = () => client.chat.completions.create(upstream, { maxRetries: 0 });
  let error = await fails('upstream key', refused);
  assert.equal(error.status, 502);

  const seen = [];
  const read = async (stream) => {
    for await (const event of await stream) seen.push(event);
  };
  const words = 'case-dead [[words=9]]';
  const chat = client.chat.completions.create(body(words, { stream: true }));
  error = await fails('dead chat', () => read(chat));
  assert.equal(error.constructor, OpenAI.APIError);
  assert.ok(seen.length);
  const create = { model: 'gpt-4o', input: words, stream: true };
  error = await fails('dead response', () => read(client.responses.create(create)));
  assert.equal(error.constructor, OpenAI.APIError);
}

for (const part of [strangers, permissions, owners, providers]) await part();
