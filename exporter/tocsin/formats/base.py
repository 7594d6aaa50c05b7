"""The interface of an adapter: the bytes of one event in, one ``Call`` or ``Feedback`` out."""

from __future__ import annotations

from typing import Protocol

from tocsin.call import Event

Buffer = bytes | bytearray | memoryview
Bytes = bytes | bytearray
"""Bytes that are not copied to make them immutable: large bodies are read into a bytearray. Nothing modifies it."""


class Format(Protocol):
    """One vendor's event format.

    An adapter is stateless, so that one object serves every input. It is built with
    ``content=True`` when detectors need the texts; otherwise it must not spend time on decoding them.
    """

    name: str

    def parse(self, data: Buffer) -> Event:
        """Return the one event in ``data`` (a JSON object, UTF-8, no surrounding array).

        Unknown fields are ignored; optional fields of a wrong type are listed in ``field_errors``.

        Raises:
            tocsin.call.Skip: the event cannot be counted; ``reason`` says why. Nothing else is raised,
                whatever the bytes.
        """
        ...
