"""Baselines of fleets that are kept apart by a label, each with a pair of Prometheus servers or of exporters."""

from burst_series import first, requests
from promtool import Case, compiled, failed, series
from quality_series import HOUR, LEARNT, scored

GROUPS = (
    "routes-seen", "routes", "outage-requests", "owners", "outage", "quality-scores", "quality-quiet", "quality-baselines", "quality",
    "exporter",
)  # fmt: skip
INTERVAL = "5m"
RULES = compiled(aggregationLabels=["cluster"], baseline__window=6 * 3600)
PAGE, ABSENT = "LLMQualityScoreDropped", "TocsinAbsent"


def info(cluster, tier="prod"):
    return series("llm_route_info", "1x500", route="support", owner=f"team-{cluster}", tier=tier, traffic="live", cluster=cluster)


def build(cluster, values):
    return series("tocsin_build_info", values, version="1", python="3.11", cluster=cluster)


def fires(cluster):
    return f'count(ALERTS{{alertname="{PAGE}", alertstate="firing", severity="page", cluster="{cluster}", owner="team-{cluster}"}})'


def baseline(cluster):
    return f'round(max(route_scorer:llm_quality_score:baseline7d{{cluster="{cluster}"}}), 0.01)'


def pair(means, cluster):
    """Two replicas that share a route."""
    return scored(means, 60, instance=f"{cluster}-a", cluster=cluster) + scored(means, 60, instance=f"{cluster}-b", cluster=cluster)


DROPPED, FINE, OTHER = LEARNT + [0.56] * 3 * HOUR, [0.8] * 7 * HOUR, [0.5] * 7 * HOUR
CASES = [
    Case("a drop in one cluster pages for it alone", PAGE,
         [info("eu"), info("us"), *pair(DROPPED, "eu"), *pair(FINE, "us")], {"4h": 0, "4h35m": 1, "7h": 1},
         values={(fires("eu"), "5h"): 1.0, (fires("us"), "5h"): None}),
    Case("clusters with unlike scores have baselines of their own", PAGE,
         [info("eu"), info("us"), *pair(FINE, "eu"), *pair(OTHER, "us")], {"4h": 0, "7h": 0},
         values={(baseline("eu"), "5h"): 0.8, (baseline("us"), "5h"): 0.5}),
    Case("a drop in both clusters pages for both", PAGE,
         [info("eu"), info("us"), *pair(DROPPED, "eu"), *pair(DROPPED, "us")], {"5h": 2}),
    Case("a cluster of staging is a ticket beside a page", PAGE,
         [info("eu"), info("us", "staging"), *pair(DROPPED, "eu"), *pair(DROPPED, "us")], {"5h": 1}, severity="page"),
    Case("one replica of a pair that restarts is no drop", PAGE,
         [info("eu"), *scored(LEARNT, 60, instance="a", cluster="eu"),
          *scored([0.8] * 7 * HOUR, 60, instance="b", cluster="eu")], {"4h20m": 0, "5h": 0, "7h": 0}),
    Case("a first burst in one cluster does not bring back the past of another, whose exporter has the same name", "LLMRequestsFailing",
         [info("eu"), info("us"), first(27_000, cluster="eu"), *requests(100, 60, cluster="eu"),
          first(60, cluster="us"), *requests(5000, 3000, cluster="us")], {"7h35m": 1},
         values={('count(ALERTS{alertname="LLMRequestsFailing", alertstate="firing", cluster="eu"})', "7h35m"): 1.0}),
    Case("a cluster whose exporters are gone pages though another's are there", ABSENT,
         [build("eu", "1x12 stale"), build("us", "1x80")], {"1h": 0, "1h20m": 1, "6h": 1},
         values={('count(ALERTS{alertname="TocsinAbsent", alertstate="firing", cluster="eu"})', "2h"): 1.0}),
    Case("no exporter in any cluster is one page for each", ABSENT, [build("eu", "1x12 stale"), build("us", "1x12 stale")], {"2h": 2}),
    Case("no exporter ever is a page", ABSENT, [], {"2h": 1}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
