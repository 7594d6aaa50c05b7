"""The page is what the reference parser reads, whatever the label values."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from tocsin import catalogue as cat
from tocsin.accounting.group import Block
from tocsin.labels import clean, is_private
from tocsin.series.exposition import blocks, gzip_blocks, page
from tocsin.series.store import Store

LABEL = st.text(st.characters(codec=None), max_size=200)


def filled() -> Store:
    store = Store()
    store.row(cat.REQUESTS, "p", "m", "r").add(3)
    for value in (0.05, 0.1, 0.3, 1e9):
        store.row(cat.DURATION, "p", "m", "r").observe(value)
    return store


def samples(store: Store) -> dict:
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in plain(page(store).decode()) for s in f.samples}


def test_buckets_are_cumulative_and_include_their_bound():
    found = {labels: value for (name, labels), value in samples(filled()).items() if name.endswith("_bucket")}
    by_bound = {dict(labels)["le"]: value for labels, value in found.items()}
    assert (by_bound["0.1"], by_bound["0.25"], by_bound["0.5"], by_bound["300.0"], by_bound["+Inf"]) == (2, 2, 3, 3, 4)


@given(LABEL)
def test_any_text_becomes_a_label_value_that_parses(text):
    store = Store()
    store.row(cat.REQUESTS, "p", clean(text), "r").add(1)
    ((_, labels),) = samples(store)
    assert dict(labels)["model"] == clean(text)
    assert 0 < len(clean(text)) <= 128


def test_an_empty_histogram_is_exported_as_zeros():
    store = Store()
    store.row(cat.DURATION, "p", "100%d", "r")
    found = samples(store)
    assert set(found.values()) == {0}
    assert {dict(labels)["model"] for _, labels in found} == {"100%d"}
    assert len(found) == len(cat.DURATION.buckets) + 3


def test_while_commits_fail_only_unrepeatable_values_are_frozen():
    store = Store()
    stopped, delivered = (store.row(cat.VIOLATIONS, "p", "m", "r", "pii", word, "false", "false") for word in ("false", "true"))
    rows = [stopped, delivered, store.row(cat.GUARD_SHED, "r"), store.row(cat.REQUESTS, "p", "m", "r")]
    for row in rows:
        row.add(1)
    page(store)
    for row in [*rows, store.row(cat.GUARD_SHED, "met since")]:
        row.add(1)

    meanwhile, after = b"".join(blocks(store, saved=False)), page(store)

    shown = [[int(line.split()[-1]) for line in each.splitlines() if not line.startswith(b"#")] for each in (meanwhile, after)]
    assert shown == [[1, 2, 1, 0, 2], [2, 2, 2, 1, 2]]


@pytest.mark.parametrize("own", [(), ("timeout",)])
@pytest.mark.parametrize("extra", [(), ("team",)])
def test_rows_sharing_their_first_labels_equal_rows_rendered_alone(own, extra):
    family, labels = cat.FAILURES if own else cat.REQUESTS, ("p", 'm"\\', "r", *extra)
    alone, together = Store(extra), Store(extra)
    alone.row(family, *labels, *own)
    Block(together, labels).row(family, *own)
    assert page(together) == page(alone)


def test_openmetrics_parses_and_carries_the_exemplar():
    store = filled()
    row = store.row(cat.DURATION, "p", "m", "r")
    row.exemplar = ("trace-1", 0.3, 1795000000.0)
    row.text = None
    families = list(openmetrics(page(store, openmetrics=True).decode()))
    found = [s.exemplar for f in families for s in f.samples if s.exemplar]
    assert found[0].labels == {"trace_id": "trace-1"}


def test_gzip_pieces_are_one_page():
    store = filled()
    assert gzip.decompress(b"".join(gzip_blocks(blocks(store)))) == page(store)


def test_a_removed_row_leaves_the_page_and_the_budget():
    store = filled()
    before = store.samples
    store.remove(store.row(cat.REQUESTS, "p", "m", "r"))
    assert store.samples == before - 1
    assert b"llm_requests_total" not in page(store)


def test_an_address_is_recognised_and_a_version_is_not():
    assert is_private("jane@corp.example.org")
    assert not is_private("model@20260101")


@given(LABEL.filter(bool))
def test_no_trace_id_spoils_the_page(trace):
    store = filled()
    store.row(cat.DURATION, "p", "m", "r").exemplar = (trace, 0.3, 1795000000.0)
    families = openmetrics(page(store, openmetrics=True).decode())
    assert sum(1 for f in families for s in f.samples if s.exemplar) <= 1


@pytest.mark.parametrize("private", ["sk-proj-Zx81kqLmN0pQ9rStUvWxYz12", "eyJhbGciOiJI.eyJzdWIiOiIx.sig"])
def test_a_key_as_the_trace_id_is_not_an_exemplar(private):
    store = filled()
    store.row(cat.DURATION, "p", "m", "r").exemplar = (private, 0.3, 1795000000.0)
    assert private.encode() not in page(store, openmetrics=True)
