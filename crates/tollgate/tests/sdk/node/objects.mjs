// Files, uploads, batches, vector stores, assistants, fine-tuning, evals and containers.

import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { all, say } from './transcript.mjs';

const client = new OpenAI();
const gone = (call) => assert.rejects(call, OpenAI.NotFoundError);
const names = async (list) => (await all(list)).map((one) => one.name);
const upload = async (name, content, purpose = 'assistants') =>
  client.files.create({ file: await toFile(Buffer.from(content), name), purpose });

async function files() {
  const first = await upload('notes.txt', 'some notes: é 漢字\n');
  say('file', first, await client.files.retrieve(first.id));
  const second = await upload('long.bin', 'x'.repeat(300_000), 'user_data');
  const listed = await all(client.files.list());
  assert.ok([first, second].every((file) => listed.some(({ id }) => id === file.id)));
  say('files', listed, await all(client.files.list({ purpose: 'user_data', limit: 1 })));
  say('file content', await (await client.files.content(first.id)).text());
  const deleted = [await client.files.delete(first.id), await client.files.delete(second.id)];
  say('file gone', deleted);
  await gone(() => client.files.retrieve(first.id));
  for (let count = 0; count < 5; count += 1) await upload(`${count}.txt`, 'x', 'vision');
  const paged = await all(client.files.list({ purpose: 'vision', limit: 2, order: 'asc' }));
  assert.deepEqual(paged.map((file) => file.filename), [0, 1, 2, 3, 4].map((n) => `${n}.txt`));
  say('files paged', paged);
}

async function uploads() {
  const described = { mime_type: 'text/plain', purpose: 'assistants' };
  const whole = await client.uploads.create({ bytes: 11, filename: 'big.txt', ...described });
  const parts = [];
  for (const text of ['first ', 'parts']) {
    const data = await toFile(Buffer.from(text), 'part');
    parts.push(await client.uploads.parts.create(whole.id, { data }));
  }
  const part_ids = parts.map((part) => part.id);
  const done = await client.uploads.complete(whole.id, { part_ids });
  assert.equal(await (await client.files.content(done.file.id)).text(), 'first parts');
  say('upload', whole, parts, done);
  const dropped = await client.uploads.create({ bytes: 1, filename: 'x', ...described });
  say('upload dropped', await client.uploads.cancel(dropped.id));
}

async function batches() {
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] };
  const line = { custom_id: 'one', method: 'POST', url: '/v1/chat/completions', body };
  const lines = await upload('batch.jsonl', `${JSON.stringify(line)}\n`, 'batch');
  const create = () =>
    client.batches.create({
      input_file_id: lines.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { night: 'one' },
    });
  const [one, two] = [await create(), await create()];
  say('batch', one);
  say('batch cancelled', await client.batches.cancel(two.id));
  const done = await client.batches.retrieve(one.id);
  say('batch done', done);
  if (done.output_file_id) {
    const result = JSON.parse(await (await client.files.content(done.output_file_id)).text());
    assert.equal(result.custom_id, 'one');
  }
  say('batches', (await all(client.batches.list({ limit: 1 }))).length);
}

async function vectorStores() {
  const stores = client.vectorStores;
  const [notes, more] = [await upload('notes.txt', 'the notes'), await upload('more.txt', 'more')];
  const store = await stores.create({ name: 'library', file_ids: [notes.id] });
  const within = { vector_store_id: store.id };
  say('store', store, await stores.retrieve(store.id));
  say('store update', await stores.update(store.id, { name: 'renamed' }));
  const added = { file_id: more.id, attributes: { year: 1 } };
  say('store file', await stores.files.create(store.id, added));
  say('store files', await all(stores.files.list(store.id)));
  say('store content', await all(stores.files.content(more.id, within)));
  say('store search', await all(stores.search(store.id, { query: 'notes' })));
  const file_ids = [notes.id, more.id];
  say('store batch', await stores.fileBatches.createAndPoll(store.id, { file_ids }));
  say('store file out', await stores.files.delete(more.id, within));
  say('stores', await names(stores.list()));
  say('store gone', await stores.delete(store.id));
  await gone(() => stores.retrieve(store.id));
}

async function assistants() {
  const { assistants, threads } = client.beta;
  const user = (content) => ({ role: 'user', content });
  const helper = await assistants.create({ model: 'gpt-4o', name: 'helper' });
  say('assistant', helper, await assistants.update(helper.id, { name: 'aide' }));
  const assistant_id = helper.id;
  const thread = await threads.create({ messages: [user('first words')] });
  const message = await threads.messages.create(thread.id, user('more words'));
  say('thread', thread, message, await threads.retrieve(thread.id));
  const run = await threads.runs.createAndPoll(thread.id, { assistant_id });
  assert.ok(run.status === 'completed' && run.usage.total_tokens);
  say('run', run, await all(threads.runs.list(thread.id)));
  say('run steps', await all(threads.runs.steps.list(run.id, { thread_id: thread.id })));
  say('messages', await all(threads.messages.list(thread.id, { order: 'asc' })));
  const streamed = threads.runs.create(thread.id, { assistant_id, stream: true });
  say('run stream', ...(await all(streamed)));
  const stream = threads.runs.stream(thread.id, { assistant_id });
  say('run stream helper', await stream.finalRun(), await stream.finalMessages());
  const atOnce = { assistant_id, thread: { messages: [user('at once')] } };
  say('thread and run', await threads.createAndRun(atOnce));
  say('assistants', await names(assistants.list()));
  say('thread gone', await threads.delete(thread.id), await assistants.delete(helper.id));
}

async function fineTuning() {
  const lines = await upload('train.jsonl', '{}\n', 'fine-tune');
  const { jobs } = client.fineTuning;
  const job = await jobs.create({ model: 'gpt-4o-mini-2024-07-18', training_file: lines.id });
  say('job', job, await jobs.retrieve(job.id), (await all(jobs.list())).length);
  say('job events', await all(jobs.listEvents(job.id)), await jobs.cancel(job.id));
}

async function evals() {
  const item_schema = { type: 'object', properties: { a: { type: 'string' } } };
  const check = {
    type: 'string_check',
    name: 'same',
    operation: 'eq',
    input: '{{sample.output_text}}',
    reference: '{{item.a}}',
  };
  const made = await client.evals.create({
    name: 'trial',
    testing_criteria: [check],
    data_source_config: { type: 'custom', item_schema },
  });
  say('eval', made, await client.evals.retrieve(made.id), await names(client.evals.list()));
  const source = { type: 'file_content', content: [{ item: { a: 'b' } }] };
  const data_source = { type: 'jsonl', source };
  const run = await client.evals.runs.create(made.id, { data_source, name: 'run' });
  say('eval run', run, await client.evals.runs.retrieve(run.id, { eval_id: made.id }));
  say('eval runs', await names(client.evals.runs.list(made.id)));
  say('eval gone', await client.evals.delete(made.id));
}

async function containers() {
  const box = await client.containers.create({ name: 'box' });
  const { files } = client.containers;
  const within = { container_id: box.id };
  say('container', box, await client.containers.retrieve(box.id));
  const text = await toFile(Buffer.from('in the box'), 'a.txt');
  const file = await files.create(box.id, { file: text });
  const content = await files.content.retrieve(file.id, within);
  say('container file', file, await content.text(), await all(files.list(box.id)));
  say('container file gone', await files.delete(file.id, within));
  say('containers', await names(client.containers.list()));
  say('container gone', await client.containers.delete(box.id));
  await gone(() => client.containers.retrieve(box.id));
}

const parts = [files, uploads, batches, vectorStores, assistants, fineTuning, evals, containers];
for (const part of parts) await part();
