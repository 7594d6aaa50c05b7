"""How an answer ended: every vendor's words, in our few; what they say more is lost on purpose."""

from __future__ import annotations

from typing import Any, Final

from tocsin.call import OTHER

FINISH: Final = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete"), "stop"),
    **dict.fromkeys(("finish", "stop_criteria_met", "compaction", "word", "endoftext", "normal"), "stop"),
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
"""OpenAI, Anthropic, Mistral, Groq, Together, TGI, Cohere, Ollama, Titan, llama.cpp, watsonx, GigaChat; of a length
limit by documentation.

After Anthropic's ``pause_turn`` the caller sends the turn back to go on, as after a call of a tool. DeepSeek breaks
answers off for want of resources, under HTTP 200 (https://api-docs.deepseek.com); Z.ai's that are ``sensitive`` or met
a ``network_error`` end under it, too (https://docs.z.ai/api-reference/llm/chat-completion).
"""


def finish_of(reason: Any) -> str | None:
    """Return our word for a vendor's, in any case; None where none is told, ``other`` for an unknown one."""
    return FINISH.get(str(reason).lower(), OTHER) if reason else None


def refused(output: Any) -> bool:
    """Tell whether the ``output`` of the Responses API holds a refusal: a part of a message of this type."""
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    contents = [item["content"] for item in items if isinstance(item.get("content"), list)]
    return any(part.get("type") == "refusal" for parts in contents for part in parts if isinstance(part, dict))
