"""How often the contact law errs and what its verdict costs: random cases against a brute-force count of its own.

Every case is judged by `dialer.compliance` and counted again by `lab.law_oracle`, which shares no code with it: real
presets, instants around holidays, changes of clocks and the ends of the hours, up to twelve earlier contacts over
several channels, numbers, debts, accounts and creditors, known and unknown zones. Seven campaigns of eight have
contracts and overlays of their own laid over (some ask less than the law, and must not take from it) and holidays that
a region or town keeps; debtors live elsewhere than where the campaign's rules are of, and wish for hours and channels.
In one case of five a denial's clearing is counted again, too, with the second before it and moments between. A
disagreement of any kind counts as a violation.

About one decision in ten is of a life (`lab.law_lives`): two campaigns and two dialers call one person over one ledger,
each on what it knew when it claimed; every call placed is counted again with all that has happened by then.
The cases are synthetic.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from dialer.compliance import load_rule_set, rule_set_names
from lab.bench.figures import publish, shares
from lab.cache import say
from lab.law_cases import campaigns_of, random_question
from lab.law_compare import compare
from lab.law_lives import live
from lab.law_oracle import Terms

GOAL_US = 50.0
#: What a verdict is asked of, and how it is called on the page: the rules laid together, wishes read, the case judged.
COSTS = {
    "law_alone_allowed": f"verdict that allows, the law alone (goal {GOAL_US:.0f} µs)",
    "law_alone_denied": "verdict that denies, with the instant it clears, the law alone",
    "laid_over_allowed": "verdict that allows, with contracts, overlays and local holidays",
    "laid_over_denied": "verdict that denies, with the instant it clears, with all that is laid over",
    "zone_unknown": "verdict where the zone is unknown: every zone of the country",
}
SAID_EVERY = 10_000
#: Of how many cases one has its clearing counted again, which costs seven times the case.
CLEARING_EVERY = 5
#: Of how many cases one is timed.
TIMED_EVERY = 16
#: One draw in so many is a life of some twenty decisions.
LIFE_EVERY = 180


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench law", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="random cases (default 1,000,000)")
    parser.add_argument("--minutes", type=float, help="stop after so long, with what was decided by then")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks/law.md and .json")
    wanted = parser.parse_args(argv)
    if wanted.cases < 1:
        parser.error("--cases: at least 1")
    return wanted


def measure(cases: int, seed: int, minutes: float | None = None) -> dict[str, Any]:
    """Disagreements, the reasons of the denials, and the verdicts' cost in microseconds."""
    rng = random.Random(seed)
    places = tuple(name for name in rule_set_names() if load_rule_set(name).zones)
    zones = {name: load_rule_set(name).zones for name in places}
    campaigns = {place: campaigns_of(place) for place in places}
    every = [terms for of_place in campaigns.values() for terms in of_place]
    rules: Counter[str] = Counter()
    lives: Counter[str] = Counter()
    cost_us: dict[str, list[float]] = {name: [] for name in COSTS}
    wrong: list[str] = []
    decided = said = 0
    stop = None if minutes is None else monotonic() + 60 * minutes
    while decided < cases and (stop is None or monotonic() < stop):
        if rng.randrange(LIFE_EVERY) == 0:
            place = rng.choice(places)
            zone = None if rng.random() < 0.1 else rng.choice(zones[place])
            life = live(rng, rng.sample(campaigns[place], 2), zone)
            answers = life.answers
            lives += Counter(
                lives=1, decisions=len(answers), placed=life.placed, refused=life.refused, saved=life.saved
            )
            wrong += [*life.wrong, *(answer.wrong for answer in answers if answer.wrong)]
        else:
            question = random_question(rng, every, zones)
            timed = rng.randrange(TIMED_EVERY) == 0
            answers = [compare(question, clearing=decided % CLEARING_EVERY == 0, timed=timed)]
            wrong += [f"{answer.wrong}: {question}" for answer in answers if answer.wrong]
            kind = "zone_unknown" if question.zone is None else _kind(question.terms, answers[0].allowed)
            cost_us[kind] += [answer.judge_ns / 1000 for answer in answers if answer.judge_ns is not None]
        rules.update(answer.rule or "allowed" for answer in answers)
        decided += len(answers)
        if decided // SAID_EVERY > said:
            said = decided // SAID_EVERY
            say(f"{decided:,} decisions, {len(wrong)} violations")
    return {
        "cases": decided,
        "seed": seed,
        "violations": len(wrong),
        "first_violations": wrong[:5],
        "two_dialers": dict(lives),
        "answers": dict(rules.most_common()),
        "verdict_us": {name: shares(costs) for name, costs in cost_us.items() if costs},
    }


def _kind(terms: Terms, allowed: bool) -> str:
    laid = "laid_over" if terms.overlays or terms.days else "law_alone"
    return f"{laid}_{'allowed' if allowed else 'denied'}"


def page(found: dict[str, Any]) -> list[tuple[str, str]]:
    figures = found["figures"]
    lives = figures["two_dialers"]
    rows = [
        ("random decisions", f"{figures['cases']:,} (seed {figures['seed']})"),
        ("violations (goal 0)", str(figures["violations"])),
        (
            "of these by two dialers over one ledger",
            f"{lives.get('decisions', 0):,} in {lives.get('lives', 0):,} lives: {lives.get('placed', 0):,} placed,"
            f" {lives.get('refused', 0):,} allowed on stale knowledge and refused by the ledger, of which"
            f" {lives.get('saved', 0):,} would have been outside the law",
        ),
    ]
    rows += [
        (COSTS[key], f"p50 {cost['p50']} µs, p99 {cost['p99']} µs")
        for key, cost in figures["verdict_us"].items()
    ]
    rows += [(f"answered: {rule}", f"{count:,}") for rule, count in figures["answers"].items()]
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    wanted = arguments(sys.argv[1:] if argv is None else argv)
    began = datetime.now(UTC)
    try:
        figures = measure(wanted.cases, wanted.seed, wanted.minutes)
    except KeyboardInterrupt:
        return 130
    publish(wanted, began, figures, page, name="law", title="The contact law", preface=__doc__ or "")
    for wrong in figures["first_violations"]:
        print(wrong, file=sys.stderr)
    return 1 if figures["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
