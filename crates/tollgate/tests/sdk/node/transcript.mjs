// Prints what a client saw, one JSON object a line.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

function plain(value) {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value);
    return { bytes: bytes.length, sum: bytes.reduce((sum, byte) => sum + byte, 0) };
  }
  return value ?? null;
}

export function say(step, ...values) {
  console.log(JSON.stringify({ step, saw: values.map(plain) }));
}

/** Reads a stream or a list with all its pages. */
export async function all(from) {
  const read = [];
  for await (const one of await from) read.push(one);
  return read;
}

/** Prints the error that `call` must raise. */
export async function fails(step, call, ...also) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof OpenAI.OpenAIError, `${step}: ${error?.stack ?? 'no error'}`);
  const seen = { class: error.constructor.name };
  for (const name of ['status', 'type', 'code', ...also]) seen[name] = error[name] ?? null;
  say(step, seen);
  if (error.status !== undefined) {
    assert.match(error.requestID, /^req_/);
    assert.match(error.headers.get('content-type'), /^application\/json/);
  }
  return error;
}
