"""What an adapter is: bytes of one event in, one ``Call`` or ``Feedback`` out."""

from __future__ import annotations

from typing import Protocol

from tocsin.call import Event

Buffer = bytes | bytearray | memoryview
Bytes = bytes | bytearray
"""What is not copied for being immutable: a large body is read into its place. Nobody changes one."""


class Format(Protocol):
    """One vendor's event format.

    An adapter is stateless, so that one object serves every input. It is built with
    ``content=True`` when detectors want the texts; without, it must not pay for decoding them.
    """

    name: str

    def parse(self, data: Buffer) -> Event:
        """Return the one event in ``data`` (a JSON object, UTF-8, no surrounding array).

        Unknown fields are ignored, wrong types of optional fields are named in ``field_errors``.

        Raises:
            tocsin.call.Skip: the event cannot be counted; ``reason`` says why. Nothing else is raised,
                whatever the bytes.
        """
        ...
