"""Alerts on events: changes, control, tickets of cost and safety, the guard."""

from promtool import Case, failed, series
from simple_cases import CALL, KNOWN, REQUESTS, simple

GROUPS = ("routes-seen", "routes", "change", "control", "cost-consumers", "cost-slow", "safety", "guard", "traffic", "surges", "safety-surges", "guard-reviews")


def answers(eligible, scanned):
    return [series("llm_guard_eligible_total", eligible, route="support"), series("llm_guard_scanned_total", scanned, route="support")]


NO_ATTEMPT = series("llm_injection_attempts_total", "0x200", **CALL, role="user")
"""Shows for how long a route is known."""
CASES = [
    *simple("LLMModelChanged",
            [series("llm_model_changes_total", "0x9 1x90", **CALL),
             series("llm_model_info", "1x90", **CALL, requested="gpt-4o", served="gpt-4o-2024-08-06", fingerprint="fp_1")], "20m", "80m",
            ("gpt-4o is served to support by a different model.",
             "It changed in the last hour. gpt-4o is served by gpt-4o-2024-08-06 (fp_1), changed in the last 6h."),
            silent={"no change": series("llm_model_changes_total", "3x90", **CALL)}, labels=CALL, severity="info", category="change", owner="team"),
    *simple("LLMPromptChanged", series("llm_prompt_changes_total", "0x9 1x90", route="support", name="main"), "20m", "80m",
            ("The prompt main of support changed.", "Its version or checksum changed in the last hour."),
            silent={"no change": series("llm_prompt_changes_total", "3x90", route="support", name="main")},
            labels={"route": "support", "name": "main"}, severity="info", category="change", owner="team"),
    *simple("LLMLegalNotifyOverdue", series("tocsin_notify_deadline_timestamp_seconds", "0x5 1800x60 0x30", audience="legal"), "31m", "70m",
            ("Legal has not acknowledged a safety incident in time.", "The deadline passed 1m 0s ago. Call them."),
            silent={"in time": series("tocsin_notify_deadline_timestamp_seconds", "0x5 1860x60", audience="legal"),
                    "acknowledged": series("tocsin_notify_deadline_timestamp_seconds", "0x5 1800x20 0x60", audience="legal")},
            labels={"audience": "legal"}, severity="page", category="control"),
    *simple("LLMNotifyOverdue", series("tocsin_notify_deadline_timestamp_seconds", "1800x60 0x30", audience="product"), "31m", "70m",
            ("product has not acknowledged an incident in time.", "The deadline passed 1m 0s ago. Call them."),
            silent={"legal has its own": series("tocsin_notify_deadline_timestamp_seconds", "1800x60", audience="legal")},
            labels={"audience": "product"}, severity="page", category="control"),
    *simple("LLMBreakerOpen", series("tocsin_breaker_state", "0x5 1x20 0x30", route="support"), "20m", "40m",
            ("The breaker of support is open.", "Its requests go to the fallback. Ongoing for 14m 0s."),
            silent={"closed": series("tocsin_breaker_state", "0x60", route="support")}, labels={"route": "support"}, category="control"),
    *simple("LLMRemediationWorsened", series("tocsin_remediations_total", "0x9 1x90", action="pin", outcome="worsened"), "20m", "80m",
            ("A remediation made things worse.", ("It was reverted, and automation is suspended until somebody "
                                                 "investigates.")),
            silent={"improved": series("tocsin_remediations_total", "0x9 1x90", action="pin", outcome="improved")},
            labels={"cause_hint": "remediation"}, category="control"),
    *simple("LLMApprovalPending", series("tocsin_approvals_pending", "0x5 2x50 0x30"), "40m", "70m",
            ("A remediation is waiting for approval.", "2 are waiting. Ongoing for 34m 0s."),
            silent={"approved": series("tocsin_approvals_pending", "0x5 2x20 0x60")}, category="control"),
    *simple("LLMTokensUnpriced", [series("llm_tokens_total", "0+100x200", **CALL, kind="input"),
                                  series("llm_unpriced_tokens_total", "0x5 100+100x75 7600x120", **CALL)], "80m", "160m",
            ("The price of openai/gpt-4o is unknown.",
             ("6000 tokens of the last hour have no price and are missing from every cost alert. Add it to `prices`, "
             "or declare the model free.")),
            silent={"all are priced": [series("llm_tokens_total", "0+100x120", **CALL, kind="input"),
                                       series("llm_unpriced_tokens_total", "0x120", **CALL)]},
            labels={"provider": "openai", "model": "gpt-4o", "cause_hint": "cost_unknown"}, category="cost"),
    Case("outliers hours apart are one ticket", "LLMTokenOutliers",
         [KNOWN, series("llm_token_outliers_total", "0x9 1x169 2x60", **CALL)], {"30m": 1, "100m": 1, "170m": 1, "220m": 1}),
    *simple("LLMTokenOutliers", series("llm_token_outliers_total", "0x9 1x400", **CALL), "12m", "400m",
            ("support sent an outsized request to gpt-4o.", ("1 requests of the last 15 minutes used more than three "
                                                         "times the p95 of tokens of similar requests.")),
            silent={"none": series("llm_token_outliers_total", "5x60", **CALL)}, labels=CALL, category="cost", owner="team"),
    *simple("LLMSessionLoops", series("llm_session_loops_total", "0x9 2x120", **CALL), "20m", "70m",
            ("Sessions of support are looping.", "2 sessions of the last 30 minutes repeated a near-identical prompt."),
            silent={"none": series("llm_session_loops_total", "5x60", **CALL)},
            labels={"route": "support", "cause_hint": "agent_loop"}, category="cost", owner="team"),
    *simple("LLMLimitBreached", series("llm_limit_breaches_total", "0x9 1x60", scope="session"), "12m", "45m",
            ("A session exceeded its token limit.", "1 breaches in the last 15 minutes."),
            silent={"none": series("llm_limit_breaches_total", "2x60", scope="session")},
            labels={"scope": "session"}, category="cost", action="throttle"),
    Case("a consumer's share counts though it passed another, whose total moved to other", "LLMConsumerShareHigh",
         [series("llm_consumer_tokens_total", "_x60 0+12000x70", consumer="h1", kind="input"),
          series("llm_consumer_tokens_total", "9000000x59 stale", consumer="h9", kind="input"),
          series("llm_consumer_tokens_total", "50000000x59 59000000x70", consumer="other", kind="input"),
          *(series("llm_consumer_tokens_total", "0+1000x200", consumer=f"h{i}", kind="input") for i in range(2, 6))], {"95m": 1}),
    Case("most of the few tokens of a night are no ticket", "LLMConsumerShareHigh",
         [series("llm_consumer_tokens_total", "0+6000x120 724000+4000x75", consumer="h1", kind="input"),
          *(series("llm_consumer_tokens_total", "0+6000x120 720200+200x75", consumer=f"h{i}", kind="input") for i in range(2, 7))],
         {"195m": 0}),
    *simple("LLMConsumerShareHigh",
            [series("llm_consumer_tokens_total", "0+6000x70 420000x120", consumer="h1", kind="input"),
             *(series("llm_consumer_tokens_total", "0+1000x200", consumer=f"h{i}", kind="input") for i in range(2, 6))], "65m", "255m",
            ("One consumer uses most of the tokens.", "h1 used 60% of all tokens of the last hour."),
            silent={"all the same": [series("llm_consumer_tokens_total", "0+6000x70", consumer=f"h{i}", kind="input") for i in range(6)],
                    "the only consumer": series("llm_consumer_tokens_total", "0+6000x70", consumer="h1", kind="input"),
                    "few tokens": [series("llm_consumer_tokens_total", "0+60x70", consumer="h1", kind="input"),
                                   *(series("llm_consumer_tokens_total", "0+1x70", consumer=f"h{i}", kind="input") for i in range(2, 7))]},
            labels={"consumer": "h1", "cause_hint": "one_consumer"}, category="cost", action="throttle"),
    *simple("LLMGuardDown", answers("0x29 30+30x60", "0+10x9 90x40 90+10x60"), "45m", "75m",
            ("The guard scans no answers of support.",
             "300 answers of the last 10 minutes reached users unchecked. Ongoing for 15m 0s."),
            silent={"it works": answers("0+10x90", "0+10x90"), "few answers": answers("0x9 5x60", "0x60")},
            labels={"route": "support", "detection": "inline"}, severity="page", category="safety", owner="team"),
    *simple("LLMGuardCoverageLow", answers("0+10x200", "0+5x60 310+10x140"), "45m", "120m",
            ("Answers of support bypass the guard.", ("The guard scanned 50% of the answers that it should have "
                                                      "scanned in the last 30 minutes.")),
            silent={"it sees all": answers("0+10x90", "0+10x90")},
            labels={"route": "support", "detection": "inline"}, category="safety", owner="team"),
    *simple("LLMUserFlags", series("llm_user_flags_total", "0x9 4x90", route="support", reason="unsafe"), "20m", "80m",
            ("Users flag answers of support as unsafe.", "4 flags in the last hour."),
            silent={"one": series("llm_user_flags_total", "0x9 1x90", route="support", reason="unsafe")},
            labels={"route": "support", "reason": "unsafe", "detection": "post_delivery"}, category="safety", owner="team"),
    *simple("LLMInjectionSurge", [REQUESTS, series("llm_injection_attempts_total", "0x119 1+1x40 41x60", **CALL, role="user")], "155m", "198m",
            ("Prompt injection attempts on support.",
             "30 attempts in the last 30 minutes. An attempt is not a violation: check whether any succeeded."),
            silent={"a few": [REQUESTS, series("llm_injection_attempts_total", "0x119 5x60", **CALL, role="user")],
                    "as many as for hours": [REQUESTS, series("llm_injection_attempts_total", "0+1x200", **CALL, role="user")],
                    "a route that takes them as usual, while a scrape is missed": [
                        REQUESTS, series("llm_injection_attempts_total", "0x119 1+1x40 41x60", **CALL, role="user"),
                        series("tocsin_threshold", "1x154 stale _x2 1x60", route="support", name="safety.injectionRatio")]},
            labels={"route": "support", "detection": "post_delivery", "cause_hint": "prompt_injection"}, category="safety", owner="team"),
    *simple("LLMBlockedSurge", [REQUESTS, series("llm_request_failures_total", "0x119 1+1x40 41x60", **CALL, reason="blocked_guardrail")],
            "155m", "198m",
            ("Many requests of support are blocked.",
             ("30 requests of the last 30 minutes were blocked by a guardrail or the provider: an attack, or a faulty "
             "guardrail.")),
            silent={"a few": [REQUESTS, series("llm_request_failures_total", "0x119 5x60", **CALL, reason="blocked_guardrail")],
                    "as many as for hours": [REQUESTS, NO_ATTEMPT, series("llm_request_failures_total", "0+1x200", **CALL, reason="blocked_provider")]},
            labels={"route": "support", "detection": "inline"}, category="safety", owner="team"),
    *simple("LLMSafetySuspectedSurge", [REQUESTS, series("llm_safety_suspected_total", "0x119 1+1x40 41x60", **CALL, kind="pii")], "155m", "198m",
            ("Many answers of support are suspected of pii.",
             "30 suspected findings in the last 30 minutes await human review."),
            silent={"a few": [REQUESTS, series("llm_safety_suspected_total", "0x119 5x60", **CALL, kind="pii")],
                    "as many as for hours": [REQUESTS, NO_ATTEMPT, series("llm_safety_suspected_total", "0+1x200", **CALL, kind="pii")]},
            labels={"route": "support", "kind": "pii", "detection": "post_delivery"}, category="safety", owner="team"),
    *simple("LLMGuardFalsePositives", [series("llm_guard_requests_total", "0+2x20 140+100x40", route="support", verdict="block"),
                                       series("llm_guard_false_positives_total", "0+1x20 20x40", route="support", kind="pii")], "20m", "40m",
            ("The guard of support blocks acceptable answers.",
             "Reviewers marked 50% of the answers that it blocked or redacted in a day as false positives."),
            silent={"one": [series("llm_guard_requests_total", "0+2x200", route="support", verdict="block"),
                            series("llm_guard_false_positives_total", "0x9 1x60", route="support", kind="pii")]},
            labels={"route": "support", "detection": "inline"}, category="safety", owner="team"),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
