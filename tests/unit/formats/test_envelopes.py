"""Records inside other ones: event buses and shippers of logs; what is expected was worked out from the record."""

import base64
import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
ANSWER = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [], "usage": USAGE}
PAIR = {"id": "p1", "status": 200, "url": "https://api.openai.com/v1/chat/completions", "request": {"model": "m"}, "response": ANSWER}
LOGGED = {
    "id": "l1", "litellm_call_id": "call", "status": "success", "call_type": "acompletion", "model": "m", "startTime": 1.0, "endTime": 2.0,
    "custom_llm_provider": "openai", "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
}  # fmt: skip
NATIVE = {"v": 1, "id": "n1", "time": "2026-11-20T02:47:00Z", "model": "m", "usage": {"input": 9, "output": 2}}
RECORDS = [(PAIR, "p1"), (LOGGED, "call|success|l1"), (NATIVE, "n1")]


def text(record: Any) -> str:
    return json.dumps(record)


def encoded(record: Any) -> str:
    return base64.b64encode(json.dumps(record).encode()).decode()


def cloud_event(record: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e1", "source": "/gateway", "type": "llm.call", "time": "2026-11-20T10:00:00Z", **record}


CARRIERS = [
    lambda record: cloud_event({"datacontenttype": "application/json", "data": record}),
    lambda record: cloud_event({"data": text(record)}),
    lambda record: cloud_event({"data_base64": encoded(record)}),
    lambda record: {"version": "0", "id": "e1", "detail-type": "llm", "source": "gw", "time": "2026-11-20T10:00:00Z", "detail": record},
    lambda record: {"Type": "Notification", "MessageId": "e1", "TopicArn": "arn:aws:sns:x", "Message": text(record)},
    lambda record: {"message": {"data": encoded(record), "messageId": "1"}, "subscription": "projects/p/subscriptions/s"},
    lambda record: {"date": 1795168800.1, "log": text(record), "kubernetes": {"pod_name": "litellm-0"}},
    lambda record: {"ddsource": "litellm", "ddtags": "env:prod", "hostname": "h", "message": text(record), "service": "llm", "status": "info"},
    lambda record: {"insertId": "x", "timestamp": "2026-11-20T10:00:00Z", "severity": "INFO", "jsonPayload": record},
]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(("record", "identity"), RECORDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_record_inside_another_one_is_that_record(carrier, record, identity):
    call = parse(carrier(record))
    assert (call.id, call.model, call.input_tokens, call.output_tokens, call.failure) == (identity, "m", 9, 2, None)


def test_a_line_of_a_log_on_an_event_bus_is_read():
    assert parse(cloud_event({"data": {"log": text(PAIR)}})).id == "p1"


@pytest.mark.parametrize(
    "line",
    [
        {"level": "info", "message": '{"error": {"message": "x", "type": "server_error"}}'}, {"log": '{"status": 500, "request": "GET /"}'},
        {"level": "info", "msg": '{"id": "1", "model": "m"'}, {"message": "{}"}, cloud_event({"data": "no object"}), cloud_event({}),
        cloud_event({"data_base64": "%"}), {"message": {"data": 5}, "subscription": "s"}, {"Type": "Notification"},
    ],
)  # fmt: skip
def test_an_envelope_without_the_record_of_a_call_is_skipped(line):
    with pytest.raises(Skip):
        parse(line)


@pytest.mark.parametrize(
    "record",
    [
        {"request": "GET /x", "error": "boom"}, {"request": "GET /x", "id": "r1", "response": {"error": {"message": "x", "code": "E"}}},
        {"request": {}, "error": {"message": "boom"}}, {"response": {"error": {"message": "x", "type": "server_error"}}},
        {"request": {"method": "GET", "path": "/x"}, "error": {"message": "boom", "type": "E"}},
        {"time": "2026-11-20T10:00:00Z", "remote_addr": "192.0.2.1", "request": "", "status": "400"},  # nginx, of a broken request
    ],
)  # fmt: skip
def test_a_failure_of_another_service_is_not_a_call(record):
    for line in ({"level": "error", "message": text(record)}, {"log": text(record)}, record):
        with pytest.raises(Skip):
            parse(line)


ERRORS = [
    {"error": {"message": "x", "type": "server_error"}}, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
    {"object": "error", "message": "x", "type": "InternalServerError", "param": None, "code": 500},
]  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_alone_inside_another_record_is_not_a_call(carrier, error):
    with pytest.raises(Skip):
        parse(carrier(error))


@pytest.mark.parametrize("error", ERRORS[:2])
def test_an_error_body_is_a_call_but_not_in_an_application_log(error):
    assert parse(error).failure == "provider_5xx"
    for beside in ({"time": "2026-11-20T10:00:00Z", "service": "billing"}, {"message": "upload failed"}):
        with pytest.raises(Skip):
            parse({**beside, **error})


def test_an_error_in_portkeys_words_is_a_call():
    """https://github.com/Portkey-AI/gateway/blob/main/src/providers/utils.ts puts the provider beside the error."""
    assert parse({**ERRORS[0], "provider": "openai"}).failure == "provider_5xx"


@pytest.mark.parametrize("beside", [{"status_code": 503}, {"request_id": "r1"}, {"provider": "openai"}, {"response_headers": {"x-request-id": "1"}}])
def test_an_error_without_its_request_is_a_call_inside_the_envelope_of_a_pair(beside):
    assert parse({"response": ERRORS[0], **beside}).failure == "provider_5xx"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_failed_call_inside_another_record_counts(carrier):
    call = parse(carrier({**PAIR, "response": None, "status": 503, "error": {"message": "x", "type": "server_error"}}))
    assert (call.id, call.failure) == ("p1|failed", "provider_5xx")


def test_carriers_inside_each_other_have_an_end():
    record: dict[str, Any] = PAIR
    for _ in range(9):
        record = cloud_event({"data": record})
    with pytest.raises(Skip):
        parse(record)


def parse(record: dict[str, Any]) -> Call:
    event = formats.get("auto").parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event
