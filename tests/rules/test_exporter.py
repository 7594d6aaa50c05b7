"""Tocsin's own blindness."""

from promtool import Case, Text, failed, series
from simple_cases import CALL, REQUESTS, simple

GROUPS = ("routes-seen", "routes", "exporter", "exporter-blindness")
INSTANCE = {"instance": "a"}


def read(values, metric="tocsin_events_read_total"):
    return series(metric, values, input="file")


CASES = [
    Case("the dead man's switch always fires", "TocsinDeadMansSwitch", [], {"0m": 1, "30m": 1}, severity="info",
         text=Text("30m", "info", "exporter", "Alerts of Tocsin can be evaluated and sent.",
                   "This alert always fires. Have an external service watch for it: if it stops, no other alert "
                   "arrives either.",
                   owner="platform")),
    *simple("TocsinAbsent", series("tocsin_build_info", "1x5 stale _x18 1x60", version="1", python="3.11"), "20m", "30m",
            ("No Tocsin is scraped.",
             ("Quality, cost and safety of the models are not monitored. Check that Tocsin runs and that the scrape "
              "job matches the rules. Ongoing for 14m 0s.")),
            silent={"a short gap": series("tocsin_build_info", "1x12 _x3 1x60", version="1", python="3.11")}, severity="page",
            labels={"job": "tocsin"}),
    Case("TocsinAbsent fires while the guard alone is there", "TocsinAbsent",
         [series("tocsin_build_info", "1x5 stale", version="1", python="3.11", mode="exporter"),
          series("tocsin_build_info", "1x60", instance="g", version="1", python="3.11", mode="guard")], {"20m": 1}, severity="page"),
    *simple("TocsinIngestStalled", [series("tocsin_ingest_lag_seconds", "0x19 400+60x20 0x30"), read("0+5x9 45x40 45+5x30")], "30m", "55m",
            ("Tocsin at a has stopped reading.",
             "The newest counted event is 16m 40s old, and there is unread data. Ongoing for 10m 0s."),
            silent={"it catches up": [series("tocsin_ingest_lag_seconds", "0x9 400+60x20"), read("0+5x60")],
                    "nothing to read": [series("tocsin_ingest_lag_seconds", "0x60"), read("45x60")]},
            labels=INSTANCE, severity="page"),
    *simple("TocsinTargetDown", series("up", "1x5 0x20 1x30"), "20m", "40m",
            ("Tocsin at a cannot be scraped.", ("Its calls are not monitored meanwhile; they are counted once it is "
                                               "back. Ongoing for 14m 0s.")),
            silent={"one failed scrape": series("up", "1x18 0 1x30")}, labels=INSTANCE),
    *simple("TocsinIngestLagging", series("tocsin_ingest_lag_seconds", "0x9 900x30 0x30"), "30m", "50m",
            ("Tocsin at a is falling behind.", "The newest counted event is 15m 0s old."),
            silent={"a short lag": series("tocsin_ingest_lag_seconds", "0x20 900x5 0x30")}, labels=INSTANCE),
    *simple("TocsinEventsUnparsed",
            [read("0+10x120"), series("tocsin_events_skipped_total", "0x9 1+1x30 31x60", input="file", reason="not_json")], "38m", "70m",
            ("Tocsin cannot count events of its file input.", "10% of the events of the last 15 minutes were skipped: not_json."),
            silent={"one in a thousand": [read("0+1000x60"), series("tocsin_events_skipped_total", "0+1x60", input="file", reason="x")],
                    "a few": [read("0+1x60"), series("tocsin_events_skipped_total", "0x30 3x60", input="file", reason="x")]},
            labels={"input": "file", "reason": "not_json"}),
    *simple("TocsinFieldsUnusable",
            [read("0+10x120", "tocsin_events_counted_total"), series("tocsin_field_errors_total", "0x9 2+2x30 62x60", field="ttft")], "38m", "70m",
            ("The field ttft of events is unusable.", ("20% of the events of the last 15 minutes were counted without "
                                                      "it.")),
            silent={"a few": [read("0+10x120", "tocsin_events_counted_total"), series("tocsin_field_errors_total", "0x9 3x60", field="ttft")]},
            labels={"field": "ttft"}),
    *simple("LLMAnswersUnscored", [series("llm_unscored_total", "0x5 9+9x75 684x120", **CALL, reason="no_content"),
                                   series("llm_scored_total", "0+1x200", **CALL, scorer="composite")], "80m", "280m",
            ("Most answers of support have no quality score.",
             "90% of the answers of the last hour were not scored: their quality is unknown, not good."),
            silent={"most are scored": [series("llm_unscored_total", "0+1x120", **CALL, reason="no_content"),
                                        series("llm_scored_total", "0+9x120", **CALL, scorer="composite")],
                    "embeddings": [series("llm_unscored_total", "0x5 9+9x115", **CALL, reason="no_answer")],
                    "no answer of any route was ever scored": [series("llm_unscored_total", "0x5 9+9x115", **CALL, reason="no_content"),
                                                               series("tocsin_category_instrumented", "0x120", category="quality")]},
            labels={"route": "support"}, owner="team"),
    *simple("TocsinRequestsLate", [REQUESTS, series("llm_late_requests_total", "0+10x100 1000x100", **CALL)], "60m", "150m",
            ("Requests of support arrive late.",
             ("100% of the requests of the last 15 minutes were over ten minutes old when they were counted: no "
              "outage or cost alert includes them. The sender delivers late, or its clock or time zone is wrong.")),
            silent={"a backlog": [series("llm_requests_total", "0+10x30 5000+10x60", **CALL), series("llm_late_requests_total", "0x30 4700x60", **CALL)],
                    "a few": [REQUESTS, series("llm_late_requests_total", "0+1x100", **CALL)],
                    "batches by choice": [REQUESTS, series("llm_late_requests_total", "0+10x100", **CALL),
                                          series("tocsin_threshold", "1x200", route="support", name="exporter.lateRatio")]},
            labels={"route": "support"}, owner="team"),
    *simple("LLMUsageMissing", [REQUESTS, series("llm_usage_missing_total", "0x5 1+1x75 76x120", **CALL)], "80m", "160m",
            ("openai/gpt-4o does not report token usage.",
             ("10% of the requests of the last hour reported no usage; their tokens and cost are unknown, not 0. "
              "Streams need `stream_options: {include_usage: true}`.")),
            silent={"a few": [REQUESTS, series("llm_usage_missing_total", "0x5 5x120", **CALL)]},
            labels={"provider": "openai", "model": "gpt-4o"}),
    *simple("LLMCategoryUninstrumented", series("tocsin_category_instrumented", "0x80 1x60", category="quality"), "70m", "90m",
            ("The category quality has no data.", "No event contains what this category needs: its alerts cannot fire."),
            silent={"one replica sees it": [series("tocsin_category_instrumented", "0x80", category="quality"),
                                            series("tocsin_category_instrumented", "1x80", "b", category="quality")]},
            labels={"uninstrumented": "quality"}),
    *simple("TocsinLabelsFolded", series("tocsin_labels_folded_total", "0x9 5x90", label="model"), "20m", "80m",
            ("Values of the label model are folded into other.",
             "5 events of the last hour: raise `series.max`, or find the source of so many values."),
            silent={"none": series("tocsin_labels_folded_total", "7x90", label="model"),
                    "label sets that were silent for a month": series("tocsin_labels_folded_total", "0x9 5x90", label="expired")},
            labels={"label": "model"}),
    *simple("TocsinSeriesNearLimit", [series("tocsin_series", "950x30 500x30"), series("tocsin_series_max", "1000x60")], "20m", "40m",
            ("Tocsin at a is near its series limit.",
             "It exports 95% of `series.max`; above it, label values are folded into other."),
            silent={"room": [series("tocsin_series", "850x30"), series("tocsin_series_max", "1000x60")]}, labels=INSTANCE),
    *simple("TocsinCommitFailing", series("tocsin_commit_failures_total", "0x5 1+1x20 21x30"), "22m", "50m",
            ("Tocsin at a cannot save its state.",
             ("10 commits of the last 10 minutes failed. Calls are still counted; counters of the guard and of "
             "refused deliveries are frozen until a commit succeeds. Check free space and permissions of "
             "`storage.path`.")),
            silent={"none": series("tocsin_commit_failures_total", "3x60"), "a reset": series("tocsin_commit_failures_total", "9x10 0x60")},
            labels=INSTANCE),
    *simple("TocsinStateDegraded", series("tocsin_state_degraded", "0x5 1x20 0x30"), "20m", "40m",
            ("Tocsin at a lost its state or cannot write it.", "Counters may have restarted at 0. Ongoing for 14m 0s."),
            silent={"fine": series("tocsin_state_degraded", "0x60")}, labels=INSTANCE),
    *simple("TocsinStreamsLost", series("tocsin_streams_lost_total", "0x9 1x90", reason="deleted"), "20m", "80m",
            ("A log was deleted before it was read.", "1 in the last hour; the events in it are lost."),
            silent={"long ago": series("tocsin_streams_lost_total", "1x60", reason="deleted")}, labels={"reason": "deleted"}),
    *simple("TocsinDeliveriesRefused", series("tocsin_ingest_refused_total", "0x9 30x90", reason="unauthorized"), "20m", "80m",
            ("Tocsin refuses deliveries: unauthorized.",
             "30 in the last hour: webhook deliveries, whose events are lost, or texts that the guard did not scan."),
            silent={"a few": series("tocsin_ingest_refused_total", "0x9 5x90", reason="unauthorized"),
                    "long ago": series("tocsin_ingest_refused_total", "30x90", reason="no_room")}, labels={"reason": "unauthorized"}),
    *simple("TocsinReloadFailed", series("tocsin_config_last_reload_successful", "1x5 0x20 1x30"), "20m", "40m",
            ("Tocsin at a runs with an outdated configuration.",
             "The last reload failed; `tocsin config check` shows why. Ongoing for 14m 0s."),
            silent={"fine": series("tocsin_config_last_reload_successful", "1x60")}, labels=INSTANCE),
    *simple("TocsinInputUnusable", series("tocsin_input_unusable", "0x5 2x20 0x30", reason="permission"), "20m", "40m",
            ("Tocsin at a cannot read an input.", "2 configured inputs: permission."),
            silent={"fine": series("tocsin_input_unusable", "0x60", reason="permission")}, labels={**INSTANCE, "reason": "permission"}),
    *simple("TocsinSpoolFilling", series("tocsin_spool_bytes", "0x5 2000000000x20 0x30"), "20m", "40m",
            ("The webhook spool of Tocsin at a is filling up.", ("Events arrive faster than they are read, or reading has "
                                                        "stopped.")),
            silent={"small and young": [series("tocsin_spool_bytes", "1000x60"), series("tocsin_spool_oldest_age_seconds", "10x60")]},
            labels=INSTANCE),
    *simple("TocsinTaskStuck", series("tocsin_task_heartbeat_timestamp_seconds", "0+60x5 300x20 1620+60x30", task="tail"), "15m", "40m",
            ("The task tail of Tocsin at a is stuck.", "Its last heartbeat was 10m 0s ago."),
            silent={"alive": series("tocsin_task_heartbeat_timestamp_seconds", "0+60x60", task="tail")}, labels={**INSTANCE, "task": "tail"}),
    *simple("TocsinScoringDropped", series("tocsin_scoring_dropped_total", "0x5 4+4x40 164x40", detector="topic"), "40m", "70m",
            ("The detector topic cannot keep up.", ("60 answers of the last 15 minutes were not checked "
                                                                "by it.")),
            silent={"once": series("tocsin_scoring_dropped_total", "0x5 4x60", detector="topic")}, labels={"detector": "topic"}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
