"""``python -m tocsin`` and the console script."""

from __future__ import annotations

import sys

from tocsin.commands import main

if __name__ == "__main__":
    sys.exit(main())
