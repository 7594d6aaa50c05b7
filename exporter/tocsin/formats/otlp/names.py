"""Names of attributes: of all versions of OpenTelemetry's conventions for GenAI, and of other conventions.

OpenTelemetry 1.27 to 1.41 (https://opentelemetry.io/docs/specs/semconv/gen-ai/), OpenLLMetry, OpenLIT, OpenInference
(https://arize-ai.github.io/openinference/spec/semantic_conventions.html), the AI SDK of Vercel, and what OpenRouter and
Cloudflare's AI Gateway send. The first name that a span has is used.
"""

from __future__ import annotations

from typing import Final

OPERATIONS: Final = frozenset(
    (
        "chat", "text_completion", "generate_content", "embeddings", "completion", "embedding", "responses", "message",
        "chat.completions", "text.completions", "acompletion", "atext_completion", "aembedding", "aresponses",
        "anthropic_messages", "agenerate_content", "generate_content_stream", "agenerate_content_stream",
    )
)  # fmt: skip
"""Values of ``gen_ai.operation.name`` and ``llm.request.type`` that are calls to a model, unlike agents and tools.

Semantic Kernel's are plural, LiteLLM's are named after its functions.
"""
KINDS: Final = frozenset(("LLM", "EMBEDDING"))
"""Calls in ``openinference.span.kind``, and in ``gen_ai.span.kind`` of Alibaba's instrumentation."""
OTHER_KINDS: Final = frozenset(
    ("CHAIN", "TOOL", "AGENT", "RETRIEVER", "RERANKER", "TASK", "ENTRY", "STEP", "WORKFLOW", "GUARDRAIL")
)
"""Other values of ``gen_ai.span.kind``: these spans repeat the tokens of the calls inside them."""
EVIDENCE: Final = frozenset(
    (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "gen_ai.response.id",
        "gen_ai.response.finish_reasons", "gen_ai.model.provider", "gen_ai.completion_json",
        "gen_ai.completion.0.content",
    )
)  # fmt: skip
"""A span with a model but without an operation is a call if it has one of these attributes."""

PROVIDER: Final = (
    "gen_ai.provider.name", "gen_ai.system", "gen_ai.model.provider", "llm.provider", "llm.system", "llm.vendor",
    "ai.model.provider",
)  # fmt: skip
REQUEST_MODEL: Final = ("gen_ai.request.model", "llm.request.model", "ai.model.id")
RESPONSE_MODEL: Final = ("gen_ai.response.model", "llm.response.model", "llm.model_name", "embedding.model_name")
OPERATION: Final = ("gen_ai.operation.name", "llm.request.type")

SENT: Final = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
    "gen_ai.response.prompt_tokens", "ai.usage.tokens",
)  # fmt: skip
RECEIVED: Final = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "gen_ai.response.completion_tokens",
)  # fmt: skip
TOTAL: Final = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens")
CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.cached_tokens", "gen_ai.usage.input_cached_tokens", "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.cache_read_tokens", "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cached_tokens",
    "gen_ai.usage.details.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read",
    "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens",
)  # fmt: skip
CACHE_WRITE: Final = (
    "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_write_tokens", "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
)  # fmt: skip
REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_output_tokens", "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens",
)  # fmt: skip
PARTS: Final = frozenset((*CACHE_READ, *CACHE_WRITE, *REASONING))
COST: Final = (
    "gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total", "operation.cost", "gen_ai.cost.total_cost",
)  # fmt: skip
"""``operation.cost`` is Pydantic's and Logfire's."""

USER: Final = (
    "gen_ai.user", "gen_ai.request.user", "user.id", "enduser.id", "traceloop.association.properties.user_id",
)  # fmt: skip
SESSION: Final = ("gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id")
PROMPT: Final = ("gen_ai.prompt.name", "traceloop.prompt.key", "llm.prompt_template.name", "prompt.id")
PROMPT_VERSION: Final = ("gen_ai.prompt.version", "traceloop.prompt.version", "llm.prompt_template.version")
PROMPT_HASH: Final = ("traceloop.prompt.version_hash",)
FINGERPRINT: Final = (
    "openai.response.system_fingerprint", "gen_ai.openai.response.system_fingerprint",
    "gen_ai.response.system_fingerprint",
)  # fmt: skip

STREAM: Final = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
FIRST_TOKEN: Final = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
"""Seconds."""
FIRST_TOKEN_MS: Final = ("ai.response.msToFirstChunk",)
FIRST_MOMENTS: Final = (
    "First Token Stream Event", "gen_ai.content.completion.chunk", "llm.content.completion.chunk",
    "ai.stream.firstChunk",
)  # fmt: skip
"""Span events; the first of them marks the first token."""
FINISH: Final = (
    "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "gen_ai.completion.0.finish_reason",
    "llm.finish_reason", "ai.response.finishReason", "anthropic.message.stop_reason",
)  # fmt: skip
STATUS: Final = ("http.response.status_code", "http.status_code", "gen_ai.response.status_code")
SCHEMA: Final = (
    "gen_ai.request.structured_output_schema",
    "gen_ai.request.response_format",
    "llm.request.response_format",
)
TOOLS: Final = ("gen_ai.tool.definitions", "gen_ai.request.tools")
