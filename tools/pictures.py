"""Take the README's picture of the status page: run the demo through its incidents, and photograph it with Chromium.

Run by ``make pictures``; takes the four minutes until the demo's last incident. Chromium loads the page from loopback
and nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "status.png"
LARGEST = 200_000
"""Maximum bytes of a picture in the repository."""
WIDTH, HEIGHT = 1080, 1160


def main() -> int:
    """Run the demo until all four categories have paged, take the picture, stop the demo."""
    command = [sys.executable, "-u", "-m", "tocsin", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as demo:
        address = ""
        try:
            for line in demo.stdout or ():
                print(line, end="", flush=True)
                found = re.match(r"status page +(\S+)", line)
                address = found[1] if found else address
                if line.startswith("[7/7]"):
                    shoot(address)
                    break
        finally:
            demo.terminate()
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {size} bytes")
    return 0 if size <= LARGEST else 1


def shoot(address: str) -> None:
    """Save the picture of a page."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as profile:
        subprocess.run(
            [
                ROOT / ".tools" / "bin" / "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={profile}",
                f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={PICTURE}", address,
            ],
            check=True, timeout=120, stderr=subprocess.DEVNULL,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
