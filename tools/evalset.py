"""``python tools/evalset.py FOLDER``: select the texts shipped for ``tocsin eval`` from a folder of labelled sets.

Taken are rows whose licence allows it and that are in the part kept aside while rules were written (``part_of`` in
``bench/labelled.py``; models that are shipped were fitted on all parts in the end), at most ``CAP`` a set and label,
in the order of a hash. The output is the same every time.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from labelled import part_of  # noqa: E402 - the path is set above

OUT = ROOT / "exporter" / "tocsin" / "evaluation" / "data"
ALLOWED = {"MIT", "Apache-2.0", "CC BY 4.0", "CC BY 3.0", "own", "CC BY 4.0 / MIT", "MIT / CC BY 4.0",
           "Apache-2.0 (arena-hard-auto) / MIT (HaluEval)"}  # fmt: skip
"""Licences that allow redistribution with attribution and without conditions on the rest of the project."""
CAP = 200
SETS = (
    "pii_answers", "secrets", "policy_keywords", "injection_direct", "prompt_leak", "tox_surge",
    "refusal_xstest", "format_json", "confidence", "grounded_qa", "topic_pairs", "benign_arena", "benign_halueval",
    "language_switch", "repetition", "injection_indirect",
)  # fmt: skip
ENCODED = {"pii_answers", "secrets"}
"""Sets with strings that look like live credentials."""
KEPT = ("text", "label", "context", "kind", "tier", "format", "schema", "expected_lang", "source", "licence", "id")
# harmful_output is omitted on purpose: harmful instructions are used for measuring, not distributed.
EXTRAS = ("policy_keywords.json", "schema_order.json")
HEAD = """# Labelled texts of `tocsin eval`

Chosen by `tools/evalset.py`. `own` rows were made for this project on top of the named answers; their personal data
and secrets are invented.

| set | from | licence | rows |
|---|---|---|---|"""


def main() -> None:
    """Write the sets and their sources."""
    folder = Path(sys.argv[1])
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.gz"):
        old.unlink()
    origins: Counter[tuple[str, str, str]] = Counter()
    for name in SETS:
        rows = chosen(folder / f"{name}.jsonl.gz")
        labels = {str(row["label"]) for row in rows}
        if len(labels) < 2 and not name.startswith("benign"):
            continue  # too few rows have a suitable licence
        lines = []
        for row in rows:
            origins[name, row["source"], row["licence"]] += 1
            kept = {key: row[key] for key in KEPT if row.get(key) is not None}
            if name in ENCODED:
                kept["text64"] = base64.b64encode(kept.pop("text").encode()).decode()
            lines.append(json.dumps(kept, ensure_ascii=False, sort_keys=True))
        (OUT / f"{name}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    for extra in EXTRAS:
        (OUT / extra).write_bytes((folder / extra).read_bytes())
    (OUT / "SOURCE.md").write_text(sources(origins))


def chosen(path: Path) -> list[dict[str, object]]:
    """Return the rows of one set that ship."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    rows = [row for row in rows if row["licence"] in ALLOWED and part_of(row) == "own"]
    rows.sort(key=lambda row: zlib.crc32(row["id"].encode()))
    seen: Counter[str] = Counter()
    out = []
    for row in rows:
        seen[str(row["label"])] += 1
        if path.name.startswith("benign") or seen[str(row["label"])] <= CAP:
            out.append(row)
    return out


def sources(origins: Counter[tuple[str, str, str]]) -> str:
    """Return the attribution of every row."""
    rows = [f"| {' | '.join(origin)} | {count} |" for origin, count in sorted(origins.items())]
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    main()
