"""The exporter's own log: one line per event, logfmt or JSON, without content, rate-limited.

Values are encoded with ``json.dumps``, so that external input cannot forge a line.
"""

from __future__ import annotations

import json
import logging
import sys
import time

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
PER_MINUTE = 300
"""Lines per minute; running out of file descriptors once produced megabytes of log in a minute."""


class _Line(logging.Formatter):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        fields = {
            "time": moment,
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage()[:2000],
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = self.formatException(record.exc_info)[-4000:]
        if self._form == "json":
            return json.dumps(fields)
        return " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items())


class _Rate(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= PER_MINUTE


def configure(level: str, form: str) -> None:
    """Set up logging to standard error."""
    logging.raiseExceptions = False  # a failing standard error must not stop the counting
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(form))
    handler.addFilter(_Rate())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    logging.getLogger("aiohttp").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
