// Images and audio.

import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { all, say } from './transcript.mjs';

const client = new OpenAI();
const PICTURE = Buffer.from('\x89PNG\r\n\x1a\nnot much of a picture', 'latin1');
const SOUND = Buffer.alloc(51200, 'sound');
const picture = () => toFile(PICTURE, 'one.png', { type: 'image/png' });

async function images() {
  const model = 'gpt-image-1';
  const made = await client.images.generate({ model, prompt: 'a cat', n: 2, quality: 'low' });
  assert.ok(made.data[0].b64_json.startsWith('iVBOR'));
  say('image', made);
  say('image by dall-e', await client.images.generate({ model: 'dall-e-3', prompt: 'a dog' }));
  const pictures = [await picture(), await picture()];
  const edit = { model, image: pictures, mask: await picture(), prompt: 'a hat' };
  say('image edited', await client.images.edit(edit));
  const varied = { model: 'dall-e-2', image: await picture() };
  say('image varied', await client.images.createVariation(varied));
  const streamed = { model, prompt: 'a cat', stream: true, partial_images: 2 };
  const events = await all(client.images.generate(streamed));
  assert.equal(events.at(-1).type, 'image_generation.completed');
  say('image stream', ...events);
  say('image edit stream', ...(await all(client.images.edit({ ...edit, stream: true }))));
}

async function speech() {
  const body = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'good day' };
  const said = await client.audio.speech.create(body);
  assert.ok(said instanceof Response);
  say('speech', said.headers.get('content-type'), await said.arrayBuffer());
  const long = { ...body, input: 'a long one [[bytes=100000]]', response_format: 'wav' };
  const parts = await all((await client.audio.speech.create(long)).body);
  say('speech in parts', new Uint8Array(Buffer.concat(parts)));
  const events = await client.audio.speech.create({ ...body, stream_format: 'sse' });
  say('speech events', await events.text());
}

async function listening() {
  const create = async (body) =>
    client.audio.transcriptions.create({ file: await toFile(SOUND, 'talk.wav'), ...body });
  const model = 'whisper-1';
  say('heard', await create({ model: 'gpt-4o-transcribe', language: 'en' }));
  const text = await create({ model, response_format: 'text' });
  assert.equal(typeof text, 'string');
  say('heard as text', text);
  say('heard as srt', await create({ model, response_format: 'srt' }));
  const timestamp_granularities = ['word', 'segment'];
  const detail = { model, response_format: 'verbose_json', timestamp_granularities };
  say('heard in detail', await create(detail));
  const events = await all(create({ model: 'gpt-4o-transcribe', stream: true }));
  assert.equal(events.at(-1).type, 'transcript.text.done');
  say('heard as a stream', ...events);
  const file = await toFile(SOUND, 'talk.wav');
  say('translated', await client.audio.translations.create({ model, file }));
}

for (const part of [images, speech, listening]) await part();
