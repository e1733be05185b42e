// A client that was told nothing, in a program that `tollgate exec` started.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { say } from './transcript.mjs';

const client = new OpenAI();
const me = await client.get(`${process.env.TOLLGATE_URL}/tollgate/v1/me`);
console.log(JSON.stringify({ key: client.apiKey, expires_at: me.expires_at }));
assert.equal(client.organization, null);
assert.equal(client.project, null);
assert.equal(me.limits[0].amount_nanos, 500_000_000);

const messages = [{ role: 'user', content: '[[words=5]] hello' }];
const answer = await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
const stream = await client.chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true });
let text = '';
for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
assert.equal(text, answer.choices[0].message.content);
say('answered', text);
