"""The rules as they are shipped."""

from pathlib import Path

from tocsin import bundle

OUT = Path(__file__).parents[2] / "rules" / "out"


def rules(kind: str) -> list[dict]:
    document = bundle.parse((OUT / f"{kind}.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def groups() -> list[dict]:
    return bundle.shipped().rule_groups()


ALERTS = rules("alerts")
