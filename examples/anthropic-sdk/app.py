"""Ask a question with the Anthropic SDK, once whole and once streamed; each call is one line in calls.jsonl."""

import anthropic
from call_log import CallLog

client = anthropic.Anthropic(
    http_client=anthropic.DefaultHttpxClient(transport=CallLog("calls.jsonl", route="support-bot"))
)
question = {
    "model": "claude-sonnet-4-5", "max_tokens": 200,
    "messages": [{"role": "user", "content": "Where is my order?"}],
}  # fmt: skip

print(client.messages.create(**question).content[0].text)

with client.messages.stream(**question) as stream:
    for text in stream.text_stream:
        print(text, end="")
print()
