"""What only a gateway does: keys of all kinds, and streams whose provider dies."""

import os

import openai
from openai import OpenAI

from transcript import fails, say


def holder(name):
    return OpenAI(api_key=os.environ[name])


def ask(client, words="hi", model="gpt-4o", **more):
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(model=model, messages=messages, **more)


client = OpenAI()

error = fails("stranger", lambda: ask(OpenAI(api_key="sk-nobody-has-this-key-5678")), "message")
assert type(error) is openai.AuthenticationError and error.code == "invalid_api_key"
assert "nobody-has-this" not in error.message
assert error.response.headers["x-should-retry"] == "false"

error = fails("revoked", lambda: ask(holder("REVOKED_KEY")))
assert type(error) is openai.AuthenticationError

restricted = holder("RESTRICTED_KEY")
say("allowed model", ask(restricted, model="gpt-4o-mini").choices[0].message.content)
error = fails("forbidden model", lambda: ask(restricted), "message")
assert type(error) is openai.PermissionDeniedError and error.code == "model_not_found"
error = fails("forbidden response", lambda: restricted.responses.create(
    model="gpt-4o", input="hi"
))
assert type(error) is openai.PermissionDeniedError
error = fails("forbidden upload", lambda: restricted.audio.transcriptions.create(
    model="whisper-1", file=("a.wav", b"sound")
))
assert type(error) is openai.PermissionDeniedError
models = [model.id for model in restricted.models.list()]
assert models == ["gpt-4o-mini"], models
error = fails("reader writes", lambda: ask(holder("READ_ONLY_KEY")), "message")
assert type(error) is openai.AuthenticationError and "api.chat.request" in error.message
assert [model.id for model in holder("READ_ONLY_KEY").models.list()]

mine = client.files.create(file=("mine.txt", b"mine"), purpose="assistants")
other = holder("OTHER_KEY")
for step in ("retrieve", "content", "delete"):
    error = fails(f"other's file: {step}", lambda: getattr(other.files, step)(mine.id))
    assert type(error) is openai.NotFoundError
assert [file.id for file in other.files.list()] == []
kept = client.responses.create(model="gpt-4o", input="hi")
error = fails("other's response", lambda: other.responses.create(
    model="gpt-4o", input="and?", previous_response_id=kept.id
))
assert type(error) is openai.BadRequestError
assert error.code == "previous_response_not_found"
assert client.files.content(mine.id).read() == b"mine"

error = fails("upstream key", lambda: ask(client.with_options(max_retries=0), "case-upstream-401"))
assert type(error) is openai.InternalServerError and error.status_code == 502

seen = []


def read(stream):
    seen.clear()
    for event in stream:
        seen.append(event)


error = fails("dead chat", lambda: read(ask(client, "case-dead [[words=9]]", stream=True)))
assert type(error) is openai.APIError and seen
stream = client.responses.create(model="gpt-4o", input="case-dead [[words=9]]", stream=True)
try:
    read(stream)
    assert seen[-1].type in ("error", "response.failed"), seen[-1]
    say("dead response", seen[-1].type)
except openai.APIError as error:
    say("dead response", type(error).__name__)
