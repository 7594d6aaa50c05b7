"""The guard's looks, joined to the calls of the log."""

from scored import call, make, take, values
from tocsin import catalogue as cat
from tocsin.config import parse


def test_coverage_counts_answers_of_guarded_routes_and_which_of_them_the_guard_saw():
    scoring = make(parse(b"routes: [{match: {route: support}, guard: {pii: block}}]"))
    scoring.coverage.seen.put("call-1", "")

    take(scoring, call(1), call(2), call(3, route="other"), call(4, failure="timeout"))

    assert (values(scoring, cat.GUARD_ELIGIBLE), values(scoring, cat.GUARD_SCANNED)) == ({("support",): 2}, {("support",): 1})


def test_answers_stopped_by_the_guard_are_not_counted_as_delivered():
    scoring = make()
    scoring.coverage.seen.put("call-1", "pii")

    take(scoring, call(1, "078-05-1120"), call(2, "078-05-1120"))

    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}
