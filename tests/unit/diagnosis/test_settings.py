"""``tocsin config check`` names what a right configuration says and hardly means."""

import pytest


def test_a_threshold_that_no_rule_reads_by_route_is_reported(check, tmp_path):
    (tmp_path / "tocsin.yml").write_text("routes: [{match: {route: a}, thresholds: {cost.usdPerHour: 20, quality.dropRatio: 0.2}}]")

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "routes[0].thresholds.cost.usdPerHour: has no effect for one route" in said
    assert "dropRatio" not in said


def test_a_tier_without_pages_and_an_unchecked_language_are_reported(check, tmp_path):
    (tmp_path / "tocsin.yml").write_text(
        "routes: [{match: {route: a}, tier: production, expect: {language: english}}, {match: {}, expect: {language: pt-BR}}]"
    )

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "routes[0].tier: 'production': what pages elsewhere is a ticket here; only `prod` pages" in said
    assert "routes[0].expect.language: 'english': answers are not checked for it" in said
    assert "routes[1]" not in said


@pytest.mark.parametrize(("text", "says"), [
    ("routes: [{match: {}}, {match: {route: a}, guard: {pii: block}}]", "routes[1]: has no effect: routes[0] matches first"),
    ("routes: [{match: {route: 'support-*'}}, {match: {route: 'support-b*', model: 'gpt-?'}}]", "routes[1]: has no effect"),
    ("prices: [{model: '*', input: 1}, {provider: openai, model: gpt-4o, input: 2}]", "prices[1]: has no effect: prices[0]"),
    ("routes: [{match: {route: 'support-.*'}}]", "routes[0]: 'support-.*' is read as a glob"),
    ("routes: [{match: {route: 'support.*'}}]", "routes[0]: 'support.*' is read as a glob"),
    ("routes: [{match: {model: 'gpt-4o.*'}}]", "routes[0]: 'gpt-4o.*' is read as a glob"),
    ("prices: [{model: gpt-4o}]", "prices[0]: no price over 0 stands here: these tokens count as free"),
    ("prices: [{model: gpt-4o, input: 0.0000025, output: 0.00001}]", "prices[0]: 1e-05 is a price of one token; prices are in US dollars per million tokens: 10"),
    ("prices: [{model: gpt-4o, input: 2.5}]", "prices[0]: no output price stands here: output tokens count as free"),
    ("extra_labels: [team, user]", "extra_labels: user: its values stand in /metrics as they are"),
    ("extra_labels: [service]", "extra_labels: service: a ServiceMonitor writes this label itself, and yours becomes exported_service"),
    ("routes: [{match: {route: a}, guard: {toxicity: redact}}]", "routes[0].guard.toxicity: redact takes out the whole sentence"),
    ("routes: [{match: {route: a}, thresholds: {format.minimumRatio: 0.97}}]", "routes[0].thresholds: format.minimumRatio 0.97 is not below format.resolveRatio 0.96"),
    ("routes: [{match: {route: a}, thresholds: {quality.dropRatio: 0.1}}]", "routes[0].thresholds: quality.ticketDropRatio 0.1 is not below quality.dropRatio 0.1"),
    ("ingest: {spool_max_bytes: 1048576}", "ingest.spool_max_bytes: below ingest.max_body_bytes"),
    ("detectors: {sample: 0}", "detectors.sample: 0: no answer's quality is judged"),
    ("detectors: {own_numbers: ['+49 30 901820', hotline]}", "detectors.own_numbers: 'hotline' has no digits"),
    ("detectors: {own_domains: [example.com, 'https://example.com']}", "detectors.own_domains: 'https://example.com' is no domain"),
])  # fmt: skip
def test_a_misleading_entry_is_reported(check, tmp_path, text, says):
    (tmp_path / "tocsin.yml").write_text(text)

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert says in said


@pytest.mark.parametrize("text", [
    "routes: [{match: {route: a}}, {match: {route: 'a*'}}, {match: {}}]",
    "routes: [{match: {route: a, model: x}}, {match: {route: a}}]",
    "routes: [{match: {route: 'a?'}}, {match: {route: 'a*'}}]",
    "prices: [{model: 'gpt-4.*', input: 1, output: 0.01}, {provider: mine, model: '*', cache_read: 1}]",
    "prices: [{model: 'text-embedding-*', input: 0.02}]",
    "{extra_labels: [team], detectors: {own_domains: ['@example.com', .example.org, example.net]}}",
    "routes: [{match: {model: 'anthropic.*'}}, {match: {model: 'us.anthropic.*'}}]",
    "routes: [{match: {route: a}, guard: {pii: redact, policy: redact, email: redact, toxicity: block}, thresholds: {quality.dropRatio: 0.3}}]",
])  # fmt: skip
def test_entries_that_are_reached_are_not_named(check, tmp_path, text):
    (tmp_path / "tocsin.yml").write_text(text)

    assert check(f"--config.file={tmp_path / 'tocsin.yml'}") == (0, "the configuration is right\n")


def test_a_secret_that_can_be_guessed_is_named(check, tmp_path):
    (tmp_path / "token").write_text("swordfish")
    (tmp_path / "tocsin.yml").write_text(f"ingest: {{auth: [{{scheme: bearer, secret_file: {tmp_path}/token}}]}}")

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "ingest.auth[0].secret_file: a secret of fewer than 16 characters can be guessed" in said
    assert "swordfish" not in said
