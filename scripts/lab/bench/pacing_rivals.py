"""Ours beside the peers of `scripts/bench pacing`: as shipped, and with the settings that were best with hindsight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.bench.pacing_peers import SHIPPED, best
from lab.bench.pacing_rows import Row, groups, percent, pooled
from lab.bench.tables import Sheet
from pacing.bench import parse_policy
from pacing.bounds import Clairvoyant

#: The public scenarios' target.
TARGET = 0.03
SHIPPED_TITLE = "Every policy as shipped: occupancy % @ abandoned %"
HINDSIGHT_TITLE = "Against the best settings of the peers, chosen with hindsight"


def _beside(runs: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Pooled whole shifts by scenario and policy: the peers, and ours over the seeds they ran with."""
    peers = groups(runs, "peers")
    seeds = {row["seed"] for row in runs if row["part"] == "peers" and row["policy"] in SHIPPED}
    ours = [row for row in runs if row["part"] == "gate" and row["seed"] in seeds]
    return {(row["scenario"], row["policy"]): row for row in [*groups(ours, "gate"), *peers]}


def _cell(row: Row | None) -> str:
    return "-" if row is None else f"{percent(row['occupancy'], 1)} @ {percent(row['abandonment'], 1)}"


def as_shipped(runs: Sequence[Row]) -> Sheet:
    """Occupancy and abandonment by scenario and policy as shipped."""
    cells = _beside(runs)
    policies = ["predictive", *SHIPPED, Clairvoyant.name]
    known = [name for name in policies if any(policy == name for _, policy in cells)]
    scenarios = list(dict.fromkeys(scenario for scenario, _ in cells))
    lines = [(name, *(_cell(cells.get((name, policy))) for policy in known)) for name in scenarios]
    return Sheet(SHIPPED_TITLE, ("scenario", *known), lines)


#: Whose settings are chosen with hindsight, with how many points above them are wanted in the mean.
RIVALS = (("best fixed ratio", "power", 4.0), ("best VICIdial", "vicidial", 7.5))
#: The same over VICIdial's hard limit as shipped: its name on the page and in the registry.
HARD_LIMIT, HARD_LIMIT_POLICY, HARD_LIMIT_GOAL = "VICIdial hard limit as shipped", "vicidial_hard_limit", 29.0


@dataclass(frozen=True, slots=True)
class Contest:
    """One scenario: our runs, and the pooled runs of each rival, None where it never kept the target."""

    scenario: str
    ours: Sequence[Row]
    chosen: dict[str, Row | None]

    def beside(self, rival: Row | None) -> Row | None:
        """Ours over the seeds the rival ran with."""
        seeds = [] if rival is None else rival["seed_numbers"]
        own = [row for row in self.ours if row["seed"] in seeds]
        return pooled(own) if len(own) == len(seeds) > 0 else None

    def above(self, name: str) -> float | None:
        """Points of occupancy over a rival."""
        rival = self.chosen[name]
        ours = self.beside(rival)
        return None if rival is None or ours is None else 100 * (ours["occupancy"] - rival["occupancy"])


def contests(runs: Sequence[Row]) -> list[Contest]:
    """By scenario: of each family the busiest of those that kept the target, and VICIdial's hard limit as shipped
    whether it kept it or not."""
    peers = {(row["scenario"], row["policy"]): row for row in groups(runs, "peers")}
    found = []
    for scenario in dict.fromkeys(scenario for scenario, _ in peers):
        own = [row for (name, _), row in peers.items() if name == scenario]
        chosen = {name: best(own, family, TARGET) for name, family, _ in RIVALS}
        chosen[HARD_LIMIT] = peers.get((scenario, HARD_LIMIT_POLICY))
        ours = [row for row in runs if row["part"] == "gate" and row["scenario"] == scenario]
        found.append(Contest(scenario, ours, chosen))
    return found


def with_hindsight(runs: Sequence[Row]) -> Sheet:
    """Ours beside the best each peer can do in each scenario, and how many points above."""
    lines: list[tuple[str, ...]] = []
    for contest in contests(runs):
        line = [contest.scenario]
        for name in (*(name for name, _, _ in RIVALS), HARD_LIMIT):
            rival, above = contest.chosen[name], contest.above(name)
            line.append(_cell(rival))
            if name != HARD_LIMIT:
                line += [_setting(rival), "-" if rival is None else str(rival["seeds"])]
            line += [_cell(contest.beside(rival)), "-" if above is None else f"{above:+.1f}"]
        lines.append(tuple(line))
    columns = ["scenario"]
    for name, _, _ in RIVALS:
        columns += [name, "its setting", "seeds", "predictive", "above"]
    return Sheet(HINDSIGHT_TITLE, (*columns, HARD_LIMIT, "predictive", "above"), lines)


#: Settings as the page names them.
SETTINGS = {
    "ratio": "",
    "max_level": "level ",
    "difference_target": "difference ",
    "available_only": "ready only ",
}


def _setting(row: Row | None) -> str:
    """A policy's settings in few words."""
    if row is None:
        return "none kept the target"
    name, settings = parse_policy(row["policy"])
    told = [name.split("_", 1)[1].replace("_", " ")] if "_" in name else []
    told += [f"{SETTINGS[key]}{value:g}" for key, value in settings.items() if value and value is not True]
    told += [SETTINGS[key].strip() for key, value in settings.items() if value is True]
    return ", ".join(told)


def margins(runs: Sequence[Row]) -> list[tuple[str, float, float, float]]:
    """Over each rival: its name, our points above it in the mean of the scenarios where it kept the target, in the
    closest one, and the mean wanted."""
    if not groups(runs, "peers"):
        return []
    found, made = contests(runs), []
    for name, wanted in [(HARD_LIMIT, HARD_LIMIT_GOAL), *((name, goal) for name, _, goal in RIVALS)]:
        above = [points for contest in found if (points := contest.above(name)) is not None]
        if above:
            made.append((name, float(np.mean(above)), min(above), wanted))
    return made
