"""kill -9 of the dialer in mid-shift: no live call is lost, nobody is left in silence, nothing is dialled twice."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from dialer.domain.campaign import DialMode
from lab.ami_probe import AmiProbe
from lab.report import compare, read_attempts
from lab.robots import Pace, details_of
from lab.shift import Shift, shift, write_leads

BRIDGED = RINGING = 20
#: 98 answers at once and stays; 96 and 97 ring 12-18 s; the rest is there to be dialled after the restart.
DAY = {98: 10, 99: 10, 96: 10, 97: 10, **dict.fromkeys((50, 51, 52, 53), 10)}
RESUME_S = 15.0
#: The safe-harbour message to its last word, and the row that follows its hang-up.
MESSAGE_S = 20.0


async def test_a_killed_dialer_costs_no_live_call(tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    write_leads(leads, DAY)
    async with shift(
        leads=leads,
        robots=BRIDGED + RINGING,
        pace=Pace(talk_s=3600),
        mode=DialMode.PROGRESSIVE,
        ring_timeout_s=25,
    ) as at_work:
        await _kill_and_look(at_work)


async def _kill_and_look(at_work: Shift) -> None:
    stack, database = at_work.stack, at_work.database
    assert stack.dialer is not None
    assert stack.telco is not None
    await at_work.until_states(60, not_ready=0, ready=BRIDGED + RINGING)
    await at_work.start()
    await at_work.until(
        "SELECT count(*) FILTER (WHERE state = 'bridged' AND notice_at IS NOT NULL) >= $1"
        " AND count(*) FILTER (WHERE state IN ('originating', 'ringing')) >= $2 FROM attempt",
        BRIDGED,
        RINGING,
        within_s=12,
    )
    open_before = {row["id"]: row["state"] for row in await _open(at_work)}
    bridged = [attempt for attempt, state in open_before.items() if state == "bridged"]
    async with AmiProbe(stack.switch.ami_port, stack.switch.ami_user, stack.switch.ami_secret) as probe:
        os.kill(stack.dialer.pid, signal.SIGKILL)
        await stack.dialer.wait()
        sizes = _recorded_bytes(stack.switch.spool, bridged)
        # Every phone that still rings is answered within 18 s of its dial, and nobody is there to bridge it.
        await asyncio.sleep(19)
        grown = _recorded_bytes(stack.switch.spool, bridged)
        answered = _timestamps(probe, "Newstate", "Uniqueid", ChannelState="6")
        messages = _timestamps(probe, "UserEvent", "Attempt", UserEvent="SafeHarbour")
        unattended = [
            attempt for attempt in answered if open_before.get(attempt) in ("originating", "ringing")
        ]
        assert len(unattended) >= RINGING - 2
        for attempt in unattended:
            assert 0 < messages[attempt] - answered[attempt] < 2.5, attempt
        # RTP flows in the bridges: both directions of each recording went on growing.
        assert len(grown) == 2 * BRIDGED
        assert all(grown[name] > sizes[name] + 100_000 for name in sizes)
        placed_before = len(await database.fetch("SELECT id FROM attempt"))

        await stack.start_dialer()
        await at_work.until("SELECT count(*) > $1 FROM attempt", placed_before, within_s=RESUME_S)
        await asyncio.sleep(3)
        alive = {c["Uniqueid"] for c in await _channels(probe)}
        assert set(bridged) <= alive

    open_after = {row["id"]: row["state"] for row in await _open(at_work)}
    assert {attempt: open_after.get(attempt) for attempt in bridged} == dict.fromkeys(bridged, "bridged")
    lost = set(open_before) - set(bridged)
    # Whoever answered last may still be listening to the message.
    all_ended = "SELECT count(*) = 0 FROM attempt WHERE id = ANY($1::text[]) AND outcome IS NULL"
    await at_work.until(all_ended, list(lost), within_s=MESSAGE_S)
    ended = await database.fetch("SELECT id, outcome FROM attempt WHERE id = ANY($1::text[])", list(lost))
    assert {row["outcome"] for row in ended} <= {"unknown", "abandoned", "customer_hung_up"}

    # The conversations are their agents' still: each hangs up his own, and says what came of it.
    for robot in at_work.robots:
        if robot.state == "on_call":
            assert robot.me is not None
            attempt = robot.me["call"]["attempt_id"]
            await robot.client.wish(
                "dispose",
                attempt_id=attempt,
                disposition="promise",
                details=details_of("promise", robot.me["call"]),
            )
    await at_work.stop()
    disposed = "SELECT count(*) = $2 FROM attempt WHERE id = ANY($1::text[]) AND disposition = 'promise'"
    await at_work.until(disposed, bridged, len(bridged), within_s=10)
    attempts = await read_attempts(database)
    assert all(row["ended_at"] and row["outcome"] for row in attempts)
    mismatches, duplicates = compare(attempts, stack.telco.cdr())
    assert duplicates == []
    # `unknown` is what we say of a call that was answered while we were dead; all else must agree.
    assert [m for m in mismatches if m.ours != "unknown"] == []


async def _open(at_work: Shift) -> list[dict[str, str]]:
    rows = await at_work.database.fetch("SELECT id, state FROM attempt WHERE ended_at IS NULL")
    return [dict(row) for row in rows]


def _recorded_bytes(spool: Path, attempts: list[str]) -> dict[str, int]:
    return {
        path.name: path.stat().st_size
        for path in (spool / "monitor").iterdir()
        if path.name.split("-")[0] in attempts
    }


def _timestamps(probe: AmiProbe, event: str, key: str, **fields: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for message in probe.events:
        if message["Event"] == event and all(message.get(name) == value for name, value in fields.items()):
            found.setdefault(message[key], float(message["Timestamp"]))
    return found


async def _channels(probe: AmiProbe) -> list[dict[str, str]]:
    since = len(probe.events)
    await probe.do("CoreShowChannels")
    await probe.wait("CoreShowChannelsComplete", since=since)
    return [m for m in probe.events[since:] if m["Event"] == "CoreShowChannel"]
