"""``make preview``: every compiled dashboard with the demo's data, as pictures under ``docs/pictures``.

They are previews, drawn by us from the compiled JSON: no Grafana is needed, and none is shown.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from collect import Page, demo, page
from draw import WIDTH
from draw import page as drawn
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
COLOURS = 160
"""Enough for flat areas and lines; a third of the bytes."""


def main() -> None:
    """Run the demo, evaluate every query, take the pictures."""
    path = os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")])
    chromium = shutil.which("chromium", path=path)
    if chromium is None:
        raise SystemExit("preview: no chromium; run `make tools`")
    with demo() as prometheus:
        pages = {
            source.stem: page(prometheus, json.loads(source.read_text(encoding="utf-8")))
            for source in sorted((ROOT / "dashboards" / "out").glob("*.json"))
        }
    pictures(chromium, pages)


def pictures(chromium: str, pages: dict[str, Page]) -> None:
    """Photograph each page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-preview-") as folder:
        for name, data in pages.items():
            text, height = drawn(data)
            source, shot = Path(folder) / f"{name}.html", Path(folder) / f"{name}.png"
            source.write_text(text, encoding="utf-8")
            subprocess.run([
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--no-first-run", "--disable-sync", "--disable-component-update", "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--window-size={WIDTH},{height}", f"--screenshot={shot}", source.as_uri(),
            ], check=True, capture_output=True, timeout=120, env=os.environ | {"HOME": folder})  # fmt: skip
            target = PICTURES / f"preview-{name}.png"
            with Image.open(shot) as image:
                image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
            print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
