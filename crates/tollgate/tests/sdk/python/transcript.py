"""Prints what a client saw, one JSON object a line."""

import json

import openai


def plain(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", warnings=False)
    if isinstance(value, bytes):
        return {"bytes": len(value), "sum": sum(value)}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def say(step, *values):
    seen = [[type(value).__name__, plain(value)] for value in values]
    print(json.dumps({"step": step, "saw": seen}), flush=True)


def fails(step, call, *also):
    """Prints the error that `call` must raise."""
    try:
        call()
    except openai.OpenAIError as error:
        say(step, facts(error, *also))
        return error
    raise AssertionError(f"{step}: no error")


def facts(error, *also):
    seen = {"class": type(error).__name__}
    for name in ("status_code", "type", "code", *also):
        seen[name] = getattr(error, name, None)
    if isinstance(error, openai.APIStatusError):
        assert error.request_id.startswith("req_"), error.request_id
        assert error.response.headers["content-type"].startswith("application/json")
    return seen
