"""Records of calls that providers write themselves, brought to the shape of a logged pair.

Results of batches: Anthropic (https://docs.anthropic.com/en/docs/build-with-claude/batch-processing), Gemini
(https://ai.google.dev/gemini-api/docs/batch-api), Vertex AI (https://cloud.google.com/vertex-ai/generative-ai/docs,
batch prediction of Gemini and of Claude), Bedrock
(https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html). Bedrock's log of invocations:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. OpenAI's batches are pairs already.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from tocsin.formats import gateways

_OPERATIONS: Final = {
    "Converse": "converse", "ConverseStream": "converse-stream", "InvokeModel": "invoke",
    "InvokeModelWithResponseStream": "invoke-with-response-stream",
}  # fmt: skip
"""What Bedrock's log calls an operation, and its path."""
_OF_GEMINI: Final = frozenset(("key", "response", "error", "metadata"))


def as_pair(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a record of a provider as a pair; any other record as it is."""
    if "custom_id" in tree and isinstance(tree.get("result"), dict):
        return _of_anthropic(tree, tree["result"])
    if tree.get("schemaType") == "ModelInvocationLog" and str(tree.get("operation")) in _OPERATIONS:
        return _of_bedrock(tree)
    asked, status = tree.get("request"), tree.get("status")
    if isinstance(asked, dict) and (
        ("processed_time" in tree and "contents" in asked)
        or ("custom_id" in tree and "anthropic_version" in asked and isinstance(status, str))
    ):
        return _of_vertex(tree, status)
    if "full_request" in tree and "full_response" in tree:
        return _of_vertex_log(tree)
    if "databricks_request_id" in tree:  # elsewhere a time of this name is how long a request took
        return {"time": tree.get("request_time"), **tree}
    if "recordId" in tree and isinstance(tree.get("modelInput"), dict):
        return _of_bedrocks_batch(tree)
    sides = (tree.get("response"), tree.get("error"))
    if "key" in tree and tree.keys() <= _OF_GEMINI and any(isinstance(side, dict) for side in sides):
        return {"provider": "google", "custom_id": tree["key"], "response": None, **tree}
    return gateways.as_pair(tree)


def _of_anthropic(tree: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    error = result.get("error")
    inner = error.get("error") if isinstance(error, dict) else None
    named = {"custom_id": tree["custom_id"]}
    if "message" in result:
        return {**named, "response": result["message"]}
    return {**named, "error": inner or {"type": f"batch_{result.get('type')}"}}


def _of_vertex(tree: dict[str, Any], status: Any) -> dict[str, Any]:
    """Return a result whose status is empty or says what failed, with the body of the error."""
    error: Any = None
    if status:
        try:
            error = json.loads(status.partition(": ")[2])["error"]
        except (AttributeError, ValueError, RecursionError, TypeError, KeyError):
            error = status
    return {"time": tree.get("processed_time"), **tree, "status": None, "error": error}


def _of_vertex_log(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table to which Vertex AI logs requests and responses.

    https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging
    """
    meta = tree.get("metadata")
    named = {"model": tree["model"]} if tree.get("model") else {}  # a model is a sign of a call
    return {
        **named,
        "id": tree.get("request_id"),
        "time": tree.get("logging_time"),
        "duration_ms": meta.get("request_latency") if isinstance(meta, dict) else None,
        "provider": "google",
        "request": tree["full_request"],
        "response": tree["full_response"],
    }


def _of_bedrocks_batch(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a result of a batch, whose ids are those of its lines alone: another batch has them, too."""
    error = tree.get("error")
    told = {"code": error.get("errorCode"), "message": error.get("errorMessage")} if isinstance(error, dict) else error
    named = {"custom_id": tree["recordId"], "provider": "aws"}
    return {**named, "request": tree["modelInput"], "response": tree.get("modelOutput"), "error": told}


def _of_bedrock(tree: dict[str, Any]) -> dict[str, Any]:
    """Return an invocation as an application logs it; its counts stand in headers of the answer there."""
    sent, received = (tree[side] if isinstance(tree.get(side), dict) else {} for side in ("input", "output"))
    operation, identity = tree["operation"], tree.get("identity")
    asked, answered = sent.get("inputBodyJson"), received.get("outputBodyJson")
    if isinstance(answered, list):
        answered = [event for event in answered if isinstance(event, dict)]  # not the text [DONE]
    counts = {
        "input": sent.get("inputTokenCount"),
        "output": received.get("outputTokenCount"),
        "cache-read-input": sent.get("cacheReadInputTokenCount"),
        "cache-write-input": sent.get("cacheWriteInputTokenCount"),
    }
    failed = tree.get("errorCode")
    return {
        "id": tree.get("requestId"),
        "time": tree.get("timestamp"),
        "model": tree.get("modelId"),
        "url": f"https://bedrock-runtime.{tree.get('region')}.amazonaws.com/model/"
        f"{quote(str(tree.get('modelId')), safe=':', errors='replace')}/{_OPERATIONS[operation]}",
        "request": {**(asked if isinstance(asked, dict) else {}), "stream": "Stream" in operation},
        "response": answered,
        "response_headers": {
            f"x-amzn-bedrock-{name}-token-count": str(count) for name, count in counts.items() if count is not None
        },
        "consumer": identity.get("arn") if isinstance(identity, dict) else None,
        "labels": tree.get("requestMetadata"),
        "error": {"type": failed} if failed else None,
    }
