"""How often the contact law errs and what its verdict costs: random cases against a brute-force count of its own.

Every case is judged by `dialer.compliance` and counted again by `lab.law_oracle`, which shares no code with it: real
presets, instants around holidays, changes of clocks and the ends of the hours, up to twelve earlier contacts over
several channels, numbers, debts and accounts, known and unknown zones. In one case of five a denial's clearing is
counted again, too, with the second before it and moments between. A disagreement of any kind counts as a violation.
The cases are synthetic.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialer.compliance import load_rule_set, rule_set_names
from lab.bench.figures import publish, shares
from lab.cache import say
from lab.law_compare import compare
from lab.law_oracle import random_question

GOAL_US = 50.0
SAID_EVERY = 50_000
#: Of how many cases one has its clearing counted again, which costs seven times the case.
CLEARING_EVERY = 5


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench law", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="random cases (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks/law.md and .json")
    wanted = parser.parse_args(argv)
    if wanted.cases < 1:
        parser.error("--cases: at least 1")
    return wanted


def measure(cases: int, seed: int) -> dict[str, Any]:
    """Disagreements, the reasons of the denials, and the verdicts' cost in microseconds."""
    rng = random.Random(seed)
    places = tuple(name for name in rule_set_names() if load_rule_set(name).zones)
    zones = {name: load_rule_set(name).zones for name in places}
    rules: Counter[str] = Counter()
    allowed_us: list[float] = []
    denied_us: list[float] = []
    unknown_zone_us: list[float] = []
    wrong: list[str] = []
    for n in range(1, cases + 1):
        question = random_question(rng, places, zones)
        answer = compare(question, clearing=n % CLEARING_EVERY == 0)
        if answer.wrong is not None:
            wrong.append(f"{answer.wrong}: {question}")
        cost = unknown_zone_us if question.zone is None else allowed_us if answer.allowed else denied_us
        cost.append(answer.judge_ns / 1000)
        rules[answer.rule or "allowed"] += 1
        if n % SAID_EVERY == 0:
            say(f"{n:,} cases, {len(wrong)} violations")
    return {
        "cases": cases,
        "seed": seed,
        "violations": len(wrong),
        "first_violations": wrong[:5],
        "answers": dict(rules.most_common()),
        "verdict_us_allowed": shares(allowed_us),
        "verdict_us_denied_with_its_clearing": shares(denied_us),
        "verdict_us_zone_unknown": shares(unknown_zone_us),
    }


def page(found: dict[str, Any]) -> list[tuple[str, str]]:
    figures = found["figures"]
    rows = [
        ("random cases", f"{figures['cases']:,} (seed {figures['seed']})"),
        ("violations (goal 0)", str(figures["violations"])),
    ]
    for name, key in (
        (f"verdict that allows, zone known (goal {GOAL_US:.0f} µs)", "verdict_us_allowed"),
        ("verdict that denies, with the instant it clears", "verdict_us_denied_with_its_clearing"),
        ("verdict where the zone is unknown: every zone of the country", "verdict_us_zone_unknown"),
    ):
        cost = figures[key]
        rows.append((name, f"p50 {cost['p50']} µs, p99 {cost['p99']} µs"))
    rows += [(f"answered: {rule}", f"{count:,}") for rule, count in figures["answers"].items()]
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(sys.argv[1:] if argv is None else argv)
    began = datetime.now(UTC)
    try:
        figures = measure(wanted.cases, wanted.seed)
    except KeyboardInterrupt:
        return 130
    publish(wanted, began, figures, page, name="law", title="The contact law", preface=__doc__ or "")
    for wrong in figures["first_violations"]:
        print(wrong, file=sys.stderr)
    return 1 if figures["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
