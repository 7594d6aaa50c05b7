"""``POST /v1/alerts``: receives Alertmanager's webhook and keeps the newest alerts for the status page.

Body: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4. Alerts are kept in memory
only: Prometheus and Alertmanager have the history. They contain labels and the texts of the rules, never content of
calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from tocsin.labels import clean
from tocsin.web.auth import Verifier
from tocsin.web.batches import BodyError
from tocsin.web.bodies import answer, small_body

KEPT: Final = 200
"""Number of alerts kept, the last received."""
BODY_MAX: Final = 4 << 20
LABELS_MAX: Final = 32
TEXT_MAX: Final = 500
_UNENDED: Final = "0001-01-01T00:00:00Z"
"""Alertmanager's ``endsAt`` of an alert that has not ended."""


class _Alert(msgspec.Struct, rename="camel"):
    status: str
    labels: dict[str, str]
    starts_at: str
    annotations: dict[str, str] = {}
    ends_at: str = ""
    fingerprint: str = ""


class _Notification(msgspec.Struct, rename="camel"):
    alerts: list[_Alert]
    receiver: str = ""


class Board:
    """The newest alerts received from Alertmanager."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._alerts: dict[tuple[str, str], dict[str, Any]] = {}

    def take(self, body: bytes) -> None:
        """Accept one notification.

        Raises:
            BodyError: not a version 4 notification.
        """
        try:
            notification = msgspec.json.decode(body, type=_Notification)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BodyError(f"not a webhook notification of Alertmanager: {error}") from None
        for alert in notification.alerts[-KEPT:]:
            self._put(alert, clean(notification.receiver))
        while len(self._alerts) > KEPT:
            del self._alerts[next(iter(self._alerts))]

    def newest(self) -> list[dict[str, Any]]:
        """Return the alerts, last received first."""
        return list(reversed(self._alerts.values()))

    def _put(self, alert: _Alert, receiver: str) -> None:
        labels = {clean(name): clean(value) for name, value in list(alert.labels.items())[:LABELS_MAX]}
        key = (alert.fingerprint[:64] or msgspec.json.encode(labels, order="sorted").decode(), alert.starts_at[:40])
        known = self._alerts.pop(key, None) or {"delivered_at": round(self._clock(), 3), "receivers": []}
        if receiver not in known["receivers"] and len(known["receivers"]) < LABELS_MAX:
            known["receivers"].append(receiver)
        resolved = alert.status == "resolved"
        self._alerts[key] = known | {
            "alertname": labels.pop("alertname", ""), "category": labels.pop("category", ""),
            "severity": labels.pop("severity", ""), "labels": labels, "status": "resolved" if resolved else "firing",
            "summary": alert.annotations.get("summary", "")[:TEXT_MAX], "fired_at": alert.starts_at[:40],
            "resolved_at": alert.ends_at[:40] if resolved and alert.ends_at != _UNENDED else None,
        }  # fmt: skip


def add_routes(app: web.Application, board: Board, *, auth: Sequence[Verifier]) -> None:
    """Add the endpoint and its authentication to the ingest listener."""
    verifiers = tuple(auth)

    async def handle(request: web.Request) -> web.Response:
        try:
            board.take(await small_body(request, verifiers, BODY_MAX))
        except web.HTTPException as refusal:
            return answer(refusal.status, refusal.text or "", close=True)
        except BodyError as error:
            return answer(400, f"{error}\n", close=not request.content.at_eof())
        return web.Response(status=200)

    app.router.add_post("/v1/alerts", handle)
