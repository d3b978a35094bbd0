"""Figures of a bench as a page of the documentation, and the shares of a sample."""

import json
from collections.abc import Sequence
from typing import Any

import numpy

from lab.stack import ROOT

DOCS = ROOT / "docs" / "benchmarks"


def shares(sample: Sequence[float]) -> dict[str, float]:
    """How many, and the median, the 99th of a hundred and the worst, rounded to hundredths."""
    if not sample:
        return {"n": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}
    p50, p99 = numpy.percentile(sample, [50, 99])
    return {
        "n": len(sample),
        "p50": round(float(p50), 2),
        "p99": round(float(p99), 2),
        "max": round(max(sample), 2),
    }


def write_page(
    name: str, title: str, preface: str, found: dict[str, Any], rows: Sequence[tuple[str, str]]
) -> None:
    """`docs/benchmarks/<name>.md`, and the same figures whole as `.json`."""
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table = ["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    conditions = f"{found['began']}, {found['machine']}."
    text = "\n\n".join([f"# {title}", preface.strip(), conditions, "\n".join(table)])
    (DOCS / f"{name}.md").write_text(text + "\n", encoding="utf-8")
