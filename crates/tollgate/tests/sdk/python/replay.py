"""Answers that may come from a cache, in the other form than they were asked for first."""

from openai import OpenAI, pydantic_function_tool
from pydantic import BaseModel

from transcript import say

client = OpenAI()


class Event(BaseModel):
    name: str
    day: int


TOOLS = [pydantic_function_tool(Event)]
SHAPES = [
    ("text", {}),
    ("several", {"n": 3}),
    ("likely", {"logprobs": True, "top_logprobs": 2}),
    ("tool", {"tools": TOOLS}),
    ("cut", {"max_tokens": 3}),
]


def asked(order, name, shape):
    text = "use the tool " if name == "tool" else "[[words=12]] "
    messages = [{"role": "user", "content": f"{text}{order} {name}"}]
    return {"model": "gpt-4o", "messages": messages, **shape}


def plain(body):
    return client.chat.completions.create(**body)


def streamed(body):
    options = {"include_usage": True}
    with client.chat.completions.stream(stream_options=options, **body) as stream:
        kinds = {event.type for event in stream}
        return sorted(kinds), stream.get_final_completion()


def chat():
    for name, shape in SHAPES:
        # What the SDK puts together is the same, whichever form came first.
        body = asked("plain first", name, shape)
        say(f"{name}: plain", plain(body))
        if name != "cut":
            say(f"{name}: then streamed", *streamed(body))
            body = asked("streamed first", name, shape)
            say(f"{name}: streamed", *streamed(body))
            say(f"{name}: streamed again", *streamed(body))
        say(f"{name}: then plain", plain(body))


def responses():
    for order in ("plain first", "streamed first"):
        body = {"model": "gpt-4o", "input": f"[[words=9]] {order}", "store": False}
        forms = [lambda: client.responses.create(**body), lambda: final_response(body)]
        for form in forms if order == "plain first" else forms[::-1]:
            say(f"response, {order}", form())


def final_response(body):
    with client.responses.stream(**body) as stream:
        for _ in stream:
            pass
        return stream.get_final_response()


def legacy():
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "[[words=6]] legacy"}
    whole = client.completions.create(**body)
    chunks = list(client.completions.create(stream=True, **body))
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    say("legacy", whole, text.replace("  ", " "))


chat()
responses()
legacy()
