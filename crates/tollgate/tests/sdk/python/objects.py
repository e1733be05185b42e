"""Files, uploads, batches, vector stores, assistants, fine-tuning, evals and containers."""

import io
import json
import warnings

from openai import NotFoundError, OpenAI

from transcript import say

warnings.simplefilter("ignore", DeprecationWarning)
# Every answer is held against the SDK's own shapes.
client = OpenAI(_strict_response_validation=True)
LINE = {
    "custom_id": "one",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
}


def gone(call):
    try:
        call()
    except NotFoundError:
        return
    raise AssertionError("still there")


def upload(name, content, purpose="assistants"):
    return client.files.create(file=(name, content.encode()), purpose=purpose)


def files():
    first = upload("notes.txt", "some notes: é 漢字\n")
    say("file", first, client.files.retrieve(first.id))
    second = client.files.create(file=io.BytesIO(b"x" * 300_000), purpose="user_data")
    listed = list(client.files.list())
    assert {file.id for file in listed} >= {first.id, second.id}
    say("files", listed, list(client.files.list(purpose="user_data", limit=1)))
    say("file content", client.files.content(first.id).read())
    say("file gone", client.files.delete(first.id), client.files.delete(second.id))
    gone(lambda: client.files.retrieve(first.id))
    for count in range(5):
        upload(f"{count}.txt", "x", "vision")
    paged = list(client.files.list(purpose="vision", limit=2, order="asc"))
    assert [file.filename for file in paged] == [f"{count}.txt" for count in range(5)]
    say("files paged", paged)


def uploads():
    whole = client.uploads.create(
        bytes=11, filename="big.txt", mime_type="text/plain", purpose="assistants"
    )
    parts = [client.uploads.parts.create(whole.id, data=data) for data in (b"first ", b"parts")]
    done = client.uploads.complete(whole.id, part_ids=[part.id for part in parts])
    assert client.files.content(done.file.id).read() == b"first parts"
    say("upload", whole, parts, done)
    dropped = client.uploads.create(
        bytes=1, filename="x", mime_type="text/plain", purpose="assistants"
    )
    say("upload dropped", client.uploads.cancel(dropped.id))
    say("upload in chunks", client.uploads.upload_file_chunked(
        file=b"z" * 5000, filename="z.bin", bytes=5000, mime_type="text/plain",
        purpose="assistants", part_size=2000,
    ))


def batches():
    lines = upload("batch.jsonl", json.dumps(LINE) + "\n", "batch")
    create = client.batches.create
    one = create(
        input_file_id=lines.id, endpoint="/v1/chat/completions", completion_window="24h",
        metadata={"night": "one"},
    )
    two = create(
        input_file_id=lines.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    say("batch", one)
    say("batch cancelled", client.batches.cancel(two.id))
    done = client.batches.retrieve(one.id)
    say("batch done", done)
    if done.output_file_id:
        result = json.loads(client.files.content(done.output_file_id).text)
        assert result["custom_id"] == "one"
    say("batches", [batch.id[:6] for batch in client.batches.list(limit=1)])


def vector_stores():
    stores = client.vector_stores
    notes, more = upload("notes.txt", "the notes"), upload("more.txt", "more of them")
    store = stores.create(name="library", file_ids=[notes.id])
    say("store", store, stores.retrieve(store.id), stores.update(store.id, name="renamed"))
    say("store file", stores.files.create(store.id, file_id=more.id, attributes={"year": 1}))
    say("store files", list(stores.files.list(store.id)))
    say("store content", list(stores.files.content(more.id, vector_store_id=store.id)))
    say("store search", list(stores.search(store.id, query="notes", max_num_results=5)))
    batch = stores.file_batches.create_and_poll(store.id, file_ids=[notes.id, more.id])
    say("store batch", batch)
    say("store file out", stores.files.delete(more.id, vector_store_id=store.id))
    say("stores", [one.name for one in stores.list()])
    say("store gone", stores.delete(store.id))
    gone(lambda: stores.retrieve(store.id))


def assistants():
    beta = client.beta
    helper = beta.assistants.create(model="gpt-4o", name="helper", instructions="help")
    say("assistant", helper, beta.assistants.update(helper.id, name="aide"))
    thread = beta.threads.create(messages=[{"role": "user", "content": "first words"}])
    message = beta.threads.messages.create(thread.id, role="user", content="more words")
    say("thread", thread, message, beta.threads.retrieve(thread.id))
    run = beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=helper.id)
    assert run.status == "completed" and run.usage.total_tokens
    say("run", run, list(beta.threads.runs.list(thread.id)))
    say("run steps", list(beta.threads.runs.steps.list(run.id, thread_id=thread.id)))
    say("messages", list(beta.threads.messages.list(thread.id, order="asc")))
    events = beta.threads.runs.create(
        thread_id=thread.id, assistant_id=helper.id, stream=True
    )
    say("run stream", *events)
    with beta.threads.runs.stream(thread_id=thread.id, assistant_id=helper.id) as stream:
        stream.until_done()
    say("run stream helper", stream.get_final_run(), stream.get_final_messages())
    at_once = beta.threads.create_and_run(
        assistant_id=helper.id, thread={"messages": [{"role": "user", "content": "at once"}]}
    )
    say("thread and run", at_once)
    say("assistants", [one.name for one in beta.assistants.list()])
    say("thread gone", beta.threads.delete(thread.id), beta.assistants.delete(helper.id))


def the_rest():
    lines = upload("train.jsonl", "{}\n", "fine-tune")
    jobs = client.fine_tuning.jobs
    job = jobs.create(model="gpt-4o-mini-2024-07-18", training_file=lines.id, suffix="mine")
    say("job", job, jobs.retrieve(job.id), [one.id[:6] for one in jobs.list()])
    say("job events", list(jobs.list_events(job.id)), jobs.cancel(job.id))

    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    check = {
        "type": "string_check", "name": "same", "operation": "eq",
        "input": "{{sample.output_text}}", "reference": "{{item.a}}",
    }
    made = client.evals.create(
        name="trial", testing_criteria=[check],
        data_source_config={"type": "custom", "item_schema": item},
    )
    say("eval", made, client.evals.retrieve(made.id), [one.name for one in client.evals.list()])
    source = {
        "type": "jsonl",
        "source": {"type": "file_content", "content": [{"item": {"a": "b"}}]},
    }
    # The SDK's shape of a run has no place for "no error".
    runs = OpenAI().evals.runs
    run = runs.create(made.id, data_source=source, name="run")
    say("eval run", run, runs.retrieve(run.id, eval_id=made.id))
    say("eval runs", [one.name for one in runs.list(made.id)])
    say("eval gone", client.evals.delete(made.id))

    box = client.containers.create(name="box")
    say("container", box, client.containers.retrieve(box.id))
    file = client.containers.files.create(box.id, file=("a.txt", b"in the box"))
    content = client.containers.files.content.retrieve(file.id, container_id=box.id)
    say("container file", file, content.read(), list(client.containers.files.list(box.id)))
    assert client.containers.files.delete(file.id, container_id=box.id) is None
    say("containers", [one.name for one in client.containers.list()])
    assert client.containers.delete(box.id) is None
    gone(lambda: client.containers.retrieve(box.id))


for part in (files, uploads, batches, vector_stores, assistants, the_rest):
    part()
