"""Truth from outside: a shift of 300 calls and more, judged by the telco's books and by the ear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from dialer.domain.campaign import DialMode
from lab.observer import Observer
from lab.report import ANSWERED, EVERYTHING_RECORDED, compare, read_attempts, report
from lab.robots import Pace
from lab.shift import Shift, heard, shift, write_leads

#: Last two digits -> debtors with such a number (asterisk_conf/telco/extensions.conf.j2): every behaviour there is
#: but a trunk out of order, which would send leads round and round.
DAY = dict.fromkeys([*range(72), 75, 80, 85, 92, 98, 99], 4)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Shift, Observer]]:
    """The whole day, over: every lead was tried once, every agent has gone home, every recording is in."""
    leads = tmp_path_factory.mktemp("day") / "leads.csv"
    total = write_leads(leads, DAY, shuffled=True)
    running = shift(
        leads=leads,
        robots=12,
        pace=Pace(talk_s=5, wrap_up_s=0.5),
        mode=DialMode.PREDICTIVE,
        ring_timeout_s=15,
        calls_per_second=15,
    )
    async with running as at_work, Observer(at_work.stack.switch) as observer:
        await at_work.start()
        await at_work.until("SELECT count(DISTINCT lead_id) >= $1 FROM attempt", total, within_s=240)
        await at_work.stop()
        for robot in at_work.robots:
            await robot.retire()
        await at_work.until_states(30, logged_out=12)
        await at_work.until(EVERYTHING_RECORDED, within_s=30)
        yield at_work, observer


@pytest.fixture(scope="module")
def day(watched: tuple[Shift, Observer]) -> Shift:
    return watched[0]


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_telco_agrees_with_every_outcome(day: Shift) -> None:
    attempts = await read_attempts(day.database)
    assert day.stack.telco is not None
    calls = day.stack.telco.cdr()
    mismatches, duplicates = compare(attempts, calls)
    assert len(attempts) >= 300
    assert len(calls) >= 300
    assert mismatches == []
    assert duplicates == []


async def test_every_behaviour_of_the_day_got_its_outcome(day: Shift) -> None:
    """The numbers' endings are the script: what the telco was told to do is what we must say it did."""
    rows = await day.database.fetch("SELECT right(number, 2)::int AS ending, outcome FROM attempt")
    told: dict[int, set[str]] = {}
    for row in rows:
        told.setdefault(row["ending"], set()).add(row["outcome"])
    for ending, outcomes in told.items():
        if ending < 40 or 75 <= ending <= 92 or ending >= 98:
            assert outcomes <= ANSWERED - {"cancelled"}, ending
        elif ending < 50 or ending == 71:
            assert outcomes == {"no_answer"}, ending
        elif ending < 60:
            assert outcomes == {"busy"}, ending
        elif ending < 67:
            assert outcomes == {"invalid_number"}, ending
        else:
            assert outcomes == {"rejected"}, ending


async def test_every_live_answer_is_accounted_for(day: Shift) -> None:
    live = await day.database.fetch(
        "SELECT outcome, connected_at, disposition FROM attempt WHERE answered_at IS NOT NULL"
    )
    assert {row["outcome"] for row in live} <= {"connected", "abandoned", "customer_hung_up"}
    connected = [row for row in live if row["outcome"] == "connected"]
    assert len(connected) >= 100
    assert all(row["disposition"] for row in connected)


async def test_no_abandonment_beyond_the_cap(day: Shift) -> None:
    row = await day.database.fetchrow(
        "SELECT count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned, count(*) AS live"
        " FROM attempt WHERE answered_at IS NOT NULL"
    )
    assert row is not None
    assert row["abandoned"] <= max(1, 0.03 * row["live"])
    assert row["abandoned"] == await day.database.fetchval("SELECT count(*) FROM abandonment")


async def test_each_informed_customer_is_recorded_with_both_voices(day: Shift) -> None:
    rows = await day.database.fetch(
        "SELECT attempt.id, attempt.number, recording.path, recording.duration_ms, recording.bytes,"
        " extract(epoch FROM attempt.ended_at - attempt.notice_at) * 1000 AS talked_ms"
        " FROM attempt LEFT JOIN recording ON recording.attempt_id = attempt.id WHERE notice_at IS NOT NULL"
    )
    assert len(rows) >= 50
    assert all(row["path"] for row in rows if row["talked_ms"] > 1000)
    tones = [row for row in rows if row["number"].endswith(("98", "99")) and row["talked_ms"] > 1500]
    assert tones
    for row in tones:
        path = Path(day.stack.recordings) / row["path"]
        customer, agent = heard(path)
        assert customer > 0.8, row["id"]
        assert agent > 0.8, row["id"]
        assert abs(row["duration_ms"] - float(row["talked_ms"])) < 700


async def test_nothing_is_recorded_without_notice(day: Shift) -> None:
    without = "SELECT count(*) FROM recording JOIN attempt ON attempt.id = attempt_id WHERE notice_at IS NULL"
    assert await day.database.fetchval(without) == 0


async def test_the_report_holds(day: Shift) -> None:
    assert day.stack.telco is not None
    found = await report(day.database, day.stack.telco.cdr())
    assert found["invariants"] == dict.fromkeys(found["invariants"], True)
    assert found["originates"] == found["attempts"]
    assert found["answer_to_bridge_ms"]["p50"] < 50


async def test_robots_met_no_refusal(day: Shift) -> None:
    """A refused click is a console that offers what the state forbids, or a state the console was not told of."""
    assert [error for robot in day.robots for error in robot.errors if error != "not_your_call"] == []


async def test_another_library_saw_the_same_calls(watched: tuple[Shift, Observer]) -> None:
    """panoramisk, on a link of its own, tells of the same answers, bridges and ends as our tables."""
    day, observer = watched
    rows = await day.database.fetch("SELECT id, answered_at, connected_at, ended_at, q850 FROM attempt")
    assert observer.differences(rows) == []
