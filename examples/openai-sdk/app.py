"""Ask a question with the OpenAI SDK, once whole and once streamed; each call is one line in calls.jsonl."""

import openai
from call_log import CallLog

client = openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=CallLog("calls.jsonl", route="support-bot")))
question = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where is my order?"}]}

answer = client.chat.completions.create(**question)
print(answer.choices[0].message.content)

# Without include_usage a stream says nothing of its tokens, and its cost cannot be known.
for chunk in client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True}):
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="")
print()
