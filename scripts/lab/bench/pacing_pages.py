"""The figures of `scripts/bench pacing` as tables and charts: at the terminal, and in the documentation."""

import json
import sys
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from lab.bench import pacing_spending, pacing_told
from lab.bench.chart import Series, svg
from lab.bench.pacing_rivals import HINDSIGHT_TITLE, SHIPPED_TITLE, as_shipped, margins, with_hindsight
from lab.bench.pacing_rows import Row, groups, percent
from lab.bench.tables import DOCS, Sheet, markdown, print_sheets

#: Occupancy to reach in percent, and seconds of idling, by public scenario.
OCCUPANCY_GOALS = {
    "steady-5": 74.0,
    "steady-10": 81.0,
    "steady-20": 86.2,
    "steady-50": 92.5,
    "steady-200": 97.3,
}
IDLE_GOALS = {"steady-5": 44.0, "steady-10": 29.5, "steady-20": 19.0, "steady-50": 9.5, "steady-200": 3.3}
MEAN_GOAL = 86.0
GAP_GOALS = {5: 0.6, 10: 0.5, 20: 0.3, 50: 0.3}
#: Above one call per agent with three agents; with informative scores, points by agents.
THREE_GOAL, SCORE_GOALS = 12.0, {5: 5.0, 20: 1.5}
US_GOAL, US_P99_GOAL, HOUSE_GOAL, MEMORY_GOAL = 200.0, 3000.0, 0.25, 10.0
#: Runs of a gate when it is complete: twelve scenarios with five seeds, with two at the strict target.
RUNS = {"gate": 60, "strict": 24}
#: A day's rate once it has 200 live answers, as a multiple of the target.
RUNNING_GOAL = 3.5 / 3.0


def sheets(found: Row) -> list[Sheet]:
    """The tables of the parts that were run."""
    runs = found["runs"]
    made = [_goals(found)]
    for part, title in (("gate", "Gate: 3 %"), ("strict", "Gate: 1 %")):
        if rows := groups(runs, part):
            made.append(_gate(title, rows))
    if groups(runs, "peers"):
        made += [as_shipped(runs), with_hindsight(runs)]
    if "frontiers" in found and groups(runs, "optimum"):
        made.append(_optimum(found))
    if rows := groups(runs, "robust"):
        made.append(_robust(rows))
    if told := pacing_told.sheet(runs):
        made.append(told)
    if "spending" in found:
        made.append(pacing_spending.sheet(found["spending"]))
    if "cost" in found:
        made.append(_cost(found["cost"]))
    made.append(_runs(found["runs"]))
    return made


def _goals(found: Row) -> Sheet:
    """What was wanted, what was measured."""
    lines: list[tuple[str, str, str, str]] = []

    def goal(name: str, wanted: str, measured: str, met: bool) -> None:
        lines.append((name, wanted, measured, "yes" if met else "no"))

    for part, target in (("gate", 0.03), ("strict", 0.01)):
        rows = groups(found["runs"], part)
        if not rows:
            continue
        runs = sum(row["seeds"] for row in rows)
        worst = max(row["worst_seed"] for row in rows)
        goal(
            f"worst campaign at {percent(target, 0)} %, {runs} of {RUNS[part]} runs",
            f"<= {percent(target)}",
            percent(worst),
            worst <= target,
        )
        day = max(row["worst_day"] or 0.0 for row in rows)
        goal("worst day with 300 live answers", f"<= {percent(target)}", percent(day), day <= target)
        running = max(row["worst_running"] or 0.0 for row in rows)
        limit = RUNNING_GOAL * target
        goal("a day's rate after 200 answers", f"<= {percent(limit)}", percent(running), running <= limit)
        alone = sum(row["unattended"] for row in rows)
        goal("calls with nobody logged in", "0", str(alone), alone == 0)
    gate = {row["scenario"]: row for row in groups(found["runs"], "gate")}
    for name, wanted in OCCUPANCY_GOALS.items():
        if name in gate:
            reached = 100 * gate[name]["occupancy"]
            goal(f"occupancy %, {name}", f">= {wanted:g}", f"{reached:.1f}", reached >= wanted)
            idle = gate[name]["idle_s"]
            goal(
                f"idle between calls s, {name}",
                f"<= {IDLE_GOALS[name]:g}",
                f"{idle:.1f}",
                idle <= IDLE_GOALS[name],
            )
    if len(gate) == 12:
        mean = 100 * float(np.mean([row["occupancy"] for row in gate.values()]))
        goal("mean of the 12 public scenarios", f">= {MEAN_GOAL:g}", f"{mean:.1f}", mean >= MEAN_GOAL)
    for name, points, worst, wanted in margins(found["runs"]):
        goal(f"points above {name}, mean", f">= {wanted:g}", f"{points:.1f}", points >= wanted)
        goal("the same in the closest scenario", ">= 0", f"{worst:+.1f}", worst >= 0)
    if "frontiers" in found:
        for row in groups(found["runs"], "optimum"):
            if row["policy"] == "predictive":
                gap, wanted = _gap(found, row), GAP_GOALS[row["agents"]]
                goal(
                    f"points below the optimum, {row['agents']} agents",
                    f"<= {wanted:g}",
                    f"{gap:.2f}",
                    gap <= wanted,
                )
    robust = {(row["scenario"], row["policy"]): row for row in groups(found["runs"], "robust")}
    three = [robust.get(("three-agents", name)) for name in ("predictive", "progressive")]
    if three[0] and three[1]:
        more = 100 * (three[0]["occupancy"] - three[1]["occupancy"])
        goal(
            "three agents, points above progressive", f">= {THREE_GOAL:g}", f"{more:.1f}", more >= THREE_GOAL
        )
    for agents, plain in ((5, "unscored-5"), (20, "plain-20")):
        with_scores, without = (
            robust.get((f"scored-{agents}", "predictive")),
            robust.get((plain, "predictive")),
        )
        if with_scores and without:
            more = 100 * (with_scores["occupancy"] - without["occupancy"])
            wanted = SCORE_GOALS[agents]
            goal(f"points by lead scores, {agents} agents", f">= {wanted:g}", f"{more:.1f}", more >= wanted)
    if "cost" in found:
        cost = found["cost"]
        for timed in _timed(cost):
            us, p99 = timed["decision_us"], timed["decision_us_p99"]
            what = (
                f"us a decision, 200 agents, {timed['in_flight']:.0f} calls in flight, quickest of"
                f" {len(timed['rounds_us'])} rounds"
            )
            goal(what, f"<= {US_GOAL:g}", f"{us:.0f}", us <= US_GOAL)
            goal("the same, p99", f"<= {US_P99_GOAL:g}", f"{p99:.0f}", p99 <= US_P99_GOAL)
        share = cost["house_core_share"]
        goal("1,000 agents in 10 campaigns, % of a core", "<= 25", percent(share, 1), share <= HOUSE_GOAL)
        goal("MiB a campaign", "<= 10", f"{cost['memory_mib']:.1f}", cost["memory_mib"] <= MEMORY_GOAL)
    return Sheet("Goals", ("goal", "wanted", "measured", "met"), lines)


def _gate(title: str, rows: Sequence[Row]) -> Sheet:
    columns = (
        "scenario", "seeds", "occupancy %", "talk min/h", "idle s", "connects/h", "dials/h", "abandoned %",
        "worst seed", "worst day", "after 200", "worst 30 min", "worst 500",
    )  # fmt: skip
    names = ("abandonment", "worst_seed", "worst_day", "worst_running", "worst_half_hour", "worst_rolling")
    return Sheet(
        title,
        columns,
        [
            (
                row["scenario"],
                str(row["seeds"]),
                percent(row["occupancy"], 1),
                f"{row['talk_min_per_h']:.1f}",
                f"{row['idle_s']:.1f}",
                f"{row['connects_per_h']:.1f}",
                f"{row['dials_per_h']:.0f}",
                *(percent(row[name]) for name in names),
            )
            for row in rows
        ],
    )


def _gap(found: Row, row: Row) -> float:
    """Points of occupancy below the optimum that abandons as much."""
    points = found["frontiers"][str(row["agents"])]
    best = np.interp(row["abandonment"], [p[0] for p in points], [p[1] for p in points])
    return float(100 * (best - row["occupancy"]))


#: What the memoryless case is played by besides.
PLAYED = {
    "base_stock": "the optimal policy itself",
    "known_constant": "true rates, constant risk",
    "known_steered": "true rates, risk steered by the budget",
}


def _optimum(found: Row) -> Sheet:
    lines = []
    for row in groups(found["runs"], "optimum"):
        points = found["frontiers"][str(row["agents"])]
        at_target = float(np.interp(0.03, [p[0] for p in points], [p[1] for p in points]))
        played = PLAYED.get(row["policy"], row["policy"])
        lines.append(
            (
                f"{row['agents']} agents, {played}",
                percent(row["occupancy"]),
                percent(row["abandonment"]),
                f"{_gap(found, row):.2f}",
                percent(at_target),
            )
        )
    columns = ("memoryless case", "occupancy %", "abandoned %", "points below the optimum", "optimum at 3 %")
    return Sheet("Distance to the optimum", columns, lines)


def _robust(rows: Sequence[Row]) -> Sheet:
    columns = (
        "scenario",
        "policy",
        "seeds",
        "occupancy %",
        "abandoned %",
        "worst seed",
        "after 200",
        "worst 30 min",
    )
    return Sheet(
        "Wrong guesses, late events, turns",
        columns,
        [
            (
                row["scenario"],
                row["policy"],
                str(row["seeds"]),
                percent(row["occupancy"], 1),
                *(percent(row[n]) for n in ("abandonment", "worst_seed", "worst_running", "worst_half_hour")),
            )
            for row in rows
        ],
    )


def _timed(cost: Row) -> list[Row]:
    """The worlds in which decisions were timed."""
    return [cost, *([cost["seldom_answered"]] if "seldom_answered" in cost else [])]


def _cost(cost: Row) -> Sheet:
    return Sheet(
        "Cost",
        ("what", "measured"),
        [
            ("measured at", cost["at"]),
            ("load average then; sources", f"{cost['load']:.1f}; {cost['code']}"),
            *(
                (
                    f"us of processor time a decision, {timed['in_flight']:.0f} calls in flight; p99",
                    f"{timed['decision_us']:.0f}; {timed['decision_us_p99']:.0f}; every round"
                    f" {', '.join(f'{us:.0f}' for us in timed['rounds_us'])}",
                )
                for timed in _timed(cost)
            ),
            ("10 campaigns of 100 agents, % of a core", percent(cost["house_core_share"], 1)),
            ("MiB a campaign", f"{cost['memory_mib']:.1f}"),
            ("KiB a snapshot", f"{cost['snapshot_kib']:.0f}"),
        ],
    )


def _runs(runs: Sequence[Row]) -> Sheet:
    """Which runs the tables stand on: when they ended, and with which state of the pacing sources."""
    by: dict[tuple[str, str, str], list[Row]] = {}
    for row in runs:
        who = "predictive" if row["policy"] == "predictive" else "others"
        by.setdefault((row["part"], who, row.get("code", "not kept")), []).append(row)
    lines = []
    for (part, who, code), rows in by.items():
        ended = sorted(row["ended_at"] for row in rows if "ended_at" in row) or ["not kept"]
        lines.append((part, who, str(len(rows)), ended[0], ended[-1], code))
    return Sheet("Runs", ("part", "policies", "runs", "first ended", "last ended", "sources"), lines)


def charts(found: Row) -> dict[str, str]:
    """SVG by file name."""
    made = {}
    peers = [*groups(found["runs"], "peers"), *groups(found["runs"], "gate")]
    for scenario in ("steady-10", "steady-50"):
        shown = [row for row in peers if row["scenario"] == scenario and row["abandonment"] <= 0.2]
        families: dict[str, list[tuple[float, float]]] = {}
        for row in shown:
            family = row["policy"].split(":")[0]
            families.setdefault(family, []).append((100 * row["abandonment"], 100 * row["occupancy"]))
        if families:
            series = [Series(name, points) for name, points in families.items()]
            title = f"{scenario}: occupancy against abandonment"
            made[f"pacing-{scenario}.svg"] = svg(title, "abandoned %", "occ. %", series, [(3.0, "3 %")])
    courses = {
        row["scenario"]: row["course"]
        for row in found["runs"]
        if row["part"] == "robust" and row["seed"] == 1 and row["policy"] == "predictive"
    }
    for name, wanted, title, turns in (
        ("pacing-cold-start.svg", ("plain-20", "wrong-prior-20"), "Cold start, guesses right and wrong", ()),
        ("pacing-turn.svg", ("plain-20", "tripled-20"), "The answer rate triples", ((1.5, "turn"),)),
    ):
        lines = [Series(key, _idle(courses[key]), joined=True) for key in wanted if key in courses]
        rates = [
            Series(f"{key}, abandoned", _rate(courses[key]), joined=True) for key in wanted if key in courses
        ]
        if lines:
            made[name] = svg(title, "hour", "idle s", lines, turns)
            made[name.replace(".svg", "-abandoned.svg")] = svg(title, "hour", "% so far", rates, turns)
    return made


def _idle(course: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Mean seconds idled by hour."""
    return [(hour, idle / (live - lost)) for hour, live, lost, idle in course if live > lost]


def _rate(course: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Abandoned so far in percent, by hour."""
    live, lost = np.cumsum([row[1] for row in course]), np.cumsum([row[2] for row in course])
    return [(row[0], 100 * float(b / a)) for row, a, b in zip(course, live, lost, strict=True) if a >= 30]


def show(found: Row) -> None:
    """Print every table."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    print_sheets(console, sheets(found))


def write_docs(found: Row) -> None:
    """`docs/benchmarks/pacing.md`, its charts, and the figures as `pacing.json`."""
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "pacing.json").write_text(json.dumps(found) + "\n", encoding="utf-8")
    drawn = charts(found)
    for chart in DOCS.glob("pacing-*.svg"):
        if chart.name not in drawn:
            chart.unlink()  # of runs that the page no longer stands on
    for name, drawing in drawn.items():
        (DOCS / name).write_text(drawing, encoding="utf-8")
    text = [PREFACE.strip(), f"{found['at']}; load average before the runs {found['load_before']:.1f}."]
    for sheet in sheets(found):
        text += [f"## {sheet.title}", markdown(sheet)]
        if note := NOTES.get(sheet.title):
            text.append(note.strip())
    if drawn:
        text.append("## Charts")
        text += [f"![{name}]({name})" for name in drawn]
    (DOCS / "pacing.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


PREFACE = """
# What the pacing reaches

Written by `./scripts/bench pacing --docs`; all figures are in `pacing.json` beside this page.

Everything here is simulated: seeded worlds of the format `pacing-scenarios/1` (`scripts/lab/bench/scenarios`), in which
every policy meets the same people in the same order. The simulator agrees with the closed forms of Erlang and of the
birth-death process, and with the solved memoryless case, within confidence intervals (`tests/pacing`). One setting of
`predictive` serves all scenarios.

Occupancy is (talk + wrap-up) / (that + idle). "Worst seed" and "worst day" are the worst single run and day, "after
200" the highest rate of a day at any moment after its first 200 live answers, "worst 500" of any 500 answers in a row:
at a true rate of 2.9 % that one has a standard deviation of 0.75 %, so no policy can promise it.
"""

NOTES = {
    "Gate: 3 %": """
A row stands for the seeds it names; scenarios that are missing were not run with the sources named below.
""",
    "Runs": """
"Sources" is a digest of the pacing package: runs of `predictive` under one digest were made by the same policy. The
other policies do not depend on what `predictive` learned since.
""",
    "Distance to the optimum": """
The optimum is computed (`pacing.bounds`), not simulated: no policy with the same information is better at the same
abandonment, if it decides at once. The simulation decides four times a second, and the same number of seeds moves a
figure by some tenths of a point: the optimal policy itself, played on the same seeds, shows by how much. With the true
rates given, a constant risk shows what the rule itself loses and a steered one what keeping the budget costs; what
`predictive` loses besides is lost by estimating.
""",
    pacing_told.TITLE: pacing_told.NOTE,
    pacing_spending.TITLE: pacing_spending.NOTE,
    SHIPPED_TITLE: """
Peers are re-implementations from their published descriptions, at their shipped settings, on the same seeds as
`predictive` here. The clairvoyant (one seed) knows what every call will do and dials in the order of the list; it is no
strict bound.
""",
    HINDSIGHT_TITLE: """
Each scenario's best setting is the busiest of those that kept its target over the same seeds, known only afterwards: a
supervisor would have to guess it, and it is another one in each scenario. Fixed ratios (calls per free agent) were
looked for around the target. VICIdial was tried with its hard limit at dial levels up to 8, tallying all agents or
those ready only: sifted on the first two hours of a shift, then the busiest near the target over the whole
(`scripts/lab/bench/pacing_peers.py`). "None" means that no setting that played the whole shift kept the target.
""",
}
