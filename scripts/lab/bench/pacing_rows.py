"""Runs of `scripts/bench pacing` as rows: several seeds pooled to one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]


def pooled(rows: Sequence[Row]) -> Row:
    """Several seeds of one scenario and policy: means, sums, and the worst of what must never be exceeded."""
    live, abandoned = sum(row["live"] for row in rows), sum(row["abandoned"] for row in rows)

    def worst(name: str) -> float | None:
        return max((row[name] for row in rows if row[name] is not None), default=None)

    return {
        "scenario": rows[0]["scenario"],
        "policy": rows[0]["policy"],
        "agents": rows[0]["agents"],
        "seeds": len(rows),
        "seed_numbers": sorted(row["seed"] for row in rows),
        "occupancy": float(np.mean([row["occupancy"] for row in rows])),
        "idle_s": float(np.mean([row["idle_s"] for row in rows])),
        "talk_min_per_h": float(np.mean([row["talk_min_per_h"] for row in rows])),
        "connects_per_h": float(np.mean([row["connects_per_h"] for row in rows])),
        "dials_per_h": float(np.mean([row["dials_per_h"] for row in rows])),
        "abandonment": abandoned / live if live else 0.0,
        "worst_seed": max(row["abandonment"] for row in rows),
        "unattended": sum(row["unattended"] for row in rows),
        **{name: worst(name) for name in ("worst_day", "worst_half_hour", "worst_running", "worst_rolling")},
    }


def groups(runs: Sequence[Row], part: str) -> list[Row]:
    """Pooled rows of a part, in the order they were run."""
    by: dict[tuple[str, str], list[Row]] = {}
    for row in runs:
        if row["part"] == part:
            by.setdefault((row["scenario"], row["policy"]), []).append(row)
    return [pooled(rows) for rows in by.values()]


def percent(share: float | None, digits: int = 2) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f}"
