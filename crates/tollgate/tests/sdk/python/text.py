"""Chat, completions, responses, conversations, embeddings, moderations and models."""

import asyncio

from openai import AsyncOpenAI, OpenAI, pydantic_function_tool
from pydantic import BaseModel

from transcript import say

client = OpenAI()


class Event(BaseModel):
    name: str
    day: int
    people: list[str]


def user(text):
    return [{"role": "user", "content": text}]


def chat():
    create = client.chat.completions.create
    say("chat", create(model="gpt-4o", messages=user("hi there"), temperature=0.5, user="me"))
    many = create(model="gpt-4o", messages=user("many"), n=2, service_tier="flex", seed=7)
    assert [choice.index for choice in many.choices] == [0, 1]
    say("chat n=2", many)
    likely = create(model="gpt-4o", messages=user("likely"), logprobs=True, top_logprobs=2)
    assert len(likely.choices[0].logprobs.content[0].top_logprobs) == 2
    say("chat logprobs", likely)
    short = create(model="gpt-4o", messages=user("[[words=50]]"), max_completion_tokens=5)
    assert short.choices[0].finish_reason == "length"
    say("chat cut", short)
    say("chat details", create(model="gpt-4o", messages=user("[[cached=9]] [[reasoning=7]]")))
    parts = [{"type": "text", "text": "look: é 漢字 😀"}]
    say("chat parts", create(model="gpt-4o", messages=user(parts), metadata={"a": "b"}, store=True))


def chat_streams():
    create = client.chat.completions.create
    chunks = list(create(model="gpt-4o", messages=user("stream this"), stream=True))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "Hello from the fake provider to your 2 words."
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    say("chat stream", *chunks)
    options = {"include_usage": True, "include_obfuscation": False}
    chunks = list(
        create(model="gpt-4o", messages=user("count"), stream=True, n=2, stream_options=options)
    )
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0
    say("chat stream usage", *chunks)
    stream = create(model="gpt-4o", messages=user("likely"), stream=True, logprobs=True)
    say("chat stream logprobs", *stream)
    with create(model="gpt-4o", messages=user("[[words=40]]"), stream=True) as stream:
        first = next(stream)
        assert stream.response.headers["x-request-id"].startswith("req_")
        assert stream.response.headers["content-type"].startswith("text/event-stream")
    say("chat stream left early", first)
    with client.chat.completions.stream(model="gpt-4o", messages=user("help")) as stream:
        kinds = [event.type for event in stream]
    say("chat stream helper", kinds, stream.get_final_completion())


def tools():
    create = client.chat.completions.create
    given = [pydantic_function_tool(Event)]
    asked = create(model="gpt-4o", messages=user("use the tool"), tools=given)
    call = asked.choices[0].message.tool_calls[0]
    say("tool asked", asked)
    messages = user("use the tool")
    messages.append(asked.choices[0].message)
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "done"})
    say("tool answered", create(model="gpt-4o", messages=messages, tools=given))
    chunks = create(model="gpt-4o", messages=user("use the tool"), tools=given, stream=True)
    say("tool streamed", *chunks)
    parsed = client.chat.completions.parse(
        model="gpt-4o", messages=user("an event"), response_format=Event
    )
    assert isinstance(parsed.choices[0].message.parsed, Event)
    say("chat parsed", parsed)
    parsed = client.chat.completions.parse(
        model="gpt-4o", messages=user("use the tool"), tools=given
    )
    assert isinstance(parsed.choices[0].message.tool_calls[0].function.parsed_arguments, Event)
    say("tool parsed", parsed)
    say("legacy", client.completions.create(model="gpt-3.5-turbo-instruct", prompt="once upon"))
    legacy = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="once", stream=True)
    say("legacy stream", *legacy)


def responses():
    first = client.responses.create(model="gpt-4o", input="hi there", instructions="be brief")
    assert first.output_text
    say("response", first, first.output_text)
    again = client.responses.retrieve(first.id)
    assert again.id == first.id
    say("response again", again)
    say("response items", list(client.responses.input_items.list(first.id)))
    after = client.responses.create(
        model="gpt-4o", input="and then?", previous_response_id=first.id
    )
    assert after.previous_response_id == first.id
    say("response after", after)
    say("response replayed", list(client.responses.retrieve(first.id, stream=True)))
    say("response gone", client.responses.delete(first.id))
    events = list(client.responses.create(model="gpt-4o", input="stream this", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed" and events[-1].response.usage.total_tokens
    say("response stream", *events)
    with client.responses.stream(model="gpt-4o", input="an event", text_format=Event) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert isinstance(final.output_parsed, Event)
    say("response stream helper", kinds, final)
    parsed = client.responses.parse(model="gpt-4o", input="an event", text_format=Event)
    assert isinstance(parsed.output_parsed, Event)
    say("response parsed", parsed)
    background = client.responses.create(model="gpt-4o", input="later", background=True)
    say("response background", background, client.responses.retrieve(background.id))
    say("response cancelled", client.responses.cancel(background.id))
    say("response counted", client.responses.input_tokens.count(model="gpt-4o", input="one two"))


def conversations():
    talk = client.conversations.create(items=[{"role": "user", "content": "so far"}])
    say("conversation", talk, client.conversations.retrieve(talk.id))
    say("conversation response", client.responses.create(
        model="gpt-4o", input="go on", conversation=talk.id
    ))
    added = client.conversations.items.create(talk.id, items=user("more"))
    say("conversation items", added, list(client.conversations.items.list(talk.id)))
    say("conversation update", client.conversations.update(talk.id, metadata={"a": "b"}))
    say("conversation gone", client.conversations.delete(talk.id))


def rest():
    create = client.embeddings.create
    packed = create(model="text-embedding-3-small", input=["one", "two"], dimensions=8)
    spelled = create(
        model="text-embedding-3-small", input=["one", "two"], dimensions=8, encoding_format="float"
    )
    for left, right in zip(packed.data, spelled.data, strict=True):
        near = zip(left.embedding, right.embedding, strict=True)
        assert all(isinstance(a, float) and abs(a - b) < 1e-6 for a, b in near)
    say("embeddings", packed, spelled)
    raw = create(
        model="text-embedding-3-small", input="one", dimensions=4, encoding_format="base64"
    )
    assert isinstance(raw.data[0].embedding, str)
    say("embeddings base64", raw)
    say("moderation", client.moderations.create(input=["kind words", "more"]))
    models = list(client.models.list())
    say("models", sorted((plain.id, plain.owned_by) for plain in models))
    model = client.models.retrieve("gpt-4o")
    # A gateway tells more of a model than its provider does.
    say("model", model.id, model.object, model.created, model.owned_by)


def raw():
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=user("raw"))
    parsed = answer.parse()
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.request_id == parsed._request_id == answer.headers["x-request-id"]
    say("raw", answer.status_code, answer.headers["content-type"], parsed)
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=user("raw")
    ) as answer:
        say("raw streamed", answer.parse())
    custom = client.with_options(
        default_headers={"X-Client-Request-Id": "mine"}, organization="org-x", project="proj_x"
    )
    say("raw options", custom.chat.completions.create(model="gpt-4o", messages=user("options")))


async def asynchronous():
    async with AsyncOpenAI() as client:
        create = client.chat.completions.create
        one, two = await asyncio.gather(
            create(model="gpt-4o", messages=user("one")),
            create(model="gpt-4o", messages=user("two words")),
        )
        assert one._request_id != two._request_id
        say("async", one, two)
        stream = await create(model="gpt-4o", messages=user("stream"), stream=True)
        say("async stream", *[chunk async for chunk in stream])
        stream = await client.responses.create(model="gpt-4o", input="stream", stream=True)
        say("async response stream", *[event async for event in stream])


for part in (chat, chat_streams, tools, responses, conversations, rest, raw):
    part()
asyncio.run(asynchronous())
