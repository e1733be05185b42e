"""Limits by rate: as an administrator sets them, and as a client meets them."""

import os
import time

import openai
from openai import OpenAI

from transcript import fails

UNLIMITED = 9007199254740991

project = os.environ["PROJECT"]
admin = OpenAI(_strict_response_validation=True)
limits = admin.admin.organization.projects.rate_limits


def ask(client, words="hi there", model="gpt-4o", **more):
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(model=model, messages=messages, **more)


def the_administrator():
    rows = list(limits.list_rate_limits(project, limit=30))
    assert len(rows) == len({row.id for row in rows}) > 60, len(rows)
    known = {row.model: row for row in rows}
    assert known["gpt-4o"].id == "rl-gpt-4o"
    assert known["gpt-4o"].max_requests_per_1_minute == UNLIMITED
    changed = limits.update_rate_limit("rl-gpt-4o", project_id=project, max_requests_per_1_minute=2)
    assert (changed.max_requests_per_1_minute, changed.max_tokens_per_1_minute) == (2, UNLIMITED)
    error = fails("negative", lambda: limits.update_rate_limit(
        "rl-gpt-4o", project_id=project, max_tokens_per_1_minute=-1
    ), "param")
    assert type(error) is openai.BadRequestError and error.param == "max_tokens_per_1_minute"
    error = fails("unknown", lambda: limits.update_rate_limit("rl-none", project_id=project))
    assert type(error) is openai.NotFoundError


def the_client():
    client = OpenAI(max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    first = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=messages)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert first.headers["x-ratelimit-reset-requests"] == "1m0s"
    assert ask(client).choices[0].message.content
    error = fails("limited", lambda: ask(client))
    assert type(error) is openai.RateLimitError
    assert (error.code, error.type) == ("rate_limit_exceeded", "requests")
    told = error.response.headers
    assert 0 < int(told["retry-after-ms"]) <= 60_000 and 1 <= int(told["retry-after"]) <= 60
    assert ask(client, model="gpt-4o-mini").choices[0].message.content


def patience():
    client = OpenAI(api_key=os.environ["ONE_AT_A_TIME"])
    stream = ask(client, "[[words=10]] [[gap_ms=60]]", stream=True)
    begun = time.monotonic()
    # The first is in the way; the SDK waits as it is told, and asks again.
    assert ask(client).choices[0].message.content
    assert 1 <= time.monotonic() - begun < 8
    assert list(stream)


patience()
the_administrator()
the_client()
