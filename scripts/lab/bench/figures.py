"""Figures of a bench on the terminal, as JSON and as a page of the documentation, and the shares of a sample."""

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy

from dialer.domain.errors import DialerError
from lab.bench import processes
from lab.cache import say
from lab.errors import LabError
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


def publish(
    wanted: argparse.Namespace,
    began: datetime,
    figures: dict[str, Any],
    page: Callable[[dict[str, Any]], list[tuple[str, str]]],
    *,
    name: str,
    title: str,
    preface: str,
) -> None:
    """Print what `page` makes of the figures, and write what `--json` and `--docs` ask for."""
    found = {
        "began": began.isoformat(timespec="seconds"),
        "machine": processes.machine(),
        "figures": figures,
    }
    rows = page(found)
    for what, value in rows:
        print(f"{what:65} {value}")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if wanted.docs:
        write_page(name, title, preface, found, rows)


def run(
    wanted: argparse.Namespace,
    bench: Coroutine[Any, Any, dict[str, Any]],
    page: Callable[[dict[str, Any]], list[tuple[str, str]]],
    *,
    name: str,
    title: str,
    preface: str,
) -> int:
    """Publish what `bench` measures. The exit code."""
    began = datetime.now(UTC)
    try:
        figures = asyncio.run(bench)
    except (LabError, DialerError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    publish(wanted, began, figures, page, name=name, title=title, preface=preface)
    return 0
