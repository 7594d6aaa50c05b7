"""Finish reasons: every vendor's, mapped to our few; finer distinctions are dropped on purpose."""

from __future__ import annotations

from typing import Any, Final

from tocsin.call import OTHER

FINISH: Final = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete"), "stop"),
    **dict.fromkeys(("finish", "stop_criteria_met", "compaction", "word", "endoftext", "normal"), "stop"),
    **dict.fromkeys(("stop_before", "end_token"), "stop"),
    **dict.fromkeys(
        (
            "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "limit",
            "token_limit",
        ),
        "length",
    ),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call", "pause_turn"), "tool_calls"),
    **dict.fromkeys(("content_filter", "content_filtered", "error_toxic", "sensitive", "blacklist"), "content_filter"),
    "refusal": "refusal",
    **dict.fromkeys(("error", "insufficient_system_resource", "network_error"), "error"),
}
"""OpenAI, Anthropic, Mistral, Groq, Together, TGI, Cohere, Ollama, Titan, llama.cpp, watsonx, GigaChat, CLOVA; those
for a length limit from documentation.

After Anthropic's ``pause_turn`` the caller sends the turn back to continue, as after a tool call. DeepSeek ends answers
for lack of resources under HTTP 200 (https://api-docs.deepseek.com), as does Z.ai those that are ``sensitive`` or met a
``network_error`` (https://docs.z.ai/api-reference/llm/chat-completion).
"""


def finish_of(reason: Any) -> str | None:
    """Return our finish reason for a vendor's, in any case; None for none, ``other`` for an unknown one."""
    return FINISH.get(str(reason).lower(), OTHER) if reason else None


def refused(output: Any) -> bool:
    """Return whether the ``output`` of the Responses API contains a refusal: a message part of this type."""
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    contents = [item["content"] for item in items if isinstance(item.get("content"), list)]
    return any(part.get("type") == "refusal" for parts in contents for part in parts if isinstance(part, dict))
