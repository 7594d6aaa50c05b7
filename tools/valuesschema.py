"""Write the schema of the exporter's configuration into the chart's ``values.schema.json``, as its ``definitions``.

Run by ``make docs``. So a wrong key in ``config`` is refused by ``helm install``, not by a pod that cannot start.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from tocsin.config import Config

SCHEMA = Path(__file__).resolve().parent.parent / "helm" / "tocsin" / "values.schema.json"


def definitions() -> dict[str, Any]:
    """Return the schema of each part of the configuration, by the name of its class."""
    _, parts = msgspec.json.schema_components([Config], ref_template="#/definitions/{name}")
    found: dict[str, Any] = _plain(parts)
    return found


def _plain(node: Any) -> Any:
    """Drop descriptions and defaults; allow false for ``off`` and true for ``on``, which Helm converts them to."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain(value) for key, value in node.items() if key not in ("title", "description", "default")}
    if "off" in kept.get("enum", ()):
        kept["enum"] += [False, *([True] if "on" in kept["enum"] else [])]
    return kept


def main() -> int:
    """Write the definitions."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    schema["properties"]["config"] = {"$ref": "#/definitions/Config"}
    schema["definitions"] = definitions()
    SCHEMA.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
