"""What `scripts/bench pacing` makes of runs: no run repeated, tables that say what was missed, charts that parse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lab.bench import (
    pacing,
    pacing_known,
    pacing_pages,
    pacing_peers,
    pacing_rivals,
    pacing_rows,
    pacing_told,
)
from lab.bench.chart import Series, svg, ticks
from pacing.bench import make
from pacing.bounds import Memoryless
from pacing.simulator import shorten
from pacing.world import Scenario


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 10.0, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        (68.2, 79.1, [68, 70, 72, 74, 76, 78, 80]),
        (3.0, 3.0, [3.0, 3.5]),
    ],
)
def test_ticks_are_round_and_cover_the_values(low: float, high: float, expected: list[float]) -> None:
    found = ticks(low, high)
    assert found[0] <= low <= high <= found[-1]
    if low < high:
        assert found == expected


def test_a_chart_is_svg_with_every_series() -> None:
    drawn = svg(
        "<x & y>", "h", "s", [Series("a", [(0, 1), (2, 5)], joined=True), Series("b", [(1, 1)])], [(1, "t")]
    )
    root = ElementTree.fromstring(drawn)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<x & y>" in texts
    assert {"— a", "▲ b", "t"} <= set(texts)
    with pytest.raises(ValueError, match="nothing to draw"):
        svg("empty", "x", "y", [])


def small() -> list[pacing_peers.Task]:
    scenario = Scenario(name="three-agents", n_agents=3, hours=0.1)
    return [pacing_peers.Task("robust", scenario, name, 1) for name in ("predictive", "progressive")]


def test_runs_that_are_kept_are_not_repeated(tmp_path: Path) -> None:
    kept = tmp_path / "runs.jsonl"
    rows = [pacing.simulate(task) for task in small()]
    kept.write_text(
        "".join(json.dumps({"key": t.key, "row": r}) + "\n" for t, r in zip(small(), rows, strict=True))
    )
    before = kept.read_text()
    assert pacing.play(small(), 1, kept) == json.loads(json.dumps(rows))
    assert kept.read_text() == before


def row(part: str, scenario: str, agents: int, **more: Any) -> dict[str, Any]:
    figures = {
        "occupancy": 0.8,
        "abandonment": 0.02,
        "live": 1000,
        "abandoned": 20,
        "idle_s": 20.0,
        "agents": agents,
    }
    figures |= dict.fromkeys(("worst_day", "worst_half_hour", "worst_running", "worst_rolling"), 0.02)
    figures |= dict.fromkeys(("talk_min_per_h", "connects_per_h", "dials_per_h"), 40.0) | {"unattended": 0}
    found = {
        "part": part,
        "scenario": scenario,
        "policy": "predictive",
        "seed": 1,
        "course": [[0.0, 40.0, 1.0, 80.0]],
    }
    return found | figures | more


def test_goals_say_what_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "at": "2026-01-01T00:00:00+00:00",
        "load_before": 0.1,
        "runs": [
            row("gate", "steady-5", 5, occupancy=0.745, worst_day=0.031),
            row("gate", "steady-5", 5, occupancy=0.755, seed=2),
            row("optimum", "memoryless-5", 5, occupancy=0.70, abandonment=0.03),
            row("robust", "plain-20", 20),
            row("peers", "steady-10", 10, policy="power:ratio=3"),
        ],
        "frontiers": {"5": [[0.0, 0.70], [0.06, 0.82]]},
        "cost": dict.fromkeys(
            ("decision_us", "decision_us_p99", "in_flight", "house_core_share", "memory_mib", "snapshot_kib"),
            0.2,
        )
        | {"at": "2026-01-01T00:00:00+00:00", "code": "abc", "load": 0.5, "rounds_us": [0.2, 0.3]},
    }
    goals = {name: (measured, met) for name, _, measured, met in pacing_pages.sheets(found)[0].rows}
    assert goals["occupancy %, steady-5"] == ("75.0", "yes")
    assert goals["worst day with 300 live answers"] == ("3.10", "no")
    # 20 of 1000 abandoned, where the frontier has 0.70 + 0.02 / 0.06 x 0.12 = 0.74.
    assert goals["points below the optimum, 5 agents"] == ("4.00", "no")
    monkeypatch.setattr(pacing_pages, "DOCS", tmp_path)
    stale, other = tmp_path / "pacing-steady-50.svg", tmp_path / "calls.svg"
    stale.touch()
    other.touch()
    pacing_pages.write_docs(found)
    assert not stale.exists()
    assert other.exists()
    assert "| worst day with 300 live answers | <= 3.00 | 3.10 | no |" in (tmp_path / "pacing.md").read_text()
    ElementTree.fromstring((tmp_path / "pacing-cold-start.svg").read_text())
    pacing_pages.show(found)


def test_the_parts_are_made_of_the_scenarios() -> None:
    made = pacing.tasks(["gate", "peers", "optimum", "robust", "strict"], 5, quick=False)
    assert len({task.key for task in made}) == len(made)
    assert sum(task.part == "gate" for task in made) == 60
    assert {task.scenario.target for task in made if task.part == "strict"} == {0.01}


def test_shifts_end_as_told_an_hour_early_and_an_hour_late() -> None:
    """1. The plan is the scenario's end in all of them; 2. the table sets the told shift beside the one that was
    not."""
    made = pacing.tasks(["told"], 2, quick=False)
    assert len({task.key for task in made}) == len(made) == 4 * 4 * 2
    assert {task.scenario.hours + task.told_late_h for task in made if task.told_late_h is not None} == {6.0}
    assert {task.scenario.hours for task in made} == {5.0, 6.0, 7.0}
    short = [
        replace(task, scenario=shorten(task.scenario, 0.1))
        for task in made[:8]
        if "three" in task.scenario.name
    ]
    rows = [pacing.simulate(task) for task in short]
    sheet = pacing_told.sheet(rows)
    assert sheet is not None
    assert [(line[0], line[1]) for line in sheet.rows] == [
        ("three-agents", "not told"),
        ("three-agents", "told"),
    ]
    assert sheet.rows[0][4] == ""
    assert float(sheet.rows[1][4]) == pytest.approx(
        100 * (rows[1]["occupancy"] - rows[0]["occupancy"]), abs=0.006
    )
    assert pacing_told.sheet([]) is None


def test_the_tables_tell_runs_of_different_sources_apart(tmp_path: Path) -> None:
    """1. a run carries when it ended and the sources it was made with; 2. runs kept from other sources stand in a
    line of their own."""
    kept = tmp_path / "runs.jsonl"
    [played] = pacing.play(small()[1:], 1, kept)
    assert played["code"] == pacing.policy_code() == json.loads(kept.read_text())["row"]["code"]
    runs = [row("gate", "steady-5", 5, code="old", ended_at="2026-01-01T00:00:00+00:00"), played]
    lines = pacing_pages.sheets({"runs": runs})[-1].rows
    assert [(line[0], line[2], line[-1]) for line in lines] == [
        ("gate", "1", "old"),
        ("robust", "1", pacing.policy_code()),
    ]


def pooled_peer(scenario: str, policy: str, occupancy: float, abandonment: float) -> dict[str, Any]:
    counts = {"abandonment": abandonment, "abandoned": round(1000 * abandonment)}
    return row("peers", scenario, 20, policy=policy, occupancy=occupancy, **counts)


def test_a_fixed_ratio_is_looked_for_by_halving() -> None:
    tried: list[dict[str, Any]] = []
    while len(tried) < pacing_peers.HALVINGS:
        policy = pacing_peers.next_ratio(tried, 0.03)
        ratio = float(policy.split("=")[1])
        # A world that abandons one percent for each call per agent: 3 is the best.
        tried.append(pooled_peer("plain", policy, 0.5 + ratio / 100, ratio / 100))
    found = pacing_peers.best(tried, "power", 0.03)
    assert found is not None
    assert found["policy"] == "power:ratio=3"


def test_sifting_keeps_the_busiest_near_the_target_and_one_well_within() -> None:
    rows = [
        pooled_peer("plain", name, occupancy, abandonment)
        for name, occupancy, abandonment in (
            ("far over", 0.9, 0.05), ("near", 0.8, 0.034), ("nearer", 0.79, 0.031), ("third", 0.78, 0.029),
            ("safe", 0.7, 0.01), ("idle", 0.6, 0.0),
        )
    ]  # fmt: skip
    assert [kept["policy"] for kept in pacing_peers.sift(rows, 0.03)] == ["near", "nearer", "safe"]


def test_every_peer_of_the_search_can_be_made_and_is_played_in_every_scenario() -> None:
    scenarios = [Scenario(name="few", n_agents=5), Scenario(name="many", n_agents=50)]
    played: list[pacing_peers.Task] = []

    def play(tasks: Sequence[pacing_peers.Task]) -> list[dict[str, Any]]:
        played.extend(tasks)
        return [
            row(task.part, task.scenario.name, task.scenario.n_agents, policy=task.policy) for task in tasks
        ]

    pacing_peers.search(play, pacing_rows.pooled, scenarios, [1, 2])
    for policy in {task.policy for task in played}:
        make(policy)
    whole = {(task.scenario.name, task.policy, task.seed) for task in played if task.part == "peers"}
    for name in pacing_peers.SHIPPED:
        assert {(s.name, name, seed) for s in scenarios for seed in (1, 2)} <= whole
    # All keep the target here, so the ratio climbs, and the sifted play whole shifts.
    assert ("few", "power:ratio=16.75", 1) in whole
    assert sum("max_level" in policy for _, policy, _ in whole) == 2 * 2 * (pacing_peers.SIFTED + 1)
    assert all(task.scenario.hours <= pacing_peers.SIFT_HOURS for task in played if task.part == "sift")


def test_the_page_sets_ours_beside_the_best_a_peer_can_do() -> None:
    runs = [
        row("gate", "steady-20", 20, occupancy=0.85),
        row("gate", "steady-20", 20, occupancy=0.95, seed=3),  # No peer ran with it: left out.
        pooled_peer("steady-20", "power:ratio=4", 0.83, 0.029),
        pooled_peer("steady-20", "power:ratio=5", 0.87, 0.05),
        pooled_peer("steady-20", "vicidial_hard_limit", 0.55, 0.033),
        pooled_peer("steady-20", "vicidial_average:max_level=4:available_only=true", 0.75, 0.03),
    ]
    sheets = {sheet.title: sheet for sheet in pacing_pages.sheets({"runs": runs})}
    (line,) = sheets[pacing_rivals.HINDSIGHT_TITLE].rows
    assert line == (
        "steady-20", "83.0 @ 2.9", "4", "1", "85.0 @ 2.0", "+2.0", "75.0 @ 3.0", "average, level 4, ready only", "1",
        "85.0 @ 2.0", "+10.0", "55.0 @ 3.3", "85.0 @ 2.0", "+30.0",
    )  # fmt: skip
    goals = {name: (measured, met) for name, _, measured, met in sheets["Goals"].rows}
    assert goals["points above best fixed ratio, mean"] == ("2.0", "no")
    assert goals["points above best VICIdial, mean"] == ("10.0", "yes")


def test_the_rule_with_true_rates_dials_as_the_solved_case_does() -> None:
    """At a constant risk it reaches what the optimal policy reaches, within what so short a run can tell."""
    model = Memoryless(10)
    tables = pacing_known.risks(model)
    # More calls, fewer free agents: more risk. Nobody there to answer yet: the risk is that nobody frees up.
    assert (np.diff(tables, axis=0) >= -1e-12).all()
    assert (np.diff(tables, axis=1) >= -1e-12).all()
    assert tables[0, 0] < 1e-6
    found = {
        name: pacing.simulate(pacing_peers.Task("optimum", model.scenario(1.0), name, 1))
        for name in ("base_stock", *pacing_known.KNOWN)
    }
    best = found["base_stock"]["occupancy"]
    assert found["known_constant"]["occupancy"] == pytest.approx(best, abs=0.04)
    assert found["known_steered"]["abandonment"] <= 0.045
