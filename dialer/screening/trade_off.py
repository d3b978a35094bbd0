"""What a cost ratio buys: the shipped detector's two errors on held-back generated calls, as `scripts/bench screening`
measured them and wrote them down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FILE = "trade_off.json"


@dataclass(frozen=True, slots=True)
class Point:
    """One cost ratio: share of people taken for machines, share of machines passed to agents; both 0..1."""

    cost_ratio: float
    human_as_machine: float
    machine_passed: float


@cache
def shipped() -> tuple[Point, ...]:
    """The curve of the shipped model, by rising cost ratio."""
    text = files("dialer.screening").joinpath("model", FILE).read_text("utf-8")
    return tuple(Point(**point) for point in json.loads(text)["points"])


def text_of(curve: dict[str, dict[str, Any]]) -> str:
    """The file's text from the bench's curve: percents by cost ratio."""
    points = [
        {
            "cost_ratio": float(ratio),
            "human_as_machine": round(one["human_as_machine_percent"] / 100, 5),
            "machine_passed": round(one["machine_passed_percent"] / 100, 5),
        }
        for ratio, one in sorted(curve.items(), key=lambda item: float(item[0]))
    ]
    return json.dumps({"points": points}, indent=1) + "\n"
