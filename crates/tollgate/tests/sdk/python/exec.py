"""A client that was told nothing, in a program that `tollgate exec` started."""

import os

from openai import OpenAI

from transcript import say

client = OpenAI()
me = client.get(f"{os.environ['TOLLGATE_URL']}/tollgate/v1/me", cast_to=dict)
print(f'{{"key": "{client.api_key}", "expires_at": {me["expires_at"]}}}')
assert client.organization is None and client.project is None
assert me["limits"][0]["amount_nanos"] == 500_000_000, me["limits"]

messages = [{"role": "user", "content": "[[words=5]] hello"}]
answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
stream = client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True)
text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
assert text == answer.choices[0].message.content
say("answered", text)
