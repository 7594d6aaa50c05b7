"""Text from outside becomes a label value that is bounded, printable and no person."""

import gc
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.labels import clean, escape, is_private, keyed_hash

ANY = st.text(st.characters(codec=None), max_size=300)


@given(ANY)
def test_a_clean_value_is_bounded_and_can_be_encoded(text):
    value = clean(text)
    assert 0 < len(value) <= 128
    value.encode("utf-8")


@given(ANY)
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("text", ["", "   ", "\t"[:0]])
def test_nothing_is_unknown(text):
    assert clean(text) == "unknown"


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ud800", "\x00", "\n", "\u2028"])
def test_invisible_characters_are_escaped(hidden):
    assert clean(f"gpt{hidden}4") == "gpt_4"


def test_the_three_special_characters_are_escaped():
    assert escape('a\\b"c\nd') == 'a\\\\b\\"c\\nd'


@pytest.mark.parametrize("text", [
    "jane.doe@example.org", "mailto:jane@example.org", "<j@b.co.uk>", "jane%40example.org", "jane\uff20example.org",
    "jane@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
])
def test_an_address_is_an_identity(text):
    assert is_private(text)


@pytest.mark.parametrize("text", ["claude@20250514", "accounts/x@y", "a@b", "", "@", "team@"])
def test_values_that_only_look_like_addresses_are_kept(text):
    assert not is_private(text)


KEYS = [
    "sk-proj-Zx81kqLmN0pQ9rStUvWxYz12", "sk-ant-api03-AbCdEfGhIjKlMnOpQr12", "openai/sk-Ab3dEf6hIj9lMn2pQr5t",
    "ghp_" + "a1B2" * 9, "hf_" + "Ab3d" * 8, "AKIA" + "Z9" * 8, "xoxb-12345678901-abc", "Bearer abcdefgh12", "eyJhbGciOiJI.eyJzdWIiOiIx.sig",
    "sk-" + "0a1b2c3d" * 4, "sk-or-v1-" + "0a1b2c3d" * 8, "dapi" + "0a1b2c3d" * 4, "gsk_" + "aB3d" * 13, "xai-" + "aB3d" * 20,
    "pplx-" + "0a1b2c3d" * 6, "nvapi-" + "aB3_" * 16, "r8_" + "aB3d" * 9, "npm_" + "aB3d" * 9, "sk_live_" + "aB3d" * 6,
    "-----BEGIN RSA PRIVATE KEY-----", "sk-lf-0a1b2c3d-0a1b-4c3d-8e5f-0a1b2c3d4e5f", "lsv2_pt_" + "0a1b2c3d" * 4 + "_0a1b2c3d4e",
    "ya29.a0AbCdEfGhIjKlMnOpQrSt",
]  # fmt: skip


@pytest.mark.parametrize("text", [*KEYS, "jane.doe@example.org"])
def test_a_key_or_an_address_in_the_wrong_field_is_not_a_label(text):
    assert (is_private(text), clean(f"x {text}")) == (True, "private")


NAMES = [
    "task-sk-learn-gradient-boosting-v2", "sk-1234", "risk-Assessment-Classifier-2024-Model", "gpt-4o", "hf_model",
    "hf_meta_llama_3_1_8b_instruct", "xai-org/grok-2-1212", "pplx-70b-online", "nvapi-gateway", "nvapi-llama-nemotron-super-49b-v1",
    "gsk_clinicaltrialsummarizer", "npm_recommendationassistant", "sk-or-v1-router", "100%40", "claude-3-5-sonnet%4020240620:rawPredict",
    "text-bison@001", "vertex_ai/claude-3-5-sonnet-v2@20241022", "@cf/meta/llama-3.1-8b-instruct-fp8",
    "ring bearer inventory-bot",
]  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_that_look_a_little_like_a_key_are_kept(text):
    assert clean(text) == text


@given(ANY, st.binary(min_size=1, max_size=100))
def test_a_keyed_hash_is_sixteen_hex_digits_and_depends_on_the_key(text, key):
    value = keyed_hash(text, key)
    assert len(value) == 16
    assert int(value, 16) >= 0
    assert value == keyed_hash(text, key)
    assert value != keyed_hash(text, b"\x01" + key[:60])


@pytest.mark.parametrize("piece", ["%40", "a%40", "\uff20.a", "@.a", "sk-"])
def test_checking_any_value_is_fast(piece):
    began = time.thread_time()
    is_private(piece * 200)
    assert time.thread_time() - began < 0.01


def test_a_huge_value_is_not_kept():
    gc.collect()
    tracemalloc.start()
    try:
        for i in range(10):
            clean(f"{i}{'a' * 1_000_000}")
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
