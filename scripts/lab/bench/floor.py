"""`scripts/bench floor`: a predictive shift on the real Asterisk, against the simulator and against the telco's books.

Robots answer and wrap up as agents do, the telco stand-in plays the customers. Afterwards: occupancy and abandonment as
logged; where the simulator, fitted to this very shift, expects one such shift to come out; abandonments in the ledger
against those the telco saw; the shift played again through the engine, as it was and otherwise; and how long a
supervisor waits for a what-if of it. `--screened`: as many machines as people answer, and a screener listens.
"""

import argparse
import asyncio
import csv
import math
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.stats import t as student

from dialer.domain.campaign import DialMode
from dialer.domain.evidence import Evidence, evidence_of, knobs_of
from dialer.domain.logged import Figures, Stretch, figures_of, trimmed
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Screening, ScreeningSettings
from dialer.engine.pool import TICK_S
from dialer.forecast.fit import fit, make_policy
from dialer.forecast.runs import open_pool
from dialer.replay.report import compare
from dialer.replay.rerun import rerun
from dialer.replay.settings import with_knobs, with_policy
from dialer.store.logged import load_stretch
from lab.asterisk import TelcoCall
from lab.bench import processes
from lab.bench.figures import run
from lab.cache import say
from lab.errors import LabError
from lab.portfolio import AREA_CODES
from lab.report import EVERYTHING_RECORDED, report
from lab.robots import Pace
from lab.shift import Shift, shift
from pacing.measures import measure
from pacing.simulator import Simulation
from pacing.world import Scenario

#: What the far end does, by the last two digits of its number, and the share of debtors: people, endless ringing, busy,
#: no such number, declined, late people. Nobody hangs up by himself within the message's time.
MIX = {(0, 29): 0.30, (40, 49): 0.38, (50, 59): 0.12, (60, 64): 0.12, (67, 69): 0.04, (96, 97): 0.04}
#: The same where a screener listens: voicemail (75 to 89), silence and fax machines answer, too.
MIX_SCREENED = {
    (0, 29): 0.22,
    (40, 49): 0.30,
    (50, 59): 0.08,
    (60, 64): 0.08,
    (67, 69): 0.03,
    (75, 89): 0.24,
    (93, 95): 0.02,
    (96, 97): 0.03,
}
#: Numbers of people.
PEOPLE = ((0, 29), (96, 97))
#: Numbers that anything else answers.
MACHINES = frozenset([*range(75, 90), *range(93, 96)])
#: Debtors for each agent and minute: more than are dialled.
DEBTORS = 8
#: Robots talk no shorter, and a person the telco saw leave earlier had no agent: he was told the message and no more.
LEAST_TALK_S = 20.0
SIMULATED_RUNS = 12
#: What the supervisor asks: the longest wrap-up, s.
CHANGED_WRAP_UP_S = 5
CONFIDENCE = 0.95


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench floor", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="length of the shift (default 30)")
    parser.add_argument("--agents", type=int, default=20, help="robots at work (default 20)")
    parser.add_argument("--talk", type=float, default=40.0, help="mean talk, seconds (default 40)")
    parser.add_argument(
        "--screened", action="store_true", help="machines answer, too, and a screener listens"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--docs",
        action="store_true",
        help="write docs/benchmarks/floor.{md,json}, or floor-screened.{md,json}",
    )
    wanted = parser.parse_args(argv)
    if not 3 <= wanted.minutes <= 60 or not 1 <= wanted.agents <= 60 or wanted.talk <= LEAST_TALK_S:
        parser.error(
            f"--minutes is from 3 to 60, --agents from 1 to 60, --talk above the shortest talk, {LEAST_TALK_S:g}"
        )
    return wanted


def write_debtors(path: Path, count: int, mix: Mapping[tuple[int, int], float], seed: int) -> None:
    """A portfolio with one number each, behaving as `mix` says; numbers are used again and again."""
    chance = random.Random(seed)
    header = "referencia,nombre,telefono1,segmento,deuda,acreedor,producto,saldo,moneda,vencimiento"
    debt = "Financiera Inventada,Préstamo personal,1500.50,DOP,2026-01-31"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        for n, (first, last) in enumerate(chance.choices(list(mix), weights=list(mix.values()), k=count)):
            number = f"+1{chance.choice(AREA_CODES)}55501{chance.randint(first, last):02d}"
            writer.writerow([f"P-{n}", f"Persona {n}", number, "Temprana", f"D-{n}", *debt.split(",")])


async def bench(wanted: argparse.Namespace) -> dict[str, Any]:
    load, ticks = os.getloadavg()[0], processes.machine_ticks()
    with TemporaryDirectory(prefix="cadencia-bench-") as scratch:
        leads = Path(scratch) / "floor.csv"
        mix = MIX_SCREENED if wanted.screened else MIX
        write_debtors(leads, math.ceil(DEBTORS * wanted.agents * wanted.minutes), mix, seed=1)
        machines = MACHINES if wanted.screened else None
        pace = Pace(talk_s=wanted.talk, wrap_up_s=8.0, least_talk_s=LEAST_TALK_S, machines=machines)
        screening = ScreeningSettings(mode=Screening.ON if wanted.screened else Screening.OFF)
        running = shift(
            robots=wanted.agents, pace=pace, leads=leads, mode=DialMode.PREDICTIVE, screening=screening
        )
        async with running as floor:
            stretch, books, calls = await _work(floor, wanted)
            say("what if the wrap-up were shorter ...")
            asked = await what_if(floor)
    busy = processes.busy_share(ticks, processes.machine_ticks())
    abandoned = unattended(calls)
    return {
        "minutes": wanted.minutes,
        "agents": wanted.agents,
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "machine_busy": busy,
        "niceness": os.nice(0),
        **weigh(stretch),
        "screened": heard(stretch) if wanted.screened else None,
        "what_if": asked,
        "ledger_abandoned": books["abandoned"],
        "telco_abandoned": len(abandoned),
        "telco_abandoned_s": [round(min(abandoned), 1), round(max(abandoned), 1)] if abandoned else None,
        "telco_answered": sum(call.answered_at is not None for call in calls),
        "ledger_answered": books["answers"],
        "answer_to_bridge_ms": books["answer_to_bridge_ms"],
        "telco": books["telco"],
        "invariants": books["invariants"],
    }


async def _work(floor: Shift, wanted: argparse.Namespace) -> tuple[Stretch, dict[str, Any], list[TelcoCall]]:
    """The shift, then both books of it."""
    await floor.until_states(180, ready=wanted.agents)
    if wanted.screened:
        await floor.until("SELECT count(*) > 0 FROM call_event WHERE type = 'ScreenerMoved'", within_s=60)
    begin = datetime.now(UTC)
    await floor.start()
    say(f"{wanted.agents} robots work for {wanted.minutes:g} min ...")
    await asyncio.sleep(wanted.minutes * 60)
    end = datetime.now(UTC)
    await floor.stop(within_s=180)
    await floor.until(EVERYTHING_RECORDED, within_s=180)
    assert floor.stack.telco is not None
    calls = floor.stack.telco.cdr()
    books = await report(floor.database, calls)
    stretch = await load_stretch(floor.database, floor.demonstration.campaign_id, begin, end)
    return trimmed(stretch), books, calls


def unattended(calls: Sequence[TelcoCall]) -> list[float]:
    """Seconds that each person who got no agent was on the line, as the telco counts: shorter than any talk."""
    return [
        c.talk_s
        for c in calls
        if c.answered_at is not None
        and c.talk_s < LEAST_TALK_S - 1.0
        and any(first <= int(c.dialled[-2:]) <= last for first, last in PEOPLE)
    ]


def heard(stretch: Stretch) -> dict[str, Any]:
    """What the screener made of the answers."""
    verdicts = [call.heard for call in stretch.calls if call.heard is not None]
    after_s = [verdict.after_s for verdict in verdicts if verdict.label is not None]
    return {
        "answers": sum(call.answered_s is not None for call in stretch.calls),
        "judged": len(after_s),
        "unheard": len(verdicts) - len(after_s),
        "machines": sum(call.outcome is Outcome.MACHINE for call in stretch.calls),
        "after_s": [round(float(q), 2) for q in np.quantile(after_s, (0.5, 0.95))] if after_s else None,
    }


def weigh(stretch: Stretch) -> dict[str, Any]:
    """The shift as logged, as the simulator expects it, and as the engine plays it again."""
    logged = figures_of(stretch)
    again = rerun(stretch, stretch.campaign, seed=1, progress=lambda _: None)
    otherwise = {}
    for name, changed in {
        "VICIdial's hard limit": with_policy(stretch.campaign, "vicidial_hard_limit"),
        "one call per free agent": with_policy(stretch.campaign, "progressive"),
        "a cap of 1 %": with_knobs(stretch.campaign, ["abandon_cap=0.01"]),
    }.items():
        otherwise[name] = _read(rerun(stretch, changed, seed=1, progress=lambda _: None).figures)
    say("the simulator, fitted to this shift ...")
    seen, knobs = evidence_of(stretch), knobs_of(stretch.campaign)
    hours = (stretch.end - stretch.begin).total_seconds() / 3600
    return {
        "attempts": logged.attempts,
        "live_answers": logged.live_answers,
        **_read(logged),
        "simulated": simulated(seen, knobs, hours),
        "replayed": {
            **_read(again.figures),
            "decisions": again.decisions,
            "sentence": compare(logged, again.figures).sentence(),
        },
        "otherwise": otherwise,
    }


def _read(figures: Figures) -> dict[str, float | None]:
    return {
        "occupancy": figures.occupancy,
        "abandonment": figures.abandon_rate,
        "idle_s": figures.idle_s,
    }


def simulated(seen: Evidence, knobs: dict[str, Any], hours: float) -> dict[str, list[float]]:
    """Mean, and the bounds within which one more such shift lies with `CONFIDENCE` (Student's prediction interval).

    As cold as the shift was: without guesses at the start, and deciding as often as the engine does.
    """
    scenario = replace(fit(seen, knobs), hours=hours, tick=TICK_S, prior={})
    jobs = os.cpu_count() or 1
    with open_pool(jobs) as pool:
        rows = [
            run.result()
            for run in [pool.submit(whole_shift, scenario, knobs, seed) for seed in range(SIMULATED_RUNS)]
        ]
    n, found = len(rows), {}
    for name in ("occupancy", "abandonment", "idle_s"):
        values = np.array([row[name] for row in rows])
        half = student.ppf(0.5 + CONFIDENCE / 2, n - 1) * values.std(ddof=1) * math.sqrt(1 + 1 / n)
        found[name] = [float(values.mean()), float(values.mean() - half), float(values.mean() + half)]
    return found


def whole_shift(scenario: Scenario, knobs: dict[str, Any], seed: int) -> dict[str, float]:
    """One simulated shift from its first minute to its last."""
    measured = measure([Simulation(scenario, make_policy(knobs), seed).run()])
    return {name: getattr(measured, name) for name in ("occupancy", "abandonment", "idle_s")}


async def what_if(floor: Shift) -> dict[str, Any]:
    """How long the supervisor waits for the forecast of a shorter wrap-up, and what it says. As the console asks."""
    found: dict[str, Any] = {}
    began, first_s = time.monotonic(), math.nan
    asked = {"change": {"wrap_up_s": CHANGED_WRAP_UP_S}}
    async for said in floor.supervisor.lines(f"/campaigns/{floor.demonstration.campaign_id}/forecast", asked):
        if said["kind"] == "result":
            first_s = first_s if found else time.monotonic() - began
            found = said
        elif said["kind"] == "failure":
            raise LabError(f"the forecast failed: {said['detail']}")
    return {
        "first_s": first_s,
        "seconds": time.monotonic() - began,
        "runs": found["runs"],
        "hours": found["hours"],
        "now": found["now"],
        "changed": found["changed"],
        "difference": found["difference"],
    }


def page(found: dict[str, Any]) -> list[tuple[str, str]]:
    f = found["figures"]
    sim, again, asked, screened = f["simulated"], f["replayed"], f["what_if"], f["screened"]

    def percent(name: str) -> str:
        mean, low, high = (100 * value for value in sim[name])
        inside = "within" if low <= 100 * f[name] <= high else "OUTSIDE"
        return f"{100 * f[name]:.1f} %; {inside} {max(low, 0):.1f} to {min(high, 100):.1f} (mean {mean:.1f})"

    told = [[100 * value for value in asked[side]["occupancy"]] for side in ("now", "changed", "difference")]
    lasted = f["telco_abandoned_s"]
    failed = [name for name, holds in f["invariants"].items() if not holds]
    connects = f["answer_to_bridge_ms"]
    return [
        ("shift", f"{f['agents']} robots, {f['minutes']:g} min, {f['attempts']} calls"),
        (
            "machine during the shift",
            f"{100 * f['machine_busy']:.0f} % busy, load {f['load_before']} before and {f['load_after']} after;"
            f" the laboratory at niceness {f['niceness']}",
        ),
        ("occupancy; the simulator's interval for one such shift", percent("occupancy")),
        ("abandoned of live answers; the simulator's interval", percent("abandonment")),
        (
            "idle between calls; the simulator's interval, s",
            f"{f['idle_s']:.1f}; {sim['idle_s'][1]:.1f} to {sim['idle_s'][2]:.1f}",
        ),
        (
            "abandoned: ledger / telco",
            f"{f['ledger_abandoned']} / {f['telco_abandoned']}"
            + (f" (on the line {lasted[0]} to {lasted[1]} s)" if lasted else ""),
        ),
        ("answered: ledger / telco", f"{f['ledger_answered']} / {f['telco_answered']}"),
        *(
            [
                (
                    "the screener",
                    f"{screened['judged']} of {screened['answers']} answers judged, {screened['machines']} of them"
                    f" machines; verdict p50 / p95 {screened['after_s'][0]} / {screened['after_s'][1]} s after the"
                    " answer",
                )
            ]
            if screened
            else []
        ),
        (
            "calls of which the two books differ; dialled twice",
            f"{f['telco']['mismatches']}; {f['telco']['duplicates']}",
        ),
        ("invariants", "all hold" if not failed else "BROKEN: " + ", ".join(failed)),
        (
            "answer to bridge ms, p50 / p95 / p99",
            f"{connects['p50']} / {connects['p95']} / {connects['p99']}",
        ),
        (
            "the shift played again",
            f"occupancy {100 * again['occupancy']:.1f} %, abandoned {100 * again['abandonment']:.1f} %."
            f" {again['sentence']}",
        ),
        *(
            (
                f"the shift with {name}",
                f"occupancy {100 * it['occupancy']:.1f} %, abandoned {100 * it['abandonment']:.1f} %,"
                f" {it['idle_s']:.1f} s idle between calls",
            )
            for name, it in f["otherwise"].items()
        ),
        (
            "a what-if of it through the API (goal: 5 s to the first answer, on a free core)",
            f"first answer after {asked['first_s']:.1f} s, the last after {asked['seconds']:.1f} s:"
            f" {asked['runs']} runs of each setting, {asked['hours']:.2f} h counted of each",
        ),
        (
            f"what it says of wrap-ups of {CHANGED_WRAP_UP_S} s at most",
            f"occupancy {told[0][0]:.1f} % ({told[0][1]:.1f} to {told[0][2]:.1f}) now,"
            f" {told[1][0]:.1f} % ({told[1][1]:.1f} to {told[1][2]:.1f}) then: {told[2][0]:+.1f} points"
            f" ({told[2][1]:+.1f} to {told[2][2]:+.1f})",
        ),
    ]


PREFACE = """
Written by `./scripts/bench {command} --docs`. The whole product on the real Asterisk, predictive mode,
everything cold at the start; the telco stand-in plays the customers over SIP and RTP, robots the agents (talks of 40 s
on average and 20 s at least, wrap-ups of 8 s). {mix}

The simulator's interval is where one more shift of this length would lie with 95 % probability, from twelve simulated
ones fitted to what was seen. The telco's own count of abandonments: people who left before the shortest talk, so that
all they were given was the message.
"""


OFF = "34 % of the numbers are people. Screening is off."
ON = """25 % of the numbers are people, 26 % voicemail, fax machines and silence; the
screener listens, and hangs up on machines."""


def main() -> int:
    wanted = arguments(sys.argv[1:])
    name, command, title = "floor", "floor", "A predictive shift on the switch"
    if wanted.screened:
        name, command, title = f"{name}-screened", f"{command} --screened", f"{title}, screened"
    preface = PREFACE.format(command=command, mix=ON if wanted.screened else OFF)
    return run(wanted, bench(wanted), page, name=name, title=title, preface=preface)


if __name__ == "__main__":
    sys.exit(main())
