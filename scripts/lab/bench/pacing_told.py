"""Part `told` of `scripts/bench pacing`: the same shifts with their planned end told, truly and an hour off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lab.bench.pacing_peers import Task
from lab.bench.pacing_rows import Row, groups, percent
from lab.bench.tables import Sheet
from pacing.world import Scenario

TITLE = "With the shift's end told"
#: Small teams: what stays in hand is a large part of what they may abandon.
PLAYED = ("three-agents", "steady-5", "steady-10", "steady-20")
JOINT = ", "


@dataclass(frozen=True, slots=True)
class Plan:
    """What was told: how many hours later than the shift ends (None: nothing), and how much longer it lasts than in the
    scenario."""

    name: str
    late_h: float | None
    longer_h: float = 0.0


NOT_TOLD, TOLD = Plan("not told", None), Plan("told", 0.0)
#: Of all of them the plan says the scenario's own end.
PLANS = (NOT_TOLD, TOLD, Plan("ends an hour early", 1.0, -1.0), Plan("an hour of overtime", -1.0, 1.0))


def tasks(scenarios: Sequence[Scenario], seeds: Sequence[int]) -> list[Task]:
    """Every plan in each of `PLAYED`, the true ones first."""
    played = [s for name in PLAYED for s in scenarios if s.name == name]
    return [
        Task("told", _lasting(scenario, plan), "predictive", seed, plan.late_h)
        for plans in (PLANS[:2], PLANS[2:])
        for seed in seeds
        for plan in plans
        for scenario in played
    ]


def _lasting(scenario: Scenario, plan: Plan) -> Scenario:
    hours = scenario.hours + plan.longer_h
    return replace(scenario, name=scenario.name + JOINT + plan.name, hours=hours)


def rows_of(runs: Sequence[Row]) -> Iterator[tuple[str, str, Row]]:
    """Scenario, plan and pooled row of the part."""
    for row in groups(runs, "told"):
        scenario, plan = row["scenario"].split(JOINT)
        yield scenario, plan, row


def sheet(runs: Sequence[Row]) -> Sheet | None:
    """Beside each told shift the points of occupancy above the one that was not; None where the part was not run."""
    plain = {scenario: row for scenario, plan, row in rows_of(runs) if plan == NOT_TOLD.name}
    lines = []
    for scenario, plan, row in sorted(rows_of(runs), key=lambda found: PLAYED.index(found[0])):
        before = plain.get(scenario)
        same = plan == TOLD.name and before is not None and before["seed_numbers"] == row["seed_numbers"]
        more = f"{100 * (row['occupancy'] - before['occupancy']):+.2f}" if same and before else ""
        lines.append(
            (
                scenario,
                plan,
                str(row["seeds"]),
                percent(row["occupancy"]),
                more,
                f"{row['idle_s']:.1f}",
                *(percent(row[name]) for name in ("abandonment", "worst_seed", "worst_day", "worst_running")),
            )
        )
    columns = (
        "scenario", "end of the shift", "seeds", "occupancy %", "above not told", "idle s", "abandoned %", "worst seed",
        "worst day", "after 200",
    )  # fmt: skip
    return Sheet(TITLE, columns, lines) if lines else None


NOTE = """
The planned end of the scenario was told, or nothing; the shift ended then, an hour earlier, or an hour later. Most of
those not told were played with sources under another digest, which decide the same without a told end. Five seeds move
the occupancy of five agents by about a point, so "above not told" is mostly chance: that more of the budget is used is
not. What it is worth without that chance is computed in [decision 10](../decisions/0010-price-of-an-abandonment.md).
"""
