"""Adapters: from vendors' bytes to ``Call``. Nothing else knows vendors."""

from __future__ import annotations

from tocsin.formats.anthropic import Anthropic
from tocsin.formats.auto import Auto
from tocsin.formats.base import Format
from tocsin.formats.feedback import FeedbackFormat
from tocsin.formats.litellm import LiteLLM
from tocsin.formats.native import Native
from tocsin.formats.openai import OpenAI

_ADAPTERS: dict[str, type[LiteLLM | OpenAI | Anthropic | Native | FeedbackFormat]] = {
    "litellm": LiteLLM,
    "openai": OpenAI,
    "anthropic": Anthropic,
    "native": Native,
    "feedback": FeedbackFormat,
}

FORMATS = tuple(_ADAPTERS)
"""The words of ``--format`` and of ``/v1/ingest/{format}``, beside ``auto``."""


def get(name: str, *, content: bool = False) -> Format:
    """Return the adapter of a format word; ``content`` fills ``Call.content``.

    Raises:
        KeyError: the word is unknown.
    """
    return Auto(content=content) if name == "auto" else _ADAPTERS[name](content=content)
