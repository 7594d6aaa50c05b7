"""The admin listener: ``/metrics``, health checks, the status page and its JSON.

It serves committed values only; no handler parses, counts or waits for a disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tocsin import __version__
from tocsin.config import Config, show
from tocsin.pipeline import Pipeline
from tocsin.series.exposition import OPENMETRICS, TEXT
from tocsin.web import runbooks
from tocsin.web.status import overview, render
from tocsin.web.trends import Trend

STALE = 30.0
"""Seconds without a heartbeat after which a root task counts as dead."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Admin:
    """The data and actions behind the admin pages."""

    pipeline: Pipeline
    heartbeats: Callable[[], dict[str, float]]
    """Last heartbeat of each root task, on the monotonic clock."""
    config: Callable[[], Config]
    """The configuration in effect."""
    reload: Callable[[], Awaitable[None]] | None = None
    """Reloads the configuration; raises ConfigError. None: ``--web.enable-lifecycle`` was not given."""
    unusable: Callable[[], list[tuple[str, str, str]]] = list
    """Inputs that cannot be read: path, reason, fix."""
    incidents: Callable[[], list[dict[str, Any]]] = list
    """Alerts received from Alertmanager, newest first."""
    trends: Callable[[], dict[str, Trend]] = dict
    """The recent trend of each category."""
    leaving: Callable[[], bool] = lambda: False
    """Whether the exporter is shutting down: it is then not ready."""
    public_only: bool = False
    """True on a non-loopback address without --web.config.file: only metrics, health and runbooks are served."""


PUBLIC = ("/metrics", "/-/healthy", "/-/ready")


def make_app(admin: Admin) -> web.Application:
    """Build the aiohttp application of the admin listener."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        public = request.path in PUBLIC or request.path.startswith(runbooks.PREFIX)  # documentation, no data
        if admin.public_only and not public:
            raise web.HTTPForbidden(text="off loopback this page needs --web.config.file with authentication\n")
        return await handler(request)

    app = web.Application(middlewares=[guard])
    routes = _Routes(admin)
    app.router.add_get("/metrics", routes.metrics)
    app.router.add_get("/", routes.status)
    app.router.add_get("/-/healthy", routes.healthy)
    app.router.add_get("/-/ready", routes.ready)
    app.router.add_post("/-/reload", routes.reload)
    app.router.add_get("/config", routes.config)
    app.router.add_get("/recent", routes.recent)
    app.router.add_get("/api/v1/status", routes.api_status)
    app.router.add_get("/api/v1/offenders", routes.offenders)
    runbooks.add_routes(app)
    app.router.add_get("/api/v1/incidents", routes.incidents)
    return app


class _Routes:
    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """The committed page; 503 until the backlog from before the start is counted."""
        pipeline = self._admin.pipeline
        if not pipeline.ready.is_set():
            return web.Response(status=503, text="catching up\n", headers={"Retry-After": "1"})
        openmetrics = "application/openmetrics-text" in request.headers.get("Accept", "")
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        parts = await pipeline.page(openmetrics=openmetrics, packed=packed)
        headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT, "Vary": "Accept, Accept-Encoding"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        response = web.StreamResponse(headers=headers)
        response.content_length = sum(map(len, parts))
        await response.prepare(request)
        for part in _chunks(parts):
            await response.write(part)
        await response.write_eof()
        return response

    async def healthy(self, request: web.Request) -> web.Response:
        """200 while every root task has a recent heartbeat."""
        del request
        now = time.monotonic()
        ages = {task: now - beat for task, beat in self._admin.heartbeats().items()}
        healthy = all(age < STALE for age in ages.values())
        body = {"healthy": healthy, "tasks": {task: {"heartbeat_age_s": round(age, 3)} for task, age in ages.items()}}
        return web.json_response(body, status=200 if healthy else 503)

    async def ready(self, request: web.Request) -> web.Response:
        """200 once caught up, until shutdown begins."""
        del request
        if self._admin.leaving():
            return web.Response(text="leaving\n", status=503)
        ready = self._admin.pipeline.ready.is_set()
        return web.Response(text="ready\n" if ready else "catching up\n", status=200 if ready else 503)

    async def reload(self, request: web.Request) -> web.Response:
        """Reload the configuration; an invalid one changes nothing."""
        if "Origin" in request.headers:
            raise web.HTTPForbidden(text="refused with an Origin header, as browsers send it: use curl, or SIGHUP\n")
        if self._admin.reload is None:
            raise web.HTTPForbidden(text="reloading over HTTP needs --web.enable-lifecycle\n")
        try:
            await self._admin.reload()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the old configuration stays in effect
            return web.Response(status=500, text=f"not reloaded, the previous configuration stays in effect: {error}\n")
        return web.Response(text="reloaded\n")

    async def config(self, request: web.Request) -> web.Response:
        """The effective configuration as YAML, secrets masked."""
        del request
        return web.Response(text=show(self._admin.config()), content_type="text/yaml")

    async def recent(self, request: web.Request) -> web.Response:
        """The newest skipped events, without content."""
        del request
        return web.json_response({"events": list(self._admin.pipeline.intake.recent)})

    async def status(self, request: web.Request) -> web.Response:
        """The status page; ``?hold`` disables its automatic refresh."""
        held = "hold" in request.query
        text = render(self._overview(), self._admin.incidents(), self._admin.trends(), held=held)
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        headers |= {} if held else {"Refresh": "5"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def api_status(self, request: web.Request) -> web.Response:
        """The data of the status page as JSON."""
        del request
        return web.json_response({"version": __version__, **self._overview()}, dumps=json.dumps)

    def _overview(self) -> dict[str, Any]:
        return overview(self._admin.pipeline, self._admin.unusable(), self._admin.config().declared)

    async def incidents(self, request: web.Request) -> web.Response:
        """Alerts received from Alertmanager (``POST /v1/alerts``), newest first."""
        del request
        return web.json_response({"incidents": self._admin.incidents()})

    async def offenders(self, request: web.Request) -> web.Response:
        """The heaviest consumers since the state was created, by keyed hash."""
        del request
        return web.json_response({"offenders": self._admin.pipeline.ledger.consumers.offenders()})


def _chunks(parts: list[bytes], size: int = 64 << 10) -> list[bytes]:
    """Join small parts: one write per part would cost more than rendering the page."""
    out: list[bytes] = []
    held: list[bytes] = []
    length = 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= size:
            out.append(b"".join(held))
            held, length = [], 0
    return [*out, b"".join(held)] if held else out
