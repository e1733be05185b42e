"""Error classes, what is tried again, and time-outs. The words `case-…` steer the provider."""

import asyncio
import os
import time

import openai
from openai import AsyncOpenAI, OpenAI

from transcript import facts, fails, say

client = OpenAI()
once = client.with_options(max_retries=0)


def ask(words, client=client, **more):
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(model="gpt-4o", messages=messages, **more)


def classes():
    error = fails("bad request", lambda: ask("case-bad-request"), "param", "message")
    assert type(error) is openai.BadRequestError and isinstance(error.body, dict)
    fails("no messages", lambda: client.chat.completions.create(model="gpt-4o", messages=None))
    stranger = client.with_options(api_key="sk-not-a-key-of-anybody-1234")
    error = fails("authentication", lambda: ask("case-stranger", stranger))
    assert type(error) is openai.AuthenticationError
    error = fails("no such model", lambda: client.chat.completions.create(
        model="no-such-model", messages=[{"role": "user", "content": "hi"}]
    ), "message")
    assert type(error) is openai.NotFoundError and error.code == "model_not_found"
    missing = "file-0123456789abcdef0123"
    fails("no such file", lambda: client.files.retrieve(missing))
    fails("no such response", lambda: client.responses.retrieve("resp_0123456789abcdef0123"))
    fails("no such address", lambda: client.get("/no/such/address", cast_to=object))
    error = fails("conflict", lambda: ask("case-conflict", once))
    assert type(error) is openai.ConflictError
    error = fails("unprocessable", lambda: ask("case-unprocessable"))
    assert type(error) is openai.UnprocessableEntityError
    error = fails("rate", lambda: ask("case-rate", once), "message")
    assert type(error) is openai.RateLimitError
    error = fails("quota", lambda: ask("case-quota"))
    assert type(error) is openai.RateLimitError and error.code == "insufficient_quota"
    error = fails("overloaded", lambda: ask("case-overloaded", once))
    assert type(error) is openai.InternalServerError and error.status_code == 503


def again():
    say("429 then fine", ask("case-429-then-fine"))
    begun = time.monotonic()
    say("waits as told", ask("case-waits-as-told"))
    assert 1 <= time.monotonic() - begun < 8
    say("500 then fine", ask("case-500-then-fine"))
    say("reset then fine", ask("case-reset-then-fine"))
    say("stream after 500", *ask("case-stream-after-500", stream=True))
    fails("gives up", lambda: ask("case-gives-up"))


def times():
    error = fails("timeout", lambda: ask("case-timeout", once, timeout=0.3))
    assert type(error) is openai.APITimeoutError
    nobody = OpenAI(base_url=os.environ["NOBODY_URL"], max_retries=0)
    error = fails("connection", lambda: ask("case-connection", nobody))
    assert type(error) is openai.APIConnectionError


def streams():
    seen = []

    def read(stream):
        seen.clear()
        for event in stream:
            seen.append(event)

    error = fails("error in a stream", lambda: read(ask("case-stream-error", stream=True)))
    assert type(error) is openai.APIError and error.message == "it broke"
    say("before the error", *seen)
    response = client.responses.create(model="gpt-4o", input="case-failed", stream=True)
    read(response)
    assert seen[-1].type == "response.failed"
    say("a failed response", *seen)
    error = fails("refused stream", lambda: ask("case-bad-request", stream=True))
    assert type(error) is openai.BadRequestError


async def asynchronous():
    async with AsyncOpenAI() as client:
        try:
            await ask("case-bad-request", client)
        except openai.BadRequestError as error:
            say("async bad request", facts(error))
        say("async 429 then fine", await ask("case-async-429", client))


for part in (classes, again, times, streams):
    part()
asyncio.run(asynchronous())
