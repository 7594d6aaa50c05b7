"""Local servers for tests, and one that records what it receives, such as a pager for Alertmanager."""

import contextlib
import http.server
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests without a word on the terminal."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler], **attributes: Any) -> Iterator[http.server.ThreadingHTTPServer]:
    """Run a server on a free port; the attributes are its own, for its handlers as ``self.server``."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vars(server).update(attributes)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Taking(Handler):
    def do_POST(self) -> None:
        self.server.take(self.path, json.loads(self.body()))
        self.send(200, "application/json", b"{}")


class Receiver:
    """Takes JSON at any path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: queue.Queue[Any] = queue.Queue()
        """Bodies, as they came."""
        self.alerts: list[dict[str, Any]] = []
        """Alerts of Alertmanager's notifications in their order: ``at`` (time.monotonic), ``path``, ``status``, labels."""

    def take(self, path: str, body: Any) -> None:
        now = time.monotonic()
        if isinstance(body, dict):
            self.alerts += [
                {"at": now, "path": path, "status": alert["status"], **alert["labels"]} for alert in body.get("alerts", [])
            ]
        self.told.put(body)

    def wait(self, reached: Callable[[], object], seconds: float) -> bool:
        """Wait until a condition is true, checking it whenever something is received."""
        until = time.monotonic() + seconds
        while not reached():
            left = until - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(queue.Empty):
                self.told.get(timeout=min(left, 0.5))
        return True


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    with serving(_Taking) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        server.take = receiver.take
        yield receiver
