"""External programs: where to find them, and what to do if they are missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEND = "put it on PATH (Debian: apt-get install prometheus), or run `make tools` in a checkout"


def find(name: str) -> str | None:
    """Return the path of a program: ``.tools/bin`` of the working directory or of the checkout, then PATH."""
    checkout = Path(__file__).resolve().parents[2]
    places = [str(Path.cwd() / ".tools" / "bin"), str(checkout / ".tools" / "bin"), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(places))
