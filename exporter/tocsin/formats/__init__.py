"""Adapters: turn vendors' bytes into ``Call``. Nothing else knows about vendors."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.formats.anthropic import Anthropic
from tocsin.formats.auto import Auto
from tocsin.formats.base import Buffer, Format
from tocsin.formats.feedback import FeedbackFormat
from tocsin.formats.litellm import LiteLLM
from tocsin.formats.native import Native
from tocsin.formats.openai import OpenAI
from tocsin.formats.otlp.adapter import OTLP, Logs, Traces
from tocsin.formats.otlp.pieces import Piece

_ADAPTERS: dict[str, type[LiteLLM | OpenAI | Anthropic | Native | FeedbackFormat | OTLP]] = {
    "litellm": LiteLLM,
    "openai": OpenAI,
    "anthropic": Anthropic,
    "native": Native,
    "feedback": FeedbackFormat,
    "otlp": OTLP,
}
_SIGNALS: dict[str, type[Traces | Logs]] = {"traces": Traces, "logs": Logs}

FORMATS = tuple(_ADAPTERS)
"""The values of ``--format`` and of ``/v1/ingest/{format}``, besides ``auto``."""
SIGNALS = tuple(_SIGNALS)
"""The OTLP signals: the last segments of the paths ``/v1/traces`` and ``/v1/logs``."""


def get(name: str, *, content: bool = False) -> Format:
    """Return the adapter of a format; with ``content`` it fills in ``Call.content``.

    Raises:
        KeyError: the format is unknown.
    """
    if name == "auto":
        return Auto(content=content)
    return (_ADAPTERS.get(name) or _SIGNALS[name])(content=content)


def parts(name: str, data: Buffer) -> Sequence[Piece]:
    """Split a request of one of ``SIGNALS`` into records, one for each event."""
    return _SIGNALS[name].parts(data)
