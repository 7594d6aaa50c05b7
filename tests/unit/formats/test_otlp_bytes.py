"""OTLP from hostile senders: whatever the bytes are, they are read or skipped, within bounds."""

import json
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import formats
from tocsin.call import NO_CALL, Skip
from tocsin.formats.lenient import SKIP_REASONS
from tocsin.formats.otlp import pieces, protobuf

GOLDEN = Path(__file__).parents[2] / "golden" / "otlp"
PACKED = [path.read_bytes() for path in sorted(GOLDEN.glob("*.pb"))]
PLAIN = [path.read_bytes() for path in sorted(GOLDEN.glob("*.json"))]
ADAPTERS = [formats.get(word, content=True) for word in formats.SIGNALS]


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def any_value(value):
    """Encode an AnyValue by the schema of opentelemetry-proto's common.proto."""
    if isinstance(value, bool):
        return b"\x10" + varint(int(value))
    if isinstance(value, str):
        return field(1, value.encode())
    if isinstance(value, int):
        return b"\x18" + varint(value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, float):
        return b"\x21" + struct.pack("<d", value)
    if isinstance(value, list):
        return field(5, b"".join(field(1, any_value(item)) for item in value))
    return field(6, b"".join(field(1, pair(*item)) for item in value.items()))


def pair(key, value):
    return field(1, key.encode()) + field(2, any_value(value))


def request(*spans, resource=b""):
    scope = b"".join(field(2, span) for span in spans)
    return field(1, field(1, resource) + field(2, scope))


NAMES = st.text(max_size=200).filter(lambda name: not name.endswith(".embedding.vector"))
"""Without those that are passed over, which Hypothesis takes from our source."""
VALUES = st.recursive(
    st.text(max_size=300) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_attributes_round_trip(attributes):
    span = b"".join(field(9, pair(key, value)) for key, value in attributes.items())
    (record,) = protobuf.split(request(span))
    assert protobuf.read(bytes(record), protobuf.SPANS).attributes == attributes


def read_all(data):
    """Read every record of a body as over HTTP; return the reasons of those skipped."""
    reasons = []
    for word, adapter in zip(formats.SIGNALS, ADAPTERS, strict=True):
        for record in formats.parts(word, data):
            try:
                adapter.parse(bytes(record))
            except Skip as skip:
                reasons.append(skip.reason)
    assert set(reasons) <= {*SKIP_REASONS, NO_CALL}
    return reasons


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_skipped(data):
    read_all(b"\x0a" + data)
    read_all(data)


@given(st.sampled_from([*PACKED, *PLAIN]), st.data())
def test_a_request_that_was_damaged_is_read_or_skipped(body, data):
    at = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 40))
    read_all(body[:at] + data.draw(st.binary(max_size=8)) + body[at + length :])


@given(st.sampled_from(PACKED), st.data())
def test_the_check_covers_the_whole_body(body, data):
    protobuf.check(body)
    cut = body[: data.draw(st.integers(1, len(body) - 1))]
    with pytest.raises(protobuf.BrokenError):
        protobuf.check(cut)


def test_values_nested_without_end_are_left_out():
    value = field(1, b"x")
    for _ in range(3000):
        value = field(5, field(1, value))
    span = field(9, field(1, b"gen_ai.input.messages") + field(2, value)) + field(9, pair("gen_ai.operation.name", "chat"))
    assert read_all(request(span))[:1] != ["adapter_error"]
    deep = b'{"arrayValue":{"values":[' * 3000 + b'{"stringValue":"x"}' + b"]}}" * 3000
    plain = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":%b}]}]}]}]}' % deep
    assert set(read_all(plain)) <= {"wrong_type", "too_deep", "not_json", NO_CALL}


@pytest.mark.parametrize("body", [request(*[b""] * 50_100), b'{"resourceSpans":[{"scopeSpans":[{"spans":[%b{}]}]}]}' % (b"{}," * 50_099)], ids=["protobuf", "json"])
def test_spans_beyond_the_limit_are_one_event_skipped_as_too_long(body):
    found = formats.parts("traces", body)
    assert len(found) == pieces.RECORDS_MAX + 1
    with pytest.raises(Skip, match="too_long"):
        ADAPTERS[0].parse(bytes(found[-1]))


LARGE = b"x" * 500_000
LARGE_RESOURCES = {
    "protobuf": request(*[b""] * 3000, resource=field(1, pair("k", LARGE.decode()))),
    "json": b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"stringValue":"%b"}}]},"scopeSpans":[{"spans":[%b{}]}]}]}' % (LARGE, b"{}," * 2999),
    "scope": b'{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"%b"},"logRecords":[%b{}]}]}]}' % (LARGE, b"{}," * 2999),
}


@pytest.mark.parametrize("body", LARGE_RESOURCES.values(), ids=LARGE_RESOURCES)
def test_the_resource_of_thousands_of_spans_is_copied_up_to_a_limit(body):
    tracemalloc.start()
    found = formats.parts("traces", body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(body)
    assert sum(map(len, found)) <= pieces.PIECES_BYTES_MAX
    assert len(found) == pieces.PIECES_BYTES_MAX // 500_000 + 1
    with pytest.raises(Skip, match="too_long"):
        ADAPTERS[0].parse(bytes(found[-1]))


def test_large_resources_are_not_kept_in_memory():
    bodies = (request(pair("k", str(number)), resource=field(1, pair("k", "x" * 1_000_000))) for number in range(30))
    read_all(next(bodies))
    tracemalloc.start()
    for body in bodies:
        read_all(body + field(1, b""))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 3_000_000


def test_millions_of_one_byte_values_are_not_decoded():
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[0%b]}]}]}' % (b",0" * 2_000_000)
    assert read_all(body)[0] == "too_long"


def test_many_events_of_a_span_are_read_in_linear_time():
    def fields(count):
        started = time.process_time()
        span = b"".join(field(11, field(2, b"%06d" % number)) for number in range(count))
        ADAPTERS[0].record(request(span))
        return time.process_time() - started

    assert fields(24_000) < 30 * fields(3_000)  # sixty times as long, where each is compared with all


def said_in_a_span(count: int) -> tuple[bytes, bytes]:
    """Return a span whose events are a number of questions and one answer, as JSON and in protobuf."""
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    said = [("gen_ai.user.message", "content", "Q")] * count + [("gen_ai.choice", "message", "A")]
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    events = [{"name": name, "attributes": [{"key": key, "value": {"stringValue": text}}]} for name, key, text in said]
    plain = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": attributes, "events": events}]}]}]}).encode()
    packed = b"".join(field(11, field(2, name.encode()) + field(3, pair(key, text))) for name, key, text in said)
    return plain, request(packed + b"".join(field(9, pair(*each)) for each in told.items()))


def test_events_of_a_span_keep_their_order():
    names = ["b", "a", "c"]
    plain = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [], "events": [{"name": name} for name in names]}]}]}]}).encode()
    packed = request(b"".join(field(11, field(2, name.encode())) for name in names))
    assert [[moment.name for moment in ADAPTERS[0].record(body).moments] for body in (plain, packed)] == [names, names]


def test_messages_of_a_span_are_all_noted():
    assert [len(ADAPTERS[0].record(body).moments) for body in said_in_a_span(200)] == [201, 201]


def test_the_oldest_of_too_many_messages_are_dropped_with_a_field_error():
    for body in said_in_a_span(10_000):
        assert len(ADAPTERS[0].record(body).moments) == 10_000
        call = formats.get("traces", content=True).parse(body)
        assert (call.content.output, call.field_errors) == ("A", ("events",))


def test_attributes_beyond_the_limit_are_dropped():
    told = [{"key": f"gen_ai.prompt.{number}.content", "value": {"stringValue": "x"}} for number in range(25_000)]
    plain = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": told}]}]}]}).encode()
    packed = request(b"".join(field(9, pair(each["key"], "x")) for each in told))
    assert [len(ADAPTERS[0].record(body).attributes) for body in (plain, packed)] == [20_000, 20_000]


def test_the_vectors_of_embeddings_are_passed_over():
    vectors = b"".join(field(9, pair(f"embedding.embeddings.{number}.embedding.vector", [0.5] * 3072)) for number in range(50))
    span = vectors + b"".join(field(9, pair(*told)) for told in {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "m"}.items())
    assert ADAPTERS[0].parse(request(span)).model == "m"


@pytest.mark.parametrize("said", ["[" + "{}," * 200_000 + "{}]", "[" + "0," * 200_000 + "0]"])
def test_messages_of_two_bytes_are_not_read_by_the_hundred_thousand(said):
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.input.messages": said}
    call = ADAPTERS[0].parse(request(b"".join(field(9, pair(*each)) for each in told.items())))
    assert len(call.content.input) <= 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * (1 << 20), field(1, b"\x12\x00" * (1 << 20)), request(b"\x4a\x00" * 200_000), request(b"\x4a\x04\x0a\x00\x12\x00" * 200_000), request(b"\x5a\x00" * 200_000),
        request(field(9, field(1, b"k") + field(2, field(5, b"\x0a\x00" * 200_000)))), request(field(9, field(1, b"k") + field(2, field(6, b"\x0a\x00" * 200_000)))),
    ],
    ids=["resources", "scopes", "attributes", "keys", "events", "array", "pairs"],
)  # fmt: skip
def test_fields_of_two_bytes_are_not_read_by_the_million(body):
    assert read_all(body)[0] == "not_protobuf"


def test_the_body_of_a_log_record_may_have_the_attributes():
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7}
    attributes = [{"key": key, "value": {"intValue": value} if isinstance(value, int) else {"stringValue": value}} for key, value in told.items()]
    record = {"eventName": "gen_ai.client.inference.operation.details", "body": {"kvlistValue": {"values": attributes}}}
    call = formats.get("otlp").parse(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode())
    assert (call.model, call.input_tokens, call.duration) == ("m", 7, None)
