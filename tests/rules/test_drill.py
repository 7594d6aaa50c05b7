"""A drill fires as its category's page would, and ends by itself."""

from promtool import Case, Text, failed, series

GROUPS = ("drill", "control")
DRILL = "TocsinDrill"


def drilled(values, category="safety"):
    return series("tocsin_drill_timestamp_seconds", values, category=category)


def text(category, **labels):
    return Text("12m", "page", category, f"DRILL: a test page of category {category}. Nothing happened.",
                "This tests whether pages arrive. It resolves after five minutes; confirm that you received it.",
                {"drill": "true", **labels}, owner="platform")  # fmt: skip


CASES = [
    Case("a drill of safety is a page of safety for five minutes", DRILL, [drilled("0x9 600x60")],
         {"9m": 0, "10m": 1, "14m": 1, "16m": 0}, text=text("safety", detection="post_delivery")),
    *(Case(f"a drill of {category} is a page of {category}", DRILL, [drilled("0x9 600x60", category)], {"10m": 1, "16m": 0},
           text=text(category)) for category in ("outage", "quality", "cost")),
    Case("without a drill nothing fires", DRILL, [drilled("0x60")], {"10m": 0, "30m": 0}),
    Case("no data is silent", DRILL, [], {"10m": 0}),
    Case("a drill that an old log holds fires no more", DRILL, [drilled("_x30 60x30")], {"30m": 0, "35m": 0}),
    Case("a restart of the exporter does not repeat it", DRILL, [drilled("0x9 600x8 _x4 600x60")], {"12m": 1, "23m": 0}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
