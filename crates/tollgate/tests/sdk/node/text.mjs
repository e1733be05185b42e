// Chat, completions, responses, conversations, embeddings, moderations and models.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { all, say } from './transcript.mjs';

const client = new OpenAI();
const model = 'gpt-4o';
const user = (content) => [{ role: 'user', content }];
const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, day: { type: 'integer' } },
  required: ['name', 'day'],
  additionalProperties: false,
};
const format = { type: 'json_schema', json_schema: { name: 'event', strict: true, schema } };
const tools = [
  { type: 'function', function: { name: 'event', strict: true, parameters: schema } },
];

async function chat() {
  const create = (body) => client.chat.completions.create({ model, ...body });
  say('chat', await create({ messages: user('hi there'), temperature: 0.5, user: 'me' }));
  const many = await create({ messages: user('many'), n: 2, service_tier: 'flex', seed: 7 });
  assert.deepEqual(many.choices.map((choice) => choice.index), [0, 1]);
  say('chat n=2', many);
  const likely = await create({ messages: user('likely'), logprobs: true, top_logprobs: 2 });
  assert.equal(likely.choices[0].logprobs.content[0].top_logprobs.length, 2);
  say('chat logprobs', likely);
  const short = await create({ messages: user('[[words=50]]'), max_completion_tokens: 5 });
  assert.equal(short.choices[0].finish_reason, 'length');
  say('chat cut', short);
  say('chat details', await create({ messages: user('[[cached=9]] [[reasoning=7]]') }));
  const parts = [{ type: 'text', text: 'look: é 漢字 😀' }];
  say('chat parts', await create({ messages: user(parts), metadata: { a: 'b' }, store: true }));
}

async function chatStreams() {
  const create = (body) => client.chat.completions.create({ model, stream: true, ...body });
  const chunks = await all(create({ messages: user('stream this') }));
  const text = chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('');
  assert.equal(text, 'Hello from the fake provider to your 2 words.');
  assert.ok(chunks.every((chunk) => !chunk.usage));
  say('chat stream', ...chunks);
  const stream_options = { include_usage: true, include_obfuscation: false };
  const counted = await all(create({ messages: user('count'), n: 2, stream_options }));
  assert.deepEqual(counted.at(-1).choices, []);
  assert.ok(counted.at(-1).usage.total_tokens > 0);
  say('chat stream usage', ...counted);
  say('chat stream logprobs', ...(await all(create({ messages: user('likely'), logprobs: true }))));
  for await (const chunk of await create({ messages: user('[[words=40]]') })) {
    say('chat stream left early', chunk);
    break;
  }
  const helper = client.chat.completions.stream({ model, messages: user('help') });
  let said = '';
  helper.on('content', (delta) => (said += delta));
  const final = await helper.finalChatCompletion();
  assert.equal(said, final.choices[0].message.content);
  say('chat stream helper', final);
  const lines = (await create({ messages: user('as lines') })).toReadableStream();
  const written = (await new Response(lines).text()).trim();
  say('chat stream lines', ...written.split('\n').map((line) => JSON.parse(line)));
}

async function toolsAndShapes() {
  const create = (body) => client.chat.completions.create({ model, tools, ...body });
  const asked = await create({ messages: user('use the tool') });
  const call = asked.choices[0].message.tool_calls[0];
  say('tool asked', asked);
  const messages = [
    ...user('use the tool'),
    asked.choices[0].message,
    { role: 'tool', tool_call_id: call.id, content: 'done' },
  ];
  say('tool answered', await create({ messages }));
  say('tool streamed', ...(await all(create({ messages: user('use the tool'), stream: true }))));
  const parsed = await client.chat.completions.parse({
    model,
    messages: user('an event'),
    response_format: format,
  });
  assert.equal(typeof parsed.choices[0].message.parsed.day, 'number');
  say('chat parsed', parsed);
  const parsedCall = await client.chat.completions.parse({
    model,
    messages: user('use the tool'),
    tools,
  });
  const { parsed_arguments } = parsedCall.choices[0].message.tool_calls[0].function;
  assert.equal(typeof parsed_arguments.name, 'string');
  say('tool parsed', parsedCall);
  let runs = 0;
  const runner = client.chat.completions.runTools({
    model,
    messages: user('use the tool'),
    tools: [
      {
        type: 'function',
        function: {
          name: 'event',
          parameters: schema,
          parse: JSON.parse,
          function: () => `ran ${(runs += 1)}`,
        },
      },
    ],
  });
  say('tool run', await runner.finalContent(), runs);
  const old = { model: 'gpt-3.5-turbo-instruct', prompt: 'once upon' };
  say('legacy', await client.completions.create(old));
  say('legacy stream', ...(await all(client.completions.create({ ...old, stream: true }))));
}

async function responses() {
  const create = (body) => client.responses.create({ model, ...body });
  const first = await create({ input: 'hi there', instructions: 'be brief' });
  assert.ok(first.output_text);
  say('response', first);
  say('response again', await client.responses.retrieve(first.id));
  say('response items', await all(client.responses.inputItems.list(first.id)));
  const after = await create({ input: 'and then?', previous_response_id: first.id });
  assert.equal(after.previous_response_id, first.id);
  say('response after', after);
  say('response replayed', await all(client.responses.retrieve(first.id, { stream: true })));
  say('response gone', await client.responses.delete(first.id));
  const events = await all(create({ input: 'stream this', stream: true }));
  assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  assert.ok(events.at(-1).response.usage.total_tokens);
  say('response stream', ...events);
  const text = { format: { type: 'json_schema', name: 'event', strict: true, schema } };
  const helper = client.responses.stream({ model, input: 'an event', text });
  const kinds = (await all(helper)).map((event) => event.type);
  const final = await helper.finalResponse();
  assert.equal(typeof final.output_parsed.day, 'number');
  say('response stream helper', kinds, final);
  const parsed = await client.responses.parse({ model, input: 'an event', text });
  assert.equal(typeof parsed.output_parsed.day, 'number');
  say('response parsed', parsed);
  const later = await create({ input: 'later', background: true });
  say('response background', later, await client.responses.retrieve(later.id));
  say('response cancelled', await client.responses.cancel(later.id));
  say('response counted', await client.responses.inputTokens.count({ model, input: 'one two' }));
}

async function conversations() {
  const talk = await client.conversations.create({ items: user('so far') });
  say('conversation', talk, await client.conversations.retrieve(talk.id));
  const body = { model, input: 'go on', conversation: talk.id };
  say('conversation response', await client.responses.create(body));
  const added = await client.conversations.items.create(talk.id, { items: user('more') });
  say('conversation items', added, await all(client.conversations.items.list(talk.id)));
  const metadata = { a: 'b' };
  say('conversation update', await client.conversations.update(talk.id, { metadata }));
  say('conversation gone', await client.conversations.delete(talk.id));
}

async function rest() {
  const create = (body) =>
    client.embeddings.create({ model: 'text-embedding-3-small', dimensions: 8, ...body });
  const packed = await create({ input: ['one', 'two'] });
  const spelled = await create({ input: ['one', 'two'], encoding_format: 'float' });
  packed.data.forEach(({ embedding }, row) => {
    const near = (value, at) => Math.abs(value - spelled.data[row].embedding[at]) < 1e-6;
    assert.ok(embedding.length === 8 && Array.from(embedding).every(near));
  });
  say('embeddings', packed, spelled);
  const raw = await create({ input: 'one', encoding_format: 'base64' });
  assert.equal(typeof raw.data[0].embedding, 'string');
  say('embeddings base64', raw);
  say('moderation', await client.moderations.create({ input: ['kind words', 'more'] }));
  const models = await all(client.models.list());
  say('models', models.map(({ id, owned_by }) => [id, owned_by]).sort());
  const { id, object, created, owned_by } = await client.models.retrieve(model);
  // A gateway tells more of a model than its provider does.
  say('model', id, object, created, owned_by);
}

async function raw() {
  const body = { model, messages: user('raw') };
  const { data, response, request_id } = await client.chat.completions.create(body).withResponse();
  assert.match(request_id, /^req_/);
  assert.equal(request_id, data._request_id);
  assert.equal(request_id, response.headers.get('x-request-id'));
  say('raw', response.status, response.headers.get('content-type'), data);
  const answer = await client.chat.completions.create(body).asResponse();
  say('raw response', await answer.json());
  const custom = new OpenAI({
    organization: 'org-x',
    project: 'proj_x',
    defaultHeaders: { 'X-Client-Request-Id': 'mine' },
  });
  say('raw options', await custom.chat.completions.create(body));
  const stream = await client.chat.completions.create({ ...body, stream: true }).withResponse();
  assert.match(stream.request_id, /^req_/);
  say('raw stream', ...(await all(stream.data)));
  const two = await Promise.all([1, 2].map(() => client.chat.completions.create(body)));
  assert.notEqual(two[0]._request_id, two[1]._request_id);
}

for (const part of [chat, chatStreams, toolsAndShapes, responses, conversations, rest, raw]) {
  await part();
}
