// Error classes, what is tried again, and time-outs. The words `case-…` steer the provider.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { all, fails, say } from './transcript.mjs';

const client = new OpenAI();
const once = { maxRetries: 0 };

const body = (content, more) => ({
  model: 'gpt-4o',
  messages: [{ role: 'user', content }],
  ...more,
});
const ask = (words, options, who = client) => who.chat.completions.create(body(words), options);
const stream = (words) => client.chat.completions.create(body(words, { stream: true }));

async function classes() {
  let error = await fails('bad request', () => ask('case-bad-request'), 'param', 'message');
  assert.ok(error instanceof OpenAI.BadRequestError);
  await fails('no messages', () => client.chat.completions.create({ model: 'gpt-4o' }));
  const stranger = new OpenAI({ apiKey: 'sk-not-a-key-of-anybody-1234' });
  error = await fails('authentication', () => ask('case-stranger', {}, stranger));
  assert.ok(error instanceof OpenAI.AuthenticationError);
  const nobody = { ...body('hi'), model: 'no-such-model' };
  error = await fails('no such model', () => client.chat.completions.create(nobody), 'message');
  assert.ok(error instanceof OpenAI.NotFoundError);
  assert.equal(error.code, 'model_not_found');
  await fails('no such file', () => client.files.retrieve('file-0123456789abcdef0123'));
  await fails('no such response', () => client.responses.retrieve('resp_0123456789abcdef0123'));
  await fails('no such address', () => client.get('/no/such/address'));
  error = await fails('conflict', () => ask('case-conflict', once));
  assert.ok(error instanceof OpenAI.ConflictError);
  error = await fails('unprocessable', () => ask('case-unprocessable'));
  assert.ok(error instanceof OpenAI.UnprocessableEntityError);
  error = await fails('rate', () => ask('case-rate', once), 'message');
  assert.ok(error instanceof OpenAI.RateLimitError);
  error = await fails('quota', () => ask('case-quota'));
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.code, 'insufficient_quota');
  error = await fails('overloaded', () => ask('case-overloaded', once));
  assert.ok(error instanceof OpenAI.InternalServerError);
  assert.equal(error.status, 503);
}

async function again() {
  say('429 then fine', await ask('case-429-then-fine'));
  say('async 429 then fine', await ask('case-async-429'));
  const begun = performance.now();
  say('waits as told', await ask('case-waits-as-told'));
  const waited = performance.now() - begun;
  assert.ok(waited >= 990 && waited < 8000, `${waited}`);
  say('500 then fine', await ask('case-500-then-fine'));
  say('reset then fine', await ask('case-reset-then-fine'));
  say('stream after 500', ...(await all(stream('case-stream-after-500'))));
  await fails('gives up', () => ask('case-gives-up'));
}

async function times() {
  let error = await fails('timeout', () => ask('case-timeout', { ...once, timeout: 300 }));
  assert.ok(error instanceof OpenAI.APIConnectionTimeoutError);
  const nobody = new OpenAI({ baseURL: process.env.NOBODY_URL, maxRetries: 0 });
  error = await fails('connection', () => ask('case-connection', {}, nobody));
  assert.ok(error instanceof OpenAI.APIConnectionError);
  assert.ok(!(error instanceof OpenAI.APIConnectionTimeoutError));
}

async function streams() {
  const seen = [];
  const read = async (words) => {
    for await (const chunk of await stream(words)) seen.push(chunk);
  };
  let error = await fails('error in a stream', () => read('case-stream-error'), 'message');
  assert.equal(error.constructor, OpenAI.APIError);
  say('before the error', ...seen);
  const failed = { model: 'gpt-4o', input: 'case-failed', stream: true };
  const events = await all(client.responses.create(failed));
  assert.equal(events.at(-1).type, 'response.failed');
  say('a failed response', ...events);
  error = await fails('refused stream', () => read('case-bad-request'));
  assert.ok(error instanceof OpenAI.BadRequestError);
  error = await fails('refused raw', () => ask('case-bad-request').withResponse());
  assert.ok(error instanceof OpenAI.BadRequestError);
}

for (const part of [classes, again, times, streams]) await part();
