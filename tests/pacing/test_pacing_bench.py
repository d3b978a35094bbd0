"""What `scripts/bench pacing` makes of runs: no run repeated, tables that say what was missed, charts that parse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lab.bench import pacing, pacing_pages
from lab.bench.chart import Series, svg, ticks
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


def small() -> list[pacing.Task]:
    scenario = Scenario(name="three-agents", n_agents=3, hours=0.1)
    return [pacing.Task("robust", scenario, name, 1) for name in ("predictive", "progressive")]


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
        ),
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
