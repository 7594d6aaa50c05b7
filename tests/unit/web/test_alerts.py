"""Alertmanager's notifications become rows of the status page."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tocsin.config import Auth
from tocsin.web import alerts, auth
from tocsin.web.alerts import KEPT, Board
from tocsin.web.batches import BodyError
from tocsin.web.status import render

FIRED = "2026-11-20T02:47:00.123456789Z"


def notification(status="firing", receiver="oncall", fingerprint="f1", summary="It burns.", **labels) -> bytes:
    alert = {
        "status": status, "fingerprint": fingerprint, "startsAt": FIRED,
        "endsAt": "2026-11-20T03:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "labels": {"alertname": "LLMOutage", "category": "outage", "severity": "page", **labels},
        "annotations": {"summary": summary}, "generatorURL": "http://prometheus/graph",
    }  # fmt: skip
    return json.dumps({"version": "4", "receiver": receiver, "status": status, "alerts": [alert]}).encode()


def test_an_alert_keeps_the_time_of_its_first_delivery_until_it_is_resolved():
    now = [100.0]
    board = Board(lambda: now[0])
    board.take(notification(route="support"))
    now[0] = 160.0
    board.take(notification("resolved", receiver="tickets", route="support"))

    assert board.newest() == [{
        "alertname": "LLMOutage", "category": "outage", "severity": "page", "labels": {"route": "support"},
        "status": "resolved", "summary": "It burns.", "fired_at": FIRED, "delivered_at": 100.0,
        "resolved_at": "2026-11-20T03:00:00Z", "receivers": ["oncall", "tickets"],
    }]  # fmt: skip


def test_only_the_newest_alerts_are_kept():
    board = Board()
    for i in range(KEPT + 5):
        board.take(notification(fingerprint=f"f{i}", number=str(i)))

    kept = board.newest()
    assert len(kept) == KEPT
    assert kept[0]["labels"]["number"] == str(KEPT + 4)


def test_alerts_without_a_fingerprint_are_distinguished_by_their_labels():
    board = Board()
    for route in ("support", "search", "support"):
        board.take(notification(fingerprint="", route=route))

    assert [kept["labels"]["route"] for kept in board.newest()] == ["support", "search"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"alerts": [{"status": 1}]}', b"\xff"])
def test_an_invalid_notification_is_refused(body):
    with pytest.raises(BodyError):
        Board().take(body)


def test_the_status_page_escapes_alert_texts():
    board = Board()
    board.take(notification(summary="<script>alert(1)</script>"))
    view = {
        "events_read": 0, "events_skipped": 0, "share_priced": None, "share_scored": None, "share_guarded": None, "series": 0,
        "series_max": 1, "unusable_inputs": [], "mode": "exporter", "folded": {}, "trouble": None, "ready": True, "token_estimates": None,
        "off_by_choice": {"quality": []}, "lag_seconds": 0.0,
        "categories": {name: {"instrumented": False} for name in ("outage", "quality", "cost", "safety")},
    }  # fmt: skip

    page = render(view, board.newest())

    assert "LLMOutage" in page
    assert "<script>" not in page
    assert "02:47:00" in page


async def test_the_endpoint_requires_the_authentication_of_ingest(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    board, app = Board(), web.Application()
    alerts.add_routes(app, board, auth=auth.verifiers([Auth(scheme="bearer", secret_file=str(secret))]))
    async with TestClient(TestServer(app)) as client:
        refused = await client.post("/v1/alerts", data=notification())
        taken = await client.post("/v1/alerts", data=notification(), headers={"Authorization": "Bearer sesame"})

    assert (refused.status, taken.status) == (401, 200)
    assert len(board.newest()) == 1
