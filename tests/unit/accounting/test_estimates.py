"""Estimates of tokens: from the texts, bounded, offline, and never mixed with what was reported."""

import socket
from pathlib import Path

import pytest
import tiktoken

from tocsin import catalogue as cat
from tocsin.accounting.estimates import MAX_CHARS, Estimator, find_estimator
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call, Content, Message, ToolCall
from tocsin.series.store import Store

NOW = 1_795_000_000.0


def words(text: str) -> int:
    return len(text.split())


def call(**content) -> Call:
    return Call("1", "1", "openai", "gpt-4o", "chat", NOW, 1.0, content=Content(**content))


def totals(ledger: Ledger, family: cat.Family) -> dict[str, float]:
    return {row.labels[-1]: row.values[0] for row in ledger.store.rows.get(family, {}).values()}


def test_input_and_output_are_estimated_separately():
    said = call(input=[Message("system", "be brief"), Message("user", "how are you")], output="fine thanks")
    assert Estimator(words).tokens(said) == (2 + 3 + 3 + 3 + 3, 2)


def test_calls_to_tools_are_output():
    assert Estimator(words).tokens(call(tools=[ToolCall("weather", "in Oslo")])) == (0, 3)


@pytest.mark.parametrize("content", [{}, {"state": "redacted", "output": "redacted-by-litellm"}])
def test_a_call_without_texts_has_no_estimate(content):
    assert Estimator(words).tokens(call(**content)) is None


def test_a_long_text_is_counted_in_part_and_scaled():
    seen = []
    estimator = Estimator(lambda text: seen.append(len(text)) or words(text))
    assert estimator.tokens(call(output="word " * 100_000))[1] == pytest.approx(100_000, rel=0.01)
    assert sum(seen) == MAX_CHARS


def test_an_estimate_is_counted_only_if_usage_is_missing():
    ledger = Ledger(Store(), Settings(estimator=Estimator(words)))
    ledger.count(call(input=[Message("user", "how are you")], output="fine thanks"), NOW)
    assert totals(ledger, cat.ESTIMATED_TOKENS) == {"input": 9, "output": 2}
    assert sum(totals(ledger, cat.TOKENS).values()) == 0
    assert sum(totals(ledger, cat.CONSUMER_TOKENS).values()) == 0
    assert sum(totals(ledger, cat.USAGE_MISSING).values()) == 1
    assert sum(totals(ledger, cat.UNPRICED).values()) == 0


def test_of_a_cut_stream_only_the_output_is_missing_and_estimated():
    ledger = Ledger(Store(), Settings(estimator=Estimator(words)))
    cut = call(input=[Message("user", "how are you")], output="fine thanks")
    cut.input_tokens, cut.usage_cut = 7, True
    ledger.count(cut, NOW)
    assert totals(ledger, cat.ESTIMATED_TOKENS) == {"output": 2}
    assert sum(totals(ledger, cat.TOKENS).values()) == 7
    assert sum(totals(ledger, cat.USAGE_MISSING).values()) == 1


def test_a_reported_usage_is_not_estimated():
    ledger = Ledger(Store(), Settings(estimator=Estimator(words)))
    reported = call(output="fine thanks")
    reported.input_tokens, reported.output_tokens = 1, 1
    ledger.count(reported, NOW)
    assert totals(ledger, cat.ESTIMATED_TOKENS) == {}


def test_a_declared_gap_is_not_estimated():
    ledger = Ledger(Store(), Settings(estimator=Estimator(words), no_usage_expected=("gpt-4o",)))
    ledger.count(call(output="fine thanks"), NOW)
    assert totals(ledger, cat.ESTIMATED_TOKENS) == {}


def test_encodings_that_are_not_here_are_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: asked.append(a))
    assert find_estimator() == (None, "off: no encoding in TIKTOKEN_CACHE_DIR; nothing is downloaded")
    assert (asked, list(tmp_path.iterdir())) == ([], [])


def test_a_damaged_encoding_is_not_downloaded_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("the network was asked"))
    (tmp_path / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").write_bytes(b"damaged")
    assert find_estimator()[0] is None


def test_encodings_on_disk_count_like_tiktoken(monkeypatch):
    shipped = Path(__file__).parents[3] / ".tools/litellm"
    folder = next(shipped.glob("lib/python3*/site-packages/litellm/litellm_core_utils/tokenizers"), None)
    if folder is None:
        pytest.skip("LiteLLM, which carries the encodings, is not in .tools: make tools")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("the network was asked"))
    estimator, words_of_it = find_estimator()
    assert words_of_it == "tiktoken, o200k_base"
    assert estimator.tokens(call(output="hello world"))[1] == 2
    assert estimator.tokens(call(output="a lone surrogate \ud800"))[1] > 0
