"""What the demo starts ends with it."""

import contextlib
import subprocess
import sys
import urllib.request


def test_the_exporter_ends_when_the_demo_is_terminated(port):
    address = f"http://127.0.0.1:{(number := port())}/-/healthy"
    command = [sys.executable, "-u", "-m", "tocsin", "demo", "--no-alerts", "--port", str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert any("[1/7]" in line for line in demo.stdout)
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == 200

        demo.terminate()
        demo.wait(30)

    alive = False
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
        alive = True
    assert not alive
