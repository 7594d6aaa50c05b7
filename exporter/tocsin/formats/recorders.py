"""Records of calls that providers write themselves, converted to a logged pair.

Results of batches: Anthropic (https://docs.anthropic.com/en/docs/build-with-claude/batch-processing), Gemini
(https://ai.google.dev/gemini-api/docs/batch-api), Vertex AI (https://cloud.google.com/vertex-ai/generative-ai/docs,
batch prediction with Gemini and Claude), Bedrock
(https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html). Bedrock's invocation log:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. OpenAI's batches are pairs already.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from tocsin.formats import azure, gateways, replicate

_OPERATIONS: Final = {
    "Converse": "converse", "ConverseStream": "converse-stream", "InvokeModel": "invoke",
    "InvokeModelWithResponseStream": "invoke-with-response-stream",
}  # fmt: skip
"""Operations in Bedrock's log, and their paths."""
_GEMINI_KEYS: Final = frozenset(("key", "response", "error", "metadata"))


def as_pair(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a provider's record as a pair; any other record unchanged."""
    if "custom_id" in tree and isinstance(tree.get("result"), dict):
        return _of_anthropic(tree, tree["result"])
    if tree.get("schemaType") == "ModelInvocationLog" and str(tree.get("operation")) in _OPERATIONS:
        return _of_bedrock(tree)
    request, status = tree.get("request"), tree.get("status")
    if isinstance(request, dict) and (
        ("processed_time" in tree and "contents" in request)
        or ("custom_id" in tree and "anthropic_version" in request and isinstance(status, str))
    ):
        return _of_vertex(tree, status)
    if "full_request" in tree and "full_response" in tree:
        return _of_vertex_log(tree)
    if "databricks_request_id" in tree:  # elsewhere ``request_time`` is a duration
        return {"time": tree.get("request_time"), **tree}
    if "category" in tree and "properties" in tree:
        return azure.as_pair(tree)
    if replicate.is_body(tree):
        return replicate.as_pair(tree)
    if "recordId" in tree and isinstance(tree.get("modelInput"), dict):
        return _of_bedrock_batch(tree)
    sides = (tree.get("response"), tree.get("error"))
    if "key" in tree and tree.keys() <= _GEMINI_KEYS and any(isinstance(side, dict) for side in sides):
        return {"provider": "google", "custom_id": tree["key"], "response": None, **tree}
    return gateways.as_pair(tree)


def _of_anthropic(tree: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    error = result.get("error")
    inner = error.get("error") if isinstance(error, dict) else None
    identity = {"custom_id": tree["custom_id"]}
    if "message" in result:
        return {**identity, "response": result["message"]}
    return {**identity, "error": inner or {"type": f"batch_{result.get('type')}"}}


def _of_vertex(tree: dict[str, Any], status: Any) -> dict[str, Any]:
    """Return a result whose status is empty, or contains the body of the error."""
    error: Any = None
    if status:
        try:
            error = json.loads(status.partition(": ")[2])["error"]
        except (AttributeError, ValueError, RecursionError, TypeError, KeyError):
            error = status
    return {"time": tree.get("processed_time"), **tree, "status": None, "error": error}


def _of_vertex_log(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table in which Vertex AI logs requests and responses.

    https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging
    """
    meta = tree.get("metadata")
    model = {"model": tree["model"]} if tree.get("model") else {}  # the key alone is a sign of a call
    return {
        **model,
        "id": tree.get("request_id"),
        "time": tree.get("logging_time"),
        "duration_ms": meta.get("request_latency") if isinstance(meta, dict) else None,
        "provider": "google",
        "request": tree["full_request"],
        "response": tree["full_response"],
    }


def _of_bedrock_batch(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a result of a batch; its ids are unique only within the batch."""
    error = tree.get("error")
    cause = {"code": error.get("errorCode"), "message": error.get("errorMessage")} if isinstance(error, dict) else error
    identity = {"custom_id": tree["recordId"], "provider": "aws"}
    return {**identity, "request": tree["modelInput"], "response": tree.get("modelOutput"), "error": cause}


def _of_bedrock(tree: dict[str, Any]) -> dict[str, Any]:
    """Return an invocation as an application would log it, with its counts in response headers."""
    sent, received = (tree[side] if isinstance(tree.get(side), dict) else {} for side in ("input", "output"))
    operation, identity = tree["operation"], tree.get("identity")
    request, response = sent.get("inputBodyJson"), received.get("outputBodyJson")
    if isinstance(response, list):
        response = [event for event in response if isinstance(event, dict)]  # not the text [DONE]
    counts = {
        "input": sent.get("inputTokenCount"),
        "output": received.get("outputTokenCount"),
        "cache-read-input": sent.get("cacheReadInputTokenCount"),
        "cache-write-input": sent.get("cacheWriteInputTokenCount"),
    }
    error_code = tree.get("errorCode")
    return {
        "id": tree.get("requestId"),
        "time": tree.get("timestamp"),
        "model": tree.get("modelId"),
        "url": f"https://bedrock-runtime.{tree.get('region')}.amazonaws.com/model/"
        f"{quote(str(tree.get('modelId')), safe=':', errors='replace')}/{_OPERATIONS[operation]}",
        "request": {**(request if isinstance(request, dict) else {}), "stream": "Stream" in operation},
        "response": response,
        "response_headers": {
            f"x-amzn-bedrock-{name}-token-count": str(count) for name, count in counts.items() if count is not None
        },
        "consumer": identity.get("arn") if isinstance(identity, dict) else None,
        "labels": tree.get("requestMetadata"),
        "error": {"type": error_code} if error_code else None,
    }
