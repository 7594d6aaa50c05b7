"""Synthetic texts made from real answers: loops, word salad, noise, and lists and tables that only resemble loops."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

SEED = 20_261


def loops(answers: Sequence[str], seed: int = SEED) -> list[tuple[str, str]]:
    """Return (kind, text) of degenerate endings."""
    draw = random.Random(seed)
    made = []
    for answer in answers:
        sentences = [part.strip() + "." for part in answer.replace("\n", " ").split(".") if len(part.split()) > 4]
        if not sentences:
            continue
        head, unit = answer[: draw.randint(0, 1500)], draw.choice(sentences)
        words = unit.split()
        phrase = " ".join(words[: draw.randint(2, 4)])
        times = draw.randint(6, 40)
        made += [
            ("character", head + draw.choice("!.aA0 -") .strip() + draw.choice("!-aA") * draw.randint(250, 900)),
            ("word", head + (" " + draw.choice(words)) * (times * 6)),
            ("phrase", head + (" " + phrase) * (times * 3)),
            ("sentence", head + (" " + unit) * times),
            ("line", head + ("\n" + unit) * times),
            ("cut", (head + (" " + unit) * times)[: -draw.randint(1, len(unit))]),
            ("numbered", head + "".join(f"\n{i + 1}. {unit}" for i in range(times))),
            ("closing", head + (" " + unit) * times + "\n\nI hope this helps!"),
            ("paragraph", head + ("\n\n" + " ".join(draw.sample(sentences, min(5, len(sentences))))) * max(5, times // 4)),
            ("varied", head + "".join(" " + _varied(words, draw) for _ in range(times + 6))),
        ]  # fmt: skip
    return made


def _varied(words: Sequence[str], draw: random.Random) -> str:
    kept = list(words)
    if draw.random() < 0.3 and len(kept) > 3:
        del kept[draw.randrange(len(kept))]
    return " ".join(kept)


def repetitive(count: int, seed: int = SEED) -> list[tuple[str, str]]:
    """Return (kind, text) of good texts with much repetition: tables, arrays, inserts, refrains."""
    draw = random.Random(seed)
    names = ["Ada", "Linus", "Grace", "Edsger", "Barbara", "Dennis", "Margaret", "Ken", "Donald", "Radia"]
    made: list[tuple[str, str]] = []
    for _ in range(count):
        n = draw.randint(8, 60)
        people = [(i + 1, draw.choice(names), draw.randint(18, 90), draw.choice(["true", "false"])) for i in range(n)]
        x = draw.randint(2, 19)
        line = " ".join(draw.sample(["oh", "the", "river", "runs", "down", "to", "sea", "my", "love", "again"], 7))
        verses = [" ".join(draw.sample(names + line.split(), 9)) + "\n" + line + "\n" for _ in range(3)]
        made += [
            ("json", json.dumps([{"id": i, "name": a, "age": g, "active": t == "true"} for i, a, g, t in people], indent=draw.choice([None, 2]))),
            ("json_flags", json.dumps([{"id": i, "enabled": True, "tags": [], "parent": None} for i, *_ in people])),
            ("sql", "\n".join(f"INSERT INTO users (id, name, age, active) VALUES ({i}, '{a}', {g}, {t});" for i, a, g, t in people)),
            ("table", "| id | name | age |\n|---|---|---|\n" + "\n".join(f"| {i} | {a} | {g} |" for i, a, g, _ in people)),
            ("times", "\n".join(f"{x} x {i} = {x * i}" for i in range(1, n))),
            ("times_words", "\n".join(f"{x} times {i} equals {x * i}." for i in range(1, n))),
            ("csv", "id,name,age\n" + "\n".join(f"{i},{a},{g}" for i, a, g, _ in people)),
            ("log", "\n".join(f"2026-11-20T02:{i % 60:02d}:00Z INFO worker-{draw.randint(1, 4)} handled request {draw.randint(1000, 9999)} in {g} ms" for i, _, g, _ in people)),
            ("song", "\n".join(verses) + line + "\n" + line),
            ("css", "\n".join(f".item-{i} {{ margin: 0; padding: {g}px; color: #{draw.randrange(1 << 24):06x}; }}" for i, _, g, _ in people)),
            ("html", "<table>" + "\n".join(f"<tr><td>Cell {i}</td><td>{g}</td></tr>" for i, _, g, _ in people) + "</table>"),
            ("days", "\n".join(f"Day {i}: Walk for {g} minutes and rest." for i, _, g, _ in people)),
            ("code", "\n".join(f"    assert add({i}, {g}) == {i + g}" for i, _, g, _ in people)),
        ]  # fmt: skip
    return made


def garbled(answers: Sequence[str], seed: int = SEED) -> list[tuple[str, str]]:
    """Return (kind, text) of answers made meaningless: shuffled words, noise in the letters, mixed alphabets."""
    draw = random.Random(seed)
    made = []
    for answer in answers:
        words = answer.split()
        if len(words) < 12:
            continue
        shuffled = draw.sample(words, len(words))
        letters = list(answer)
        for place in range(len(letters)):
            if draw.random() < 0.3 and letters[place].isalpha():
                letters[place] = draw.choice("abcdefghijklmnopqrstuvwxyz#@%&*~")
        noise = "".join(
            chr(draw.choice([*range(33, 126), *range(0x400, 0x450), *range(0x4E00, 0x4F00)])) for _ in range(300)
        )
        inner = [
            word if len(word) < 4 else word[0] + "".join(draw.sample(word[1:-1], len(word) - 2)) + word[-1]
            for word in words
        ]
        made += [
            ("salad", " ".join(shuffled)), ("letters", "".join(letters)), ("noise", noise), ("inner", " ".join(inner)),
            ("tokens", " ".join(draw.choice(words) if draw.random() < 0.8 else draw.choice(["\ufffd", "##", "</s>", "\u0120the", "<unk>"]) for _ in words)),
        ]  # fmt: skip
    return made
