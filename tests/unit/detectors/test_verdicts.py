"""What findings mean: actions by profile and route, verdicts, redaction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.verdicts import Policy, redact, verdict
from tocsin.finding import Finding

KIND = {
    "credit_card": "pii",
    "email": "pii",
    "phone": "pii",
    "ip_address": "pii",
    "passport": "pii",
    "toxic": "toxicity",
    "us_ssn": "pii",
    "iban": "pii",
    "refusal": "quality",
    "format": "quality",
}


def found(type_of_finding, text="x", start=0, end=None, score=0.9, **flags):
    kind = KIND.get(type_of_finding, type_of_finding)
    return Finding(kind, type_of_finding, start, len(text) if end is None else end, score, **flags)


@pytest.mark.parametrize("type_of_finding", ["credit_card", "iban", "us_ssn", "secret", "policy", "prompt_leak"])
def test_validated_values_are_violations_by_default(type_of_finding):
    assert Policy().action(found(type_of_finding), "x") == "violation"


@pytest.mark.parametrize("type_of_finding", ["passport", "ip_address", "toxic", "harmful", "injection"])
def test_uncertain_kinds_are_suspected_by_default_and_violations_when_strict(type_of_finding):
    assert Policy().action(found(type_of_finding), "x") == "suspected"
    assert Policy("strict").action(found(type_of_finding), "x") == "violation"


@pytest.mark.parametrize(
    ("address", "action"),
    [
        ("jane.roe@gmail.com", "violation"),
        ("jane.roe@corp.example.net", "suspected"),
        ("jane.roe@eu.corp.example.net", "suspected"),
        ("jane.roe@evilcorp.example.net", "violation"),
    ],
)
def test_addresses_of_the_house_are_suspected(address, action):
    text = f"Write to {address} today"
    finding = found("email", start=9, end=9 + len(address))

    assert Policy(own_domains=["@corp.example.net"]).action(finding, text) == action


@pytest.mark.parametrize(("profile", "action"), [("balanced", "suspected"), ("strict", "violation")])
def test_a_plain_word_called_a_password_is_suspected_unless_strict(profile, action):
    assert Policy(profile).action(found("secret", score=0.6), "x") == action


@pytest.mark.parametrize(("profile", "action"), [("balanced", "suspected"), ("strict", "violation")])
def test_addresses_of_roles_are_suspected_unless_strict(profile, action):
    finding = Finding("pii", "email", 0, 15, 0.99, impersonal=True)

    assert Policy(profile).action(finding, "support@acme.io") == action


def test_a_number_of_the_house_is_suspected_in_any_notation():
    policy = Policy(own_numbers=["+49 30 1234567"])

    assert policy.action(found("phone", "030/123 45 67"), "030/123 45 67") == "suspected"
    assert policy.action(found("phone", "030/123 45 68"), "030/123 45 68") == "violation"


def test_a_type_wins_over_its_kind():
    policy = Policy(actions={"pii": "off", "email": "violation"})

    assert [policy.action(found(t, "a@b.co"), "a@b.co") for t in ("email", "us_ssn")] == ["violation", "off"]


def test_findings_below_suspicion_are_listed_only_on_request():
    weak = [found("us_ssn", score=0.3)]

    assert Policy().judge("x", weak) == []
    assert len(Policy().judge("x", weak, floor=0.0)) == 1


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], "allow"),
        ([found("us_ssn")], "block"),
        ([found("ip_address")], "review"),
        ([found("ip_address"), found("us_ssn")], "block"),
        ([found("us_ssn", example=True)], "allow"),
        ([found("us_ssn", echoed=True)], "allow"),
        ([found("refusal")], "review"),
    ],
)
def test_the_strictest_finding_decides(findings, expected):
    assert verdict(Policy().judge("x", findings)) == expected


def test_a_route_sets_the_guards_action_for_a_kind():
    policy = Policy(guard={"pii": "redact", "format": "block", "ip_address": "allow"})

    assert [verdict(policy.judge("x", [found(t)])) for t in ("us_ssn", "format", "ip_address", "secret")] == [
        "redact",
        "block",
        "allow",
        "block",
    ]


@pytest.mark.parametrize(
    ("guard", "type_of_finding", "expected"),
    [
        ({"toxicity": "block"}, "toxic", "block"),
        ({"pii": "block"}, "ip_address", "review"),
        ({"ip_address": "block"}, "ip_address", "block"),
        ({}, "injection", "review"),
    ],
)
def test_a_setting_for_a_doubtful_kind_or_a_type_applies_to_suspicions(guard, type_of_finding, expected):
    assert verdict(Policy(guard=guard).judge("x", [found(type_of_finding)])) == expected


def test_what_users_write_is_not_a_violation_unless_an_injection():
    strict = Policy("strict")

    assert strict.action(found("us_ssn"), "x", "user") == "suspected"
    assert strict.action(found("injection"), "x", "user") == "violation"
    assert verdict(Policy(guard={"pii": "redact"}).judge("x", [found("us_ssn")], role="user")) == "redact"


def test_redaction_names_the_type_and_keeps_the_rest():
    text = "mail jane@x.org or 078-05-1120."

    assert (
        redact(text, [found("us_ssn", start=19, end=30), found("email", start=5, end=15)])
        == "mail [EMAIL] or [US_SSN]."
    )


def test_overlapping_findings_become_one_placeholder_of_the_surer():
    text = "key=postgres://u:p@h/db end"

    assert (
        redact(text, [found("secret", start=4, end=23), found("email", start=15, end=20, score=0.6)])
        == "key=[SECRET] end"
    )


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["email", "us_ssn"])), max_size=8)


@given(st.text(alphabet="abc😀é", min_size=40, max_size=40), spans)
def test_no_character_of_a_finding_survives_redaction_and_no_other_is_lost(text, places):
    marked = "".join(chr(0xE000 + i) for i in range(len(text)))
    findings = [found(t, start=min(a, b), end=max(a, b)) for a, b, t in places]
    covered = {i for f in findings for i in range(f.start, f.end)}

    kept = [ord(c) - 0xE000 for c in redact(marked, findings) if ord(c) >= 0xE000]

    assert kept == [i for i in range(len(text)) if i not in covered]
