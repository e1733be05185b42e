// Spend limits, as a client with its usual retries meets them.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { all, fails } from './transcript.mjs';

const ask = (client, content, more) =>
  client.chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content }],
    ...more,
  });

async function toldOnce(step, call) {
  const begun = performance.now();
  const error = await fails(step, call);
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.type, 'insufficient_quota');
  assert.equal(error.code, 'api_key_spend_limit_exceeded');
  assert.equal(error.headers.get('x-should-retry'), 'false');
  assert.ok(error.message.includes('required: $'));
  // The first retry would have come after half a second.
  assert.ok(performance.now() - begun < 5000);
}

async function nothingLeft() {
  const client = new OpenAI();
  await toldOnce('chat', () => ask(client, 'hi'));
  await toldOnce('stream', () => ask(client, 'hi', { stream: true }));
  await toldOnce('response', () => client.responses.create({ model: 'gpt-4o', input: 'hi' }));
}

async function patience(name, wait) {
  const client = new OpenAI({ apiKey: process.env[name] });
  const stream = await ask(client, `[[words=20]] [[gap_ms=${wait}]]`, { stream: true });
  const rest = all(stream);
  // The first is in the way; the SDK waits as it is told, and asks again.
  const answer = await ask(client, 'hi');
  assert.ok(answer.choices[0].message.content);
  assert.ok((await rest).length > 0);
}

await nothingLeft();
await patience('ROOM_FOR_ONE', 80);
await patience('ONE_AT_A_TIME', 40);
