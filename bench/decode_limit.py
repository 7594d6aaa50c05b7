"""The limit: read a log, split it into lines, decode eleven fields of each with msgspec, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import msgspec

CHUNK = 1 << 20


class Metadata(msgspec.Struct, gc=False):
    """The two labels in the metadata."""

    user_api_key_team_alias: str | None = None
    user_api_key_request_route: str | None = None


class Failure(msgspec.Struct, gc=False):
    """Why a call failed."""

    error_class: str | None = None


class Event(msgspec.Struct, gc=False):
    """The fields of an event that any exporter of tokens, cost and latency needs."""

    status: str
    model_group: str
    startTime: float  # noqa: N815 - LiteLLM's name
    endTime: float  # noqa: N815
    completionStartTime: float  # noqa: N815
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    response_cost: float
    metadata: Metadata
    error_information: Failure | None = None


def chunks(path: str) -> Iterator[bytes]:
    """Yield complete lines, about a megabyte at a time."""
    file = os.open(path, os.O_RDONLY)
    rest = b""
    while data := os.read(file, CHUNK):
        end = data.rfind(b"\n") + 1
        yield rest + data[:end]
        rest = data[end:]
    os.close(file)


def main(path: str) -> None:
    """Decode every line of the log."""
    decode = msgspec.json.Decoder(Event).decode
    for chunk in chunks(path):
        for line in chunk.split(b"\n"):
            if line:
                decode(line)


if __name__ == "__main__":
    main(sys.argv[1])
