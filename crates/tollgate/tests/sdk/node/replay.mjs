// Answers that may come from a cache, in the other form than they were asked for first.

import OpenAI from 'openai';

import { say } from './transcript.mjs';

const client = new OpenAI();
const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
const tools = [{ type: 'function', function: { name: 'event', parameters: schema } }];
const shapes = [
  ['text', {}],
  ['several', { n: 3 }],
  ['likely', { logprobs: true, top_logprobs: 2 }],
  ['tool', { tools }],
];

function asked(order, name, shape) {
  const text = name === 'tool' ? 'use the tool' : '[[words=12]]';
  const messages = [{ role: 'user', content: `${text} ${order} ${name}` }];
  return { model: 'gpt-4o', messages, ...shape };
}

async function plain(body) {
  const { choices, usage, model } = await client.chat.completions.create(body);
  return { choices, usage, model };
}

async function streamed(body) {
  const stream_options = { include_usage: true };
  const stream = client.chat.completions.stream({ ...body, stream_options });
  const { choices, usage, model } = await stream.finalChatCompletion();
  return { choices, usage, model };
}

for (const [name, shape] of shapes) {
  // What the SDK puts together is the same, whichever form came first.
  let body = asked('plain first', name, shape);
  say(`${name}: plain`, await plain(body));
  say(`${name}: then streamed`, await streamed(body));
  body = asked('streamed first', name, shape);
  say(`${name}: streamed`, await streamed(body));
  say(`${name}: streamed again`, await streamed(body));
  say(`${name}: then plain`, await plain(body));
}

for (const order of ['plain first', 'streamed first']) {
  const body = { model: 'gpt-4o', input: `[[words=9]] ${order}`, store: false };
  const forms = [
    () => client.responses.create(body),
    () => client.responses.stream(body).finalResponse(),
  ];
  for (const form of order === 'plain first' ? forms : forms.reverse()) {
    say(`response, ${order}`, await form());
  }
}
