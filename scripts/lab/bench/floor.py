"""`scripts/bench floor`: a predictive shift on the real Asterisk, against the simulator and against the telco's books.

Robots answer and wrap up as agents do, the telco stand-in plays the customers. Afterwards: occupancy and abandonment as
logged; the interval that the simulator, fitted to this very shift, gives for the same settings; abandonments in the
ledger against those the telco saw; and the shift played again through the engine.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialer.domain.evidence import evidence_of, knobs_of
from dialer.domain.logged import figures_of, trimmed
from dialer.forecast.__main__ import forecast
from dialer.replay.report import compare
from dialer.replay.rerun import rerun
from dialer.store.logged import load_stretch
from lab.bench import processes
from lab.cache import say
from lab.errors import LabError
from lab.report import report
from lab.robots import Pace
from lab.shift import shift

#: Given to the simulator, seconds.
FORECAST_S = 60.0


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench floor", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="length of the shift (default 30)")
    parser.add_argument("--agents", type=int, default=20, help="robots at work (default 20)")
    parser.add_argument("--talk", type=float, default=40.0, help="mean talk, seconds (default 40)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    wanted = parser.parse_args(argv)
    if wanted.minutes <= 0 or not 1 <= wanted.agents <= 60 or wanted.talk <= 0:
        parser.error("--minutes and --talk are above 0, --agents from 1 to 60")
    return wanted


async def bench(wanted: argparse.Namespace) -> dict[str, Any]:
    async with shift(robots=wanted.agents, pace=Pace(talk_s=wanted.talk, wrap_up_s=8.0)) as floor:
        await floor.until_states(180, ready=wanted.agents)
        begin = datetime.now(UTC)
        await floor.start()
        say(f"{wanted.agents} robots work for {wanted.minutes:g} min ...")
        await asyncio.sleep(wanted.minutes * 60)
        end = datetime.now(UTC)
        await floor.stop(within_s=180)
        assert floor.stack.telco is not None
        books = await report(floor.database, floor.stack.telco.cdr())
        stretch = trimmed(await load_stretch(floor.database, floor.demonstration.campaign_id, begin, end))
    logged, again = (
        figures_of(stretch),
        rerun(stretch, stretch.campaign, seed=1, progress=lambda _: None).figures,
    )
    say("the simulator, fitted to this shift ...")
    knobs, tell = knobs_of(stretch.campaign), lambda _: None
    seen = evidence_of(stretch)
    expected = forecast(seen, knobs, knobs, budget_s=FORECAST_S, clock=time.monotonic, tell=tell)
    return {
        "minutes": wanted.minutes,
        "agents": wanted.agents,
        "attempts": logged.attempts,
        "live_answers": logged.live_answers,
        "occupancy": logged.occupancy,
        "abandonment": logged.abandon_rate,
        "idle_s": logged.idle_s,
        "simulated": {name: expected["now"][name] for name in ("occupancy", "abandonment", "idle_s")},
        "abandoned": books["abandoned"],
        "telco": books["telco"],
        "invariants": books["invariants"],
        "replayed": {
            "occupancy": again.occupancy,
            "abandonment": again.abandon_rate,
            "sentence": compare(logged, again).sentence(),
        },
    }


def main() -> int:
    wanted = arguments(sys.argv[1:])
    try:
        found = {"machine": processes.machine(), **asyncio.run(bench(wanted))}
    except (LabError, TimeoutError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    text = json.dumps(found, indent=2, ensure_ascii=False, default=str)
    print(text)
    if wanted.json is not None:
        wanted.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
