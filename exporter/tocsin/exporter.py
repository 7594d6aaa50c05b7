"""The exporter: everything that runs, wired together, from its start to its end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from tocsin import catalogue as cat
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.accounting.prices import PricesAwaitedError, find_library
from tocsin.assembly import ledger_settings, make_scoring, publish_config, publish_detectors, sampling, with_estimates
from tocsin.config import Config, ConfigError, Files, Ingest, Probe, load, read_secrets, storage_path
from tocsin.config.reloading import waiting, while_running
from tocsin.formats.base import Format
from tocsin.inputs.base import Input
from tocsin.inputs.finder import NOTHING_READ
from tocsin.inputs.spool import Spool
from tocsin.inputs.tailer import FileInput, FilePattern
from tocsin.intake import Intake
from tocsin.judge import Judge
from tocsin.pacing import collect_seldom
from tocsin.pipeline import Pipeline
from tocsin.probes import Prober
from tocsin.selfmetrics import SelfMetrics
from tocsin.series.store import Store
from tocsin.state import State
from tocsin.tasks import OnDemand, spawn
from tocsin.web import admin, alerts, auth, guard, ingest, server, trends, webconfig
from tocsin.web.bodies import REASONS

log = logging.getLogger(__name__)
DRAIN = 5.0
"""Seconds after the last delivery in which the spool is still counted; the rest is counted after the next start."""


def patterns(arguments: argparse.Namespace, config: Config) -> list[FilePattern]:
    """Return the files to read: those of the configuration and of ``--tail``; none with ``--guard-only``."""
    if arguments.guard_only:
        return []
    tails = Files(paths=tuple(arguments.tail), format=arguments.format)
    return [
        FilePattern(path, files.format, files.start_at)
        for files in (*config.inputs.files, tails)
        for path in files.paths
    ]


def ingest_address(arguments: argparse.Namespace, config: Config) -> str:
    """Return the address for webhooks and guard requests: the flag's host:port, else the configuration's."""
    address: str | None = arguments.ingest_address
    return config.ingest.listen_address if address is None else address


def restored(arguments: argparse.Namespace, config: Config) -> Exporter:
    """Return an exporter with the committed state; an empty one if the state is unreadable, which is then set aside."""
    exporter = Exporter(arguments, config)
    try:
        exporter.restore()
    except Exception as error:  # noqa: BLE001 - a damaged value may raise anything
        log.error("the state cannot be restored (%s); it is set aside", type(error).__name__)
        exporter = Exporter(arguments, config, exporter.put_state_aside())
        exporter.restore()
    return exporter


class Exporter:
    """Everything that runs, wired together."""

    def __init__(self, arguments: argparse.Namespace, config: Config, state: State | None = None) -> None:
        self._arguments = arguments
        self._config = config
        directory = storage_path(arguments.storage_path, config)
        self._refused: Counter[str] = Counter()
        """Deliveries refused since the last commit, by reason."""
        self._detectors = OnDemand(self._make_detectors, name="detectors")
        self._prices = OnDemand(self._find_prices, name="prices")
        self._may_ask = False
        """Whether the price tables may be queried in this step of counting: each query takes milliseconds."""
        settings = with_estimates(ledger_settings(config, self._library))
        self._ingest_address = ingest_address(arguments, config)
        self._board = alerts.Board()
        self._told = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._verifiers = auth.verifiers(config.ingest.auth)
        if arguments.guard_only and not self._ingest_address:
            raise ConfigError("--guard-only: set --ingest.listen-address, where the guard listens")
        if self._ingest_address:
            auth.check_bind(self._ingest_address, has_auth=bool(self._verifiers))
        self._web = webconfig.load_web_config(arguments.web_config) if arguments.web_config else None
        ingest_web = config.ingest.web_config_file
        self._ingest_web = webconfig.load_web_config(ingest_web) if ingest_web else None
        self._mode = "guard" if arguments.guard_only else "exporter"
        self._state = state or State(None if arguments.guard_only else directory)
        self._say_state()
        self._ledger = Ledger(Store(settings.extra_labels), settings)
        publish_config(self._ledger.store, config, mode=self._mode)
        self._scoring = make_scoring(config, self._ledger)
        self._scoring.detectors = self._detectors
        self._intake = Intake(self._ledger, self._format, time.time, self._scoring)
        self._files = FileInput(
            patterns(arguments, config), max_line_bytes=config.limits.max_line_bytes, oversize=self._intake.oversize,
        )  # fmt: skip
        self._intake.meet("file")
        self._spool: Spool | None = None
        if self._ingest_address and not arguments.guard_only:
            self._spool = _spool(directory, config.ingest)
            self._intake.meet("webhook")
        self._prober = Prober(self._ledger.store, self._probes(config))
        self._self_metrics = SelfMetrics(self._ledger, self._files, self._spool, self._heartbeats)
        self._trends = trends.Trends(self._ledger.store)
        self._pipeline = self._make_pipeline()

    def _make_pipeline(self) -> Pipeline:
        inputs: list[Input] = [self._files] if self._spool is None else [self._files, self._spool]
        return Pipeline(
            self._intake, self._ledger, self._state, inputs,
            before_page=lambda: self._self_metrics.publish(self._pipeline),
            after_commit=lambda: self._trends.look(time.monotonic()),
            receiving=lambda: self._spool is not None and self._spool.receiving(),
            spool_unread=lambda: 0.0 if self._spool is None else self._spool.unread,
            logs=self._files.logs,
        )  # fmt: skip

    def _format(self, word: str) -> Format:
        """Return the adapter of a format; without content if none of it is inspected."""
        return formats.get(word, content=not self._scoring.sampling.content_off)

    def _probes(self, config: Config) -> tuple[Probe, ...]:
        """Return the probes; none with ``--guard-only``, which sends no requests and may have no network access."""
        return () if self._arguments.guard_only else config.probes

    def _heartbeats(self) -> dict[str, float]:
        """Return the last heartbeat of each root task, on the monotonic clock."""
        return {"ingest": self._pipeline.heartbeat, "probes": self._prober.heartbeat}

    def restore(self) -> None:
        """Restore the committed state; raises whatever damaged values cause."""
        self._pipeline.restore()

    def put_state_aside(self) -> State:
        """Set the state aside and return it, now empty."""
        self._state.put_aside()
        return self._state

    def _say_state(self) -> None:
        if self._state.trouble is not None:
            log.error(self._state.trouble)

    async def run(self) -> int:
        """Run until a signal; 1 if the ingest task failed."""
        if not self._ingest_address and not patterns(self._arguments, self._config):
            log.warning(NOTHING_READ)
        loop = asyncio.get_running_loop()
        listeners: list[server.Listener] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_end)
        loop.add_signal_handler(signal.SIGHUP, lambda: spawn(self._reload_quietly(), name="reload"))
        if self._arguments.guard_only:  # the detectors are all that its readiness depends on
            await self._detectors.wait()
        failures: list[BaseException] = []
        ingesting = spawn(self._pipeline.run(), name="ingest", on_failure=failures.append)
        probing = spawn(self._prober.run(), name="probes")
        expecting = spawn(self._expect_checks(), name="checks")
        try:
            listeners.append(await self._start_admin())
            if self._ingest_address:
                listeners.append(await self._start_ingest(self._ingest_address))
            told = spawn(self._told.wait(), name="signal")
            await asyncio.wait([ingesting, told], return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if not ingesting.done():
                await self._leave(listeners[1:])
                await asyncio.wait([ingesting])
        except ConfigError:
            self._pipeline.stop()
            await asyncio.wait([ingesting])
            raise
        finally:
            probing.cancel()
            expecting.cancel()
            for listener in listeners:
                with contextlib.suppress(Exception):
                    await asyncio.shield(listener.close())
            self._files.close()
            if self._spool is not None:
                await self._spool.close()
            self._state.close()
        return 1 if failures else 0

    async def _expect_checks(self) -> None:
        """Create the detectors once ready, if a guard is configured or was ever used, so that no check has to wait."""
        asked = bool(self._ledger.store.rows.get(cat.GUARD_REQUESTS))
        if asked or any(route.guard for route in self._config.routes):
            await self._pipeline.ready.wait()
            await self._detectors.wait()

    async def _make_detectors(self) -> None:
        """Load what takes a second and 25 MB, in a thread: meanwhile pages are served and the spool receives."""
        await asyncio.to_thread(self._scoring.judge.warm)
        publish_detectors(self._ledger.store, self._scoring.judge)
        collect_seldom()

    async def _find_prices(self) -> None:
        """Load price tables, which takes half a second, in a thread as well."""
        await asyncio.to_thread(find_library)
        collect_seldom()

    def _library(self) -> Any:
        """Return the fallback prices for one query per step; raise PricesAwaitedError if it must wait for the next."""
        if not self._may_ask:
            raise PricesAwaitedError(self._ask_prices)
        self._may_ask = False
        return find_library()

    async def _ask_prices(self) -> None:
        await self._prices.wait()
        self._may_ask = True

    def _told_to_end(self) -> None:
        """Begin the shutdown; a second signal ends it immediately."""
        if self._told.is_set():
            self._pipeline.stop()
        self._told.set()

    async def _leave(self, listeners: Sequence[server.Listener]) -> None:
        """Accept nothing new, answer pending requests, count what was spooled; then let the pipeline end."""
        for listener in listeners:
            await listener.retire()
        if self._spool is not None:
            await self._spool.seal()  # so that the last commit deletes what it counts: bodies contain users' texts
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                while self._spool is not None and self._spool.backlog():  # noqa: ASYNC110 - the pipeline reads it
                    await asyncio.sleep(0.02)
        self._pipeline.stop()

    def _refuse(self, reason: str) -> None:
        self._refused[reason] += 1

    def _publish_refused(self) -> None:
        """Add refused deliveries to their rows, right before a commit: no scrape sees what a crash could lose."""
        for reason, amount in self._refused.items():
            self._ledger.add(cat.INGEST_REFUSED, reason, amount=amount)
        self._refused.clear()

    async def _start_ingest(self, address: str) -> server.Listener:
        if self._spool is None:
            app = web.Application()
            app[server.REFUSED] = lambda: self._refuse("connections")
        else:
            app = ingest.make_ingest_app(
                self._spool, formats=("auto", *formats.FORMATS), auth=self._verifiers,
                max_body_bytes=self._config.ingest.max_body_bytes, wake=self._pipeline.wake,
                refused=self._refuse,
            )  # fmt: skip
        self._refused.update(dict.fromkeys(REASONS, 0))
        self._scoring.sources.append(self._publish_refused)
        guard.add_routes(
            app, self._scoring, auth=self._verifiers, standalone=self._spool is None, prepared=self._detectors,
            refused=self._refuse,
        )  # fmt: skip
        alerts.add_routes(app, self._board, auth=self._verifiers)
        what = "guard" if self._spool is None else "webhooks and guard"
        return await _serve("ingest.listen_address", what, app, address, self._ingest_web)

    async def _start_admin(self) -> server.Listener:
        address = self._arguments.web_address
        pages = admin.Admin(
            self._pipeline,
            heartbeats=self._heartbeats,
            config=lambda: self._config,
            reload=self._reload if self._arguments.lifecycle else None,
            unusable=self._files.unusable_paths,
            incidents=self._board.newest,
            trends=self._trends.lines,
            leaving=self._told.is_set,
            public_only=self._web is None and not server.is_loopback(address),
        )
        return await _serve(
            "--web.listen-address", "metrics and status page", admin.make_app(pages), address, self._web
        )

    async def _reload(self) -> None:
        """Reload the configuration and apply it; settings that need a restart are logged.

        Raises:
            ConfigError: the file is invalid; the old configuration stays in effect.
        """
        async with self._reloading:
            try:
                wanted = load(self._arguments.config_file)
                ledger_settings(wanted, self._library)  # reject now what the next start would reject
                auth.verifiers(wanted.ingest.auth)
                config = while_running(self._config, wanted)
                settings = with_estimates(ledger_settings(config, self._library))
                judge = await self._make_judge(config)
            except Exception:
                self._ledger.store.row(cat.RELOAD_OK).set(0)
                raise
            self._put_in_force(config, settings, judge)
        for key in waiting(config, wanted):
            log.warning("the new %s takes effect after a restart", key)

    async def _make_judge(self, config: Config) -> Judge:
        """Create the judge of a configuration in a thread, while the current one keeps answering."""
        judge = await asyncio.to_thread(Judge, config)
        if self._detectors.is_wanted:  # otherwise detectors are created later, by the judge in effect then
            await asyncio.to_thread(judge.warm)
        return judge

    def _put_in_force(self, config: Config, settings: Settings, judge: Judge) -> None:
        self._config = config
        self._ledger.configure(settings)
        self._files.configure(patterns(self._arguments, config))
        self._prober.configure(self._probes(config))
        self._scoring.judge = judge
        self._scoring.sampling = sampling(config)
        self._intake.renew()
        publish_config(self._ledger.store, config, mode=self._mode)
        if self._detectors.is_set():
            publish_detectors(self._ledger.store, judge)
        log.info("configuration reloaded")

    async def _reload_quietly(self) -> None:
        try:
            await self._reload()
        except ConfigError as error:
            log.error("not reloaded, the previous configuration stays in effect: %s", error)


def _spool(directory: Path, ingest: Ingest) -> Spool:
    """Open the spool in the folder of the state.

    Raises:
        ConfigError: its key cannot be read, or it cannot be stored there.
    """
    key = read_secrets("ingest.spool_key_file", ingest.spool_key_file)[0] if ingest.spool_key_file else None
    try:
        return Spool(directory / "spool", max_bytes=ingest.spool_max_bytes, key=key)
    except OSError as error:
        raise ConfigError(
            f"storage.path: {directory}: cannot create the spool: {error.strerror}; choose a directory that this "
            "user can write to, or disable the webhook with --ingest.listen-address="
        ) from None


async def _serve(
    key: str, what: str, app: web.Application, address: str, settings: webconfig.WebConfig | None
) -> server.Listener:
    """Start a listener, with TLS and authentication if a web configuration is given, and log its address.

    Raises:
        ConfigError: naming the setting of the address, if it cannot be listened on.
    """
    context = is_open = None
    if settings is not None:
        app.middlewares.insert(0, settings.middleware)
        context, is_open = settings.ssl_context, settings.is_open
    try:
        listener = await server.start_listener(app, address, context, is_open)
    except OSError as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        mend = "`ss -ltnp` shows what uses it" if error.errno == errno.EADDRINUSE else "use a host:port of this machine"
        raise ConfigError(f"{key}: {address} cannot listen there: {reason}; {mend}") from None
    host = address.rpartition(":")[0] or "*"
    log.info("%s: listening on %s://%s:%d", what, "http" if context is None else "https", host, listener.port)
    return listener
