"""Dashboards hold what Grafana's linter asks for, know every key, and query only what exists.

The rules are those of Grafana's dashboard-linter (https://github.com/grafana/dashboard-linter), of which there is no
build here; its job and instance rules apply to raw series only.
"""

import json
import re

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from tocsin import bundle
from tocsin.catalogue import FAMILIES

PAGES = {name: json.loads(text) for name, text in bundle.dashboards().items()}
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
COMPILED = bundle.compile()
RECORDED = {
    rule["record"]: rule for group in bundle.parse(COMPILED.recording)["groups"] for rule in group["rules"]
}
# Keys that Grafana's Prometheus plugin reads and the SDK, which knows the core, does not.
PLUGIN_KEYS = {
    f".annotations.list[].{key}" for key in ("titleFormat", "textFormat", "step", "tagKeys", "useValueForTime")
} | {".templating.list[].definition"}
VARIABLES = re.compile(r"\$\{?(?:__)?[a-z_]+(?::[a-z]+)?\}?")


@pytest.fixture(params=sorted(PAGES))
def page(request):
    return PAGES[request.param]


def panels(page):
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def queries(page):
    """Each expression with its panel, with variables replaced as by Grafana."""
    for panel in panels(page):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in page["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"].removeprefix("label_values(").rsplit(",", 1)[0]


def filled(expr):
    return VARIABLES.sub("x", re.sub(r"\$__(rate_interval|range)", "5m", expr.replace("$__range_s", "300")))


def selectors(node):
    """Every vector selector below a node of the parsed query."""
    found = []
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, promql_parser.VectorSelector):
            found.append(current)
        for name in ("lhs", "rhs", "expr", "param", "vector_selector", "vs"):
            child = getattr(current, name, None)
            if isinstance(child, promql_parser.Expr):
                stack.append(child)
        stack += list(getattr(current, "args", None) or [])
    return found


def test_the_pages_are_those_of_the_contract():
    assert sorted(page["uid"] for page in PAGES.values()) == [
        "tocsin-cost", "tocsin-exporter", "tocsin-incident", "tocsin-outage", "tocsin-overview", "tocsin-quality", "tocsin-safety",
    ]  # fmt: skip


def test_compiled_pages_are_those_in_the_repository():
    for name, text in bundle.dashboards().items():
        assert (bundle.DASHBOARDS / "out" / name).read_text() == text, f"{name} is stale: run `make bundle`"


def test_no_dashboard_is_too_large_for_a_config_map():
    assert max(len(text.encode()) for text in bundle.dashboards().values()) < 262_144


def test_no_key_is_unknown_to_grafana(page):
    register_default_plugins()

    read_back = json.loads(JSONEncoder().encode(Dashboard.from_json(page)))

    def keys(tree, path=""):
        if isinstance(tree, dict):
            for key, value in tree.items():
                yield f"{path}.{key}"
                yield from keys(value, f"{path}.{key}")
        elif isinstance(tree, list):
            for value in tree:
                yield from keys(value, f"{path}[]")

    # A key that the SDK does not know is lost; a null is not written.
    lost = set(keys(page)) - set(keys(read_back)) - PLUGIN_KEYS
    assert {key for key in lost if not key.endswith("value")} == set()


def test_the_page_is_uneditable_and_reloads_with_the_time(page):
    assert page["editable"] is False
    assert "id" not in page
    assert all(v["refresh"] == 2 for v in page["templating"]["list"] if v["type"] == "query")


def test_the_data_source_is_a_variable_everywhere(page):
    first = page["templating"]["list"][0]

    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    for panel in panels(page):
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_job_and_instance_are_variables(page):
    by_name = {v["name"]: v for v in page["templating"]["list"]}

    for name in ("job", "instance"):
        assert by_name[name]["label"] == name
        assert by_name[name]["multi"] is True
        assert by_name[name]["allValue"] == ".+"


def test_every_panel_has_a_description(page):
    for panel in panels(page):
        assert panel["title"]
        assert len(panel["description"]) > 15, panel["title"]


def test_every_value_has_a_unit_that_grafana_knows_and_a_word_for_nothing(page):
    for panel in panels(page):
        if panel["type"] in ("timeseries", "stat", "table", "heatmap"):
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
            assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


def test_every_query_parses(page):
    for _, expr in queries(page):
        promql_parser.parse(filled(expr))


def test_every_query_selects_existing_metrics(page):
    known = set(RECORDED) | {"ALERTS"}
    for family in FAMILIES.values():
        known |= {family.name, *(family.name + end for end in ("_bucket", "_sum", "_count") if family.kind == "histogram")}

    for where, expr in queries(page):
        for selector in selectors(promql_parser.parse(filled(expr))):
            assert selector.name in known, f"{where}: {selector.name}"


def test_raw_series_are_selected_by_job_and_instance(page):
    for panel in panels(page):
        for target in panel["targets"]:
            for selector in selectors(promql_parser.parse(filled(target["expr"]))):
                if selector.name in RECORDED or selector.name == "ALERTS":
                    continue
                names = {matcher.name for matcher in selector.matchers.matchers}
                assert {"job", "instance"} <= names, f"{panel['title']}: {selector.name}"


def test_counters_are_rated_over_the_interval_of_the_page(page):
    for panel in panels(page):
        for target in panel["targets"]:
            # The whole of what is younger than the range counts: see `counted`.
            expr = re.sub(r"\w+_total\{[^}]*\} and ignoring", "", target["expr"])
            for name, window in re.findall(r"(\w+_total|\w+_bucket|\w+_sum|\w+_count)\{[^}]*\}(\[[^\]]+\])?", expr):
                if not name.startswith(("llm_", "tocsin_", "process_")):
                    continue
                assert window in ("[$__rate_interval]", "[$__range]", "[30m]"), f"{panel['title']}: {name}{window}"
                assert window != "[30m]" or panel["type"] == "table"


def test_every_column_of_a_table_is_named_and_ordered_by_fields_that_grafana_gives_it(page):
    for panel in (panel for panel in panels(page) if panel["type"] == "table"):
        many = len(panel["targets"]) > 1
        values = {f"Value #{target['refId']}" if many else "Value" for target in panel["targets"]}
        labels = {label for target in panel["targets"] for label in re.findall(r"by \(([^)]*)\)", target["expr"])}
        labels = {name for group in labels for name in re.split(r",\s*", group)}
        organize = panel["transformations"][1]["options"]

        assert set(organize["renameByName"]) == values, panel["title"]
        assert set(organize["indexByName"]) <= values | labels, panel["title"]
        assert set(organize["excludeByName"]) <= values | {"Time"}, panel["title"]
        shown = {organize["renameByName"][value] for value in values - set(organize["excludeByName"])}
        assert {order["displayName"] for order in panel["options"].get("sortBy", [])} <= shown, panel["title"]


def test_every_page_marks_alerts_model_changes_and_reloads(page):
    names = {a["name"] for a in page["annotations"]["list"]}

    assert {"Alerts", "Model changes", "Prompt changes", "Configuration"} <= names


def test_every_graph_of_a_latency_or_a_size_has_exemplars():
    def exemplars(panel):
        return all(target.get("exemplar") for target in panel["targets"])

    by_title = {panel["title"]: panel for page in PAGES.values() for panel in panels(page)}
    assert exemplars(by_title["Duration, p95"])
    assert exemplars(by_title["Time to first token, p95"])
    assert exemplars(by_title["Tokens per request"])


def test_thresholds_follow_the_mixin():
    changed = json.loads(bundle.dashboards({"format.minimumRatio": 0.9})["quality.json"])

    panel = next(p for p in panels(changed) if p["title"] == "Compliance of the last 1,000")
    assert [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None, 0.9]


def test_every_dashboard_link_resolves_and_keeps_the_clicked_labels(page):
    variables = {other["uid"]: {v["name"] for v in other["templating"]["list"]} for other in PAGES.values()}
    for panel in panels(page):
        assert panel["links"] == [], f"{panel['title']}: links of a panel do not know the labels of its lines"
        for link in panel["fieldConfig"]["defaults"].get("links", []):
            uid = re.match(r"/d/([a-z-]+)\?", link["url"])[1]
            labels = set(re.findall(r"\bvar-(\w+)=\$\{__field\.labels\.\1:percentencode\}", link["url"]))
            grouped = {name for target in panel["targets"] for name in re.findall(r"\w+", target["legendFormat"])}
            assert labels
            assert labels <= variables[uid] & grouped
            for kept in ("${__url_time_range}", "${datasource:queryparam}", "${job:queryparam}", "${instance:queryparam}"):
                assert kept in link["url"]


def test_every_dashboard_url_of_an_alert_names_a_page_and_its_variables():
    by_uid = {page["uid"]: {v["name"] for v in page["templating"]["list"]} for page in PAGES.values()}
    for group in bundle.parse(COMPILED.alerts)["groups"]:
        for rule in group["rules"]:
            url = rule["annotations"]["dashboard_url"]
            uid = re.search(r"/d/([a-z-]+)", url)[1]
            assert uid in by_uid, rule["alert"]
            assert set(re.findall(r"var-(\w+)=", url)) <= by_uid[uid], f"{rule['alert']}: {url}"


def test_every_exported_family_is_on_a_dashboard():
    shown = {
        selector.name for page in PAGES.values() for _, expr in queries(page)
        for selector in selectors(promql_parser.parse(filled(expr)))
    }  # fmt: skip
    bases = {re.sub(r"_(bucket|sum|count)$", "", name) if name.startswith(("llm_", "tocsin_")) else name for name in shown} | shown
    through_rules = set(re.findall(r"\b(?:llm|tocsin)_\w+", COMPILED.recording + COMPILED.alerts))
    through_rules |= {re.sub(r"_(bucket|sum|count)$", "", name) for name in through_rules}

    missing = {f.name for f in FAMILIES.values() if not f.planned and f.group != "self"} - bases - through_rules
    assert missing == set()


PICTURES = bundle.RULES.resolve().parent / "docs" / "pictures"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_a_preview_that_is_small(name):
    picture = PICTURES / f"preview-{name.removesuffix('.json')}.png"

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 150 * 1024


def test_an_alert_links_to_a_dashboard_with_its_metrics():
    shown = {
        page["uid"]: {s.name for _, expr in queries(page) for s in selectors(promql_parser.parse(filled(expr)))}
        for page in PAGES.values()
    }  # fmt: skip
    made_of = {name: set(re.findall(r"\b(?:llm|tocsin)_\w+", rule["expr"])) for name, rule in RECORDED.items()}
    urls = {
        rule["alert"]: re.search(r"/d/([a-z-]+)", rule["annotations"]["dashboard_url"])[1]
        for group in bundle.parse(COMPILED.alerts)["groups"] for rule in group["rules"]
    }  # fmt: skip

    blind = []
    for row in COMPILED.table:
        names = {name for name in re.findall(r"\b(?:llm|tocsin)_\w+", row["metric"]) if not FAMILIES[name].planned}
        page = shown[urls[row["alert"]]]
        on = page | {re.sub(r"_(bucket|sum|count)$", "", name) for name in page}
        on |= {metric for name in page & set(made_of) for metric in made_of[name]}
        if names and not names & on and row["alert"] != "TocsinDrill":
            blind.append(row["alert"])
    assert blind == []


def panel_of(page, title):
    return next(panel for panel in panels(PAGES[page]) if panel["title"] == title)


def test_bad_answers_are_drawn_for_the_scorer_that_the_alert_names():
    [target] = panel_of("quality.json", "Bad answers")["targets"]
    assert "by (route, scorer)" in target["expr"]
    assert target["expr"].count('scorer=~"$scorer"') == 2


@pytest.mark.parametrize(("page", "title"), [("overview.json", "Violations"), ("safety.json", "Reached a user")])
def test_a_violation_in_the_first_scrape_of_its_label_set_is_counted(page, title):
    """``increase()`` ignores the first value of a series: the dashboard would show 0 for a firing alert."""
    expr = panel_of(page, title)["targets"][0]["expr"]

    assert "llm_first_request_timestamp_seconds" in {s.name for s in selectors(promql_parser.parse(filled(expr)))}


@pytest.mark.parametrize(("page", "title"), [("incident.json", "Failing share"), ("overview.json", "Routes")])
def test_an_expired_key_is_seen_to_fail(page, title):
    """LLMNoSuccess looks at failures of any reason but blocked and cancelled."""
    exprs = [t["expr"] for t in panel_of(page, title)["targets"] if "llm_request_failures_total" in t["expr"]]
    matchers = [m for expr in exprs for m in re.findall(r'reason(!?[=~]+)"([^"]*)"', expr)]

    assert any(kind == "!~" and "client_4xx" not in reasons for kind, reasons in matchers)


@pytest.mark.parametrize("page", ["exporter.json", "incident.json"])
def test_unscorable_answers_are_not_a_blind_spot(page):
    alert = next(
        rule["expr"] for group in bundle.parse(COMPILED.alerts)["groups"] for rule in group["rules"]
        if rule["alert"] == "LLMAnswersUnscored"
    )  # fmt: skip
    left_out = re.search(r'reason!~"[^"]*"', alert)[0]

    assert left_out in panel_of(page, "Unscored share")["targets"][0]["expr"]


def test_the_bound_of_money_is_the_allowance_or_the_share_whichever_is_more():
    bound = next(t["expr"] for t in panel_of("cost.json", "Spent and expected")["targets"] if t["legendFormat"] == "pages over")

    assert re.search(r"\+ clamp_min\(0\.25 \* .*, 50\)$", bound)


@pytest.mark.parametrize(
    ("page", "title", "key"),
    [
        ("quality.json", "Score and baseline", "quality.dropRatio"),
        ("quality.json", "Compliance of the last 1,000", "format.minimumRatio"),
    ],
)
def test_the_bound_of_a_route_is_drawn(page, title, key):
    assert any(f'name="{key}"' in target["expr"] for target in panel_of(page, title)["targets"])
