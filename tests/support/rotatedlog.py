"""A log with its writer and every kind of rotation, and a tailer that reads it and can be killed."""

import gzip
import os
from collections import Counter
from pathlib import Path

import zstandard

from tocsin.inputs.base import Origin
from tocsin.inputs.tailer import FileInput, FilePattern


class World:
    """A log, its writer, and a tailer that can be killed between commits."""

    def __init__(self, folder: Path, pattern: str = "app.log") -> None:
        self.folder = folder
        self.log = folder / "app.log"
        self.log.touch()
        self.pattern = str(folder / pattern)
        self.now = 0.0
        self.zstd = False
        self.written: list[str] = []
        self.state: dict[str, bytes] = {}
        self.committed: list[str] = []
        self.pending: list[str] = []
        self.oversize: list[int] = []
        self.tailer: FileInput | None = None
        self.start()

    def start(self) -> None:
        self.close()
        self.pending = []
        self.tailer = FileInput(
            [FilePattern(self.pattern)], max_line_bytes=1000, clock=lambda: self.now,
            oversize=lambda length, origin: self.oversize.append(length),
        )  # fmt: skip
        self.tailer.restore(list(self.state.items()))

    def close(self) -> None:
        if self.tailer is not None:
            self.tailer.close()

    def sink(self, data, origin: Origin) -> None:
        self.pending.append(bytes(data).strip(b"\x00").decode())

    def poll(self, seconds: float = 1.1, size: int = 4096) -> int:
        self.now += seconds
        return self.tailer.read(self.sink, size)

    def commit(self) -> None:
        for key, value in self.tailer.changes():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        self.tailer.committed()
        self.committed += self.pending
        self.pending = []

    def drain(self) -> None:
        quiet = 0
        while quiet < 12:
            quiet = 0 if self.poll() else quiet + 1
        self.commit()

    def write(self, count: int) -> None:
        with self.log.open("a") as out:
            for _ in range(count):
                text = f"line {len(self.written):06d}"
                out.write(text + "\n")
                self.written.append(text)

    def shift(self) -> None:
        for number in range(60, 0, -1):
            for suffix in ("", ".gz", ".zst"):
                old = self.folder / f"app.log.{number}{suffix}"
                if old.exists():
                    old.rename(self.folder / f"app.log.{number + 1}{suffix}")

    def rename(self, *, pack: bool = False) -> None:
        self.shift()
        self.log.rename(self.folder / "app.log.1")
        self.log.touch()
        if pack:
            self.pack()

    def copytruncate(self, *, pack: bool = False) -> None:
        self.shift()
        (self.folder / "app.log.1").write_bytes(self.log.read_bytes())
        os.truncate(self.log, 0)
        if pack:
            self.pack()

    def pack(self) -> None:
        plain = self.folder / "app.log.1"
        suffix, pack = (".zst", zstandard.compress) if self.zstd else (".gz", gzip.compress)
        (self.folder / "app.log.1.tmp").write_bytes(pack(plain.read_bytes()))
        (self.folder / "app.log.1.tmp").rename(self.folder / f"app.log.1{suffix}")
        plain.unlink()

    def check(self) -> None:
        assert Counter(self.committed) == Counter(self.written)
