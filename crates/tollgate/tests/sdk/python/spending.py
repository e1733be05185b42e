"""Spend limits, as a client with its usual retries meets them."""

import os
import time

import openai
from openai import OpenAI

from transcript import fails


def ask(client, words="hi there", **more):
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(model="gpt-4o", messages=messages, **more)


def told_once(step, call):
    begun = time.monotonic()
    error = fails(step, call)
    assert type(error) is openai.RateLimitError
    assert (error.type, error.code) == ("insufficient_quota", "api_key_spend_limit_exceeded")
    assert error.response.headers["x-should-retry"] == "false"
    assert "required: $" in error.message
    # The first retry would have come after half a second.
    assert time.monotonic() - begun < 5


def nothing_left():
    client = OpenAI()
    told_once("chat", lambda: ask(client))
    told_once("stream", lambda: ask(client, stream=True))
    told_once("response", lambda: client.responses.create(model="gpt-4o", input="hi"))


def patience(name, wait):
    client = OpenAI(api_key=os.environ[name])
    stream = ask(client, "[[words=20]] [[gap_ms=%d]]" % wait, stream=True)
    # The first is in the way; the SDK waits as it is told, and asks again.
    assert ask(client).choices[0].message.content
    assert list(stream)


nothing_left()
patience("ROOM_FOR_ONE", 80)
patience("ONE_AT_A_TIME", 40)
