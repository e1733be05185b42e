"""Images and audio."""

import base64
import io
import tempfile
from pathlib import Path

from openai import OpenAI

from transcript import say

# Every answer is held against the SDK's own shapes.
client = OpenAI(_strict_response_validation=True)
PICTURE = b"\x89PNG\r\n\x1a\nnot much of a picture"
SOUND = bytes(range(256)) * 200


def picture():
    return ("one.png", io.BytesIO(PICTURE), "image/png")


def images():
    made = client.images.generate(model="gpt-image-1", prompt="a cat", n=2, quality="low")
    assert base64.b64decode(made.data[0].b64_json).startswith(b"\x89PNG")
    say("image", made)
    say("image by dall-e", client.images.generate(model="dall-e-3", prompt="a dog"))
    say("image edited", client.images.edit(
        model="gpt-image-1", image=[picture(), picture()], mask=picture(), prompt="a hat"
    ))
    say("image varied", client.images.create_variation(model="dall-e-2", image=picture()))
    stream = client.images.generate(
        model="gpt-image-1", prompt="a cat", stream=True, partial_images=2
    )
    events = list(stream)
    assert [event.type.rpartition(".")[2] for event in events][-1] == "completed"
    say("image stream", *events)
    stream = client.images.edit(
        model="gpt-image-1", image=picture(), prompt="a hat", stream=True, partial_images=1
    )
    say("image edit stream", *stream)


def speech():
    said = client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="good day")
    say("speech", said.content, said.response.headers["content-type"])
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="to a file [[bytes=100000]]",
        response_format="wav",
    ) as said, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "said.wav")
        said.stream_to_file(path)
        say("speech to a file", path.read_bytes())
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="as events", stream_format="sse"
    ) as said:
        say("speech events", said.read())


def listening():
    create = client.audio.transcriptions.create
    named = ("talk.wav", SOUND, "audio/wav")
    say("heard", create(model="gpt-4o-transcribe", file=named, language="en"))
    text = create(model="whisper-1", file=named, response_format="text")
    assert isinstance(text, str)
    say("heard as text", text)
    say("heard as srt", create(model="whisper-1", file=named, response_format="srt"))
    say("heard in detail", create(
        model="whisper-1", file=named, response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    ))
    events = list(create(model="gpt-4o-transcribe", file=named, stream=True))
    assert events[-1].type == "transcript.text.done"
    say("heard as a stream", *events)
    say("translated", client.audio.translations.create(model="whisper-1", file=named))


for part in (images, speech, listening):
    part()
