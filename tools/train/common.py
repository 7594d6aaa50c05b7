"""``python tools/train/common.py SETS``: stems of the words that ordinary answers are made of, for ``novelty``.

Reads benign_arena (Apache-2.0) and benign_halueval (MIT) of a folder of labelled sets. No text is shipped.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "exporter")]

from labelled import Sets  # noqa: E402 - the path comes first

from tocsin.detectors.novelty import COMMON_STEMS, stems_of  # noqa: E402

SHARE = 0.03
"""Share of the answers in which a stem stands from which it is common."""
LINE = 20


def main(folder: str) -> None:
    """Write the list into the package."""
    texts = Sets(Path(folder), "all").benign()
    seen = Counter(stem for text in texts for stem in stems_of(text))
    common = sorted(stem for stem, count in seen.items() if count >= SHARE * len(texts))
    lines = (" ".join(common[start : start + LINE]) for start in range(0, len(common), LINE))
    COMMON_STEMS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(common)} stems of {len(texts)} answers: {COMMON_STEMS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
