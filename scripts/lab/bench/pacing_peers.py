"""The peers of `scripts/bench pacing`: as shipped, and with the settings that were best in each scenario, looked for
with hindsight."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pacing.bench import parse_policy
from pacing.simulator import shorten
from pacing.world import Scenario

Row = dict[str, Any]

#: What a supervisor may choose beside `predictive`, as shipped.
SHIPPED = (
    "progressive", "vicidial_hard_limit", "vicidial_average", "vicidial_tapered", "issabel",
    "issabel:overcommit=true", "erlang",
)  # fmt: skip
#: A fixed ratio is looked for between one call per free agent and this many, by halving.
RATIO_RANGE, HALVINGS = (1.0, 17.0), 6
#: VICIdial's hard limit by its highest dial level and by whether it tallies ready agents only. (Average halves the
#: level instead and ends within two points of it; tapered as shipped breaks the target nearly everywhere.)
GRID = tuple(
    f"vicidial_hard_limit:max_level={level}:difference_target=0:available_only={ready_only}"
    for ready_only, levels in (("false", (2, 4, 8)), ("true", (2, 3, 4, 6, 8)))
    for level in levels
)
#: The grid is sifted on the first hours of a shift. The busiest few near the target then play it whole, and the
#: busiest well within it, lest none of them keeps it to the end.
SIFT_HOURS, SIFT_NEAR, SIFT_WITHIN, SIFTED = 2.0, 1.2, 0.8, 2


@dataclass(frozen=True, slots=True)
class Task:
    """One simulation: plain values, so that another process can run it."""

    part: str
    scenario: Scenario
    policy: str
    seed: int
    #: Told is when the shift ends, so many hours later than it does; None: it is not (`Simulation`).
    told_late_h: float | None = None

    @property
    def key(self) -> str:
        return f"{self.part}/{self.scenario.name}/{self.policy}/{self.seed}"


#: Runs tasks and gives their measures, in the same order.
Play = Callable[[Sequence[Task]], list[Row]]
#: Pools the runs of one scenario and policy.
Pool = Callable[[Sequence[Row]], Row]


def search(play: Play, pool: Pool, scenarios: Sequence[Scenario], seeds: Sequence[int]) -> None:
    """Play the peers as shipped, then look for the best fixed ratio and the best VICIdial of each scenario. Part
    `peers` holds whole shifts, `sift` first hours."""
    play([Task("peers", s, name, seed) for seed in seeds for name in SHIPPED for s in scenarios])
    rows: dict[str, list[Row]] = {s.name: [] for s in scenarios}
    for _ in range(HALVINGS):
        tasks = [
            Task("peers", s, next_ratio(rows[s.name], s.target), seed) for s in scenarios for seed in seeds
        ]
        played = play(tasks)
        for i, s in enumerate(scenarios):
            rows[s.name].append(pool(played[i * len(seeds) : (i + 1) * len(seeds)]))
    sifted = play([Task("sift", shorten(s, SIFT_HOURS), name, seeds[0]) for s in scenarios for name in GRID])
    kept = [
        (s, row["policy"])
        for i, s in enumerate(scenarios)
        for row in sift(sifted[i * len(GRID) : (i + 1) * len(GRID)], s.target)
    ]
    play([Task("peers", s, name, seed) for s, name in kept for seed in seeds])


def next_ratio(rows: Iterable[Row], target: float) -> str:
    """The fixed ratio to try next, as a policy: half way between the highest known to keep the target and the next
    above it. `rows`: pooled runs of fixed ratios in one scenario."""
    low, high = RATIO_RANGE
    for row in rows:
        ratio = float(parse_policy(row["policy"])[1]["ratio"])
        if within(row, target):
            low = max(low, ratio)
        else:
            high = min(high, ratio)
    return f"power:ratio={(low + high) / 2:g}"


def sift(rows: Sequence[Row], target: float) -> list[Row]:
    """The few of these to play a whole shift."""
    busiest = sorted(rows, key=lambda row: -row["occupancy"])
    near = [row for row in busiest if within(row, SIFT_NEAR * target)][:SIFTED]
    safe = [row for row in busiest if within(row, SIFT_WITHIN * target) and row not in near][:1]
    return near + safe


def within(row: Row, target: float) -> bool:
    """Did it keep the target, as the law counts it?"""
    return bool(row["abandonment"] <= target)


def best(rows: Iterable[Row], family: str, target: float) -> Row | None:
    """The busiest of a family's runs of one scenario among those that kept the target."""
    own = [row for row in rows if row["policy"].startswith(family) and within(row, target)]
    return max(own, key=lambda row: row["occupancy"], default=None)
