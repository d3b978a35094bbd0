"""Command line of the pacing package: `python -m pacing bench --scenarios FILE --policies a,b --seeds N`."""

from __future__ import annotations

import os

# Arrays here are far too small for a second thread to pay, and it would take a core from another run.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import math
import sys
from pathlib import Path

from pacing.bench import COLUMNS, compare, load_scenarios, result, row
from pacing.policy import names


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pacing", description="Score pacing policies by simulation."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("bench", help="run policies over scenarios on common random numbers")
    bench.add_argument(
        "--scenarios", required=True, type=Path, metavar="FILE", help="a pacing-scenarios/1 file"
    )
    bench.add_argument(
        "--policies",
        required=True,
        metavar="A,B",
        help=f"any of {', '.join(names())}, or clairvoyant (knows the future); settings as power:ratio=3",
    )
    bench.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="replications, seeds 1 to N (default 1)"
    )
    bench.add_argument("--only", default="", metavar="X,Y", help="only the scenarios of these names")
    bench.add_argument("--hours", type=float, metavar="H", help="only the first hours of each shift")
    bench.add_argument(
        "--tell-end",
        type=float,
        nargs="?",
        const=0.0,
        metavar="H",
        help="tell the policies when the shift is planned to end: with H, so many hours later than it does (below 0: "
        "overtime is worked)",
    )
    bench.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="processes at once (default 2, or the cores there are)",
    )
    bench.add_argument("--json", type=Path, metavar="OUT", help="write the figures there")
    arguments = parser.parse_args(argv)
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")
    if arguments.jobs < 1:
        parser.error("--jobs must be at least 1")
    if arguments.hours is not None and arguments.hours <= 0:
        parser.error("--hours must be above 0")
    if arguments.tell_end is not None and not math.isfinite(arguments.tell_end):
        parser.error("--tell-end takes a number of hours")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    measures = []
    try:
        only = [name for name in arguments.only.split(",") if name]
        scenarios = load_scenarios(arguments.scenarios, only)
        policies = [name for name in arguments.policies.split(",") if name]
        print(COLUMNS)  # noqa: T201
        told = _tell if sys.stderr.isatty() else _be_silent
        told_late_h = arguments.tell_end
        for m in compare(
            scenarios, policies, arguments.seeds, arguments.hours, arguments.jobs, told, told_late_h
        ):
            measures.append(m)
            told("")
            print(row(m), flush=True)  # noqa: T201
        if arguments.json:
            document = result(measures, arguments.seeds, arguments.hours, told_late_h)
            arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"pacing: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _tell(line: str) -> None:
    """Show progress in place of the last line of it."""
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201


def _be_silent(line: str) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main())
