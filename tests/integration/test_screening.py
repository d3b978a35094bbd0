"""Who answered, on a real Asterisk: the stand-in's people, machines and tones, judged by what the stand-in was told to
do and by what it recorded."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from dialer.domain.campaign import DialMode
from dialer.domain.screening import OnMachine, Screening, ScreeningSettings
from lab.robots import Pace
from lab.shift import Shift, shift, write_leads

#: Last two digits -> debtors with such a number (asterisk_conf/telco/extensions.conf.j2).
PEOPLE, VOICEMAIL, MUSIC, SILENCE, FAX, INTERCEPT = (1, 6), (75, 80), 90, 93, 95, 65
DAY = {**dict.fromkeys(PEOPLE, 5), **dict.fromkeys(VOICEMAIL, 4), MUSIC: 1, SILENCE: 3, FAX: 3, INTERCEPT: 3}
#: The stand-in's greetings have beeped by then, s after the answer, and the beep was heard.
BEEP_BY_S = 9.5
SETTINGS = ScreeningSettings(mode=Screening.ON, on_machine=OnMachine.LEAVE_MESSAGE, control_share=0.0)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shift]:
    """A day with the screener, which is killed in mid-shift; all leads tried once."""
    leads = tmp_path_factory.mktemp("screening") / "leads.csv"
    total = write_leads(leads, DAY, shuffled=True, first=INTERCEPT)
    running = shift(
        leads=leads,
        robots=10,
        pace=Pace(talk_s=6, wrap_up_s=0.3),
        mode=DialMode.PROGRESSIVE,
        ring_timeout_s=15,
        screening=SETTINGS,
        early_media=True,
    )
    async with running as at_work:
        up = "SELECT count(*) >= $1 FROM call_event WHERE type = 'ScreenerMoved' AND (data ->> 'up')::bool"
        await at_work.until(up, 1, within_s=60)
        await at_work.start()
        heard = (
            "SELECT count(*) FILTER (WHERE label = 'SIT') >= 1 AND count(label) >= 3 FROM screening_verdict"
        )
        await at_work.until(heard, within_s=90)
        await at_work.until("SELECT count(*) >= 1 FROM attempt WHERE state = 'screening'", within_s=60)
        os.kill(screener_of(at_work), signal.SIGKILL)
        await at_work.until(up, 2, within_s=60)
        query = "SELECT count(DISTINCT lead_id) >= $1 FROM attempt WHERE ended_at IS NOT NULL"
        await at_work.until(query, total, within_s=180)
        await at_work.stop()
        yield at_work


VERDICTS = """
    SELECT attempt.id, right(attempt.number, 2)::int AS ending, attempt.outcome, attempt.disposition,
           attempt.answered_at, attempt.connected_at, attempt.ended_at,
           v.label, v.cause, v.posterior, v.decided_at_ms, v.greeting_end_ms, v.to_agent, v.corrected_label, v.features
    FROM attempt LEFT JOIN screening_verdict v ON v.attempt_id = attempt.id
    WHERE attempt.answered_at IS NOT NULL
"""


async def test_each_kind_of_far_end_is_told_apart(day: Shift) -> None:
    rows = await day.database.fetch(VERDICTS)
    for row in rows:
        ending, told = row["ending"], dict(row)
        if row["label"] is None:
            # (hung up on before anything was certain)
            assert row["outcome"] in ("customer_hung_up", "connected", "abandoned"), told
        elif ending in VOICEMAIL and (row["ended_at"] - row["answered_at"]).total_seconds() > BEEP_BY_S:
            assert "MACHINE" in (row["label"], row["corrected_label"]), told
        elif ending == SILENCE:
            assert (row["label"], row["outcome"]) == ("SILENCE", "no_answer"), told
        elif ending == FAX:
            assert (row["label"], row["cause"], row["outcome"]) == ("FAX", "fax", "fax"), told
    # One in three hundred persons is misjudged; of ten, two would be another detector.
    misjudged = [dict(row) for row in rows if row["ending"] in PEOPLE and row["label"] not in ("HUMAN", None)]
    assert len(misjudged) <= 1, misjudged
    heard = [row for row in rows if row["label"]]
    assert len(heard) >= 0.5 * len(
        rows
    )  # (the others were being heard when it was killed, or dialled before it was back)
    assert all(row["features"] and row["decided_at_ms"] is not None for row in heard)


async def test_an_intercept_before_the_answer_ends_as_an_invalid_number_without_an_agent(day: Shift) -> None:
    """Cut at its tones, seconds before the carrier says so; where they were not heard, the carrier does."""
    rows = await day.database.fetch(
        "SELECT outcome, answered_at, connected_at, sip_status, label, cause, to_agent"
        " FROM attempt LEFT JOIN screening_verdict ON attempt_id = attempt.id WHERE right(number, 2) = $1",
        str(INTERCEPT),
    )
    assert len(rows) >= DAY[INTERCEPT]
    assert any(row["label"] == "SIT" for row in rows)
    for row in rows:
        told = dict(row)
        assert row["answered_at"] is row["connected_at"] is None, told
        if row["label"] is not None:
            assert (row["outcome"], row["label"], row["cause"]) == ("invalid_number", "SIT", "sit"), told
            assert row["sip_status"] != 404, told
            assert not row["to_agent"], told


async def test_people_get_an_agent_within_two_seconds_of_their_greeting(day: Shift) -> None:
    rows = await day.database.fetch(VERDICTS)
    people = [row for row in rows if row["ending"] in PEOPLE and row["label"] == "HUMAN"]
    assert len(people) >= 4
    for row in people:
        assert row["connected_at"], dict(row)
        waited_s = (row["connected_at"] - row["answered_at"]).total_seconds() - row["greeting_end_ms"] / 1000
        assert waited_s <= 2.0, dict(row)


async def test_a_machine_holds_no_agent_and_a_beep_frees_one(day: Shift) -> None:
    rows = await day.database.fetch(VERDICTS)
    machines = [row for row in rows if row["label"] == "MACHINE"]
    assert all(row["connected_at"] is None and row["outcome"] == "machine" for row in machines)
    for row in rows:
        if row["corrected_label"] and row["connected_at"]:
            assert row["disposition"] == "voicemail", dict(row)


async def test_a_message_is_left_right_after_the_beep(day: Shift) -> None:
    """The voicemail's own recording begins with the end of its beep: what it holds, and from when on."""
    spoken = await day.database.fetchval(
        "SELECT count(*) FROM screening_verdict WHERE spoken_kind = 'message' AND label = 'MACHINE'"
    )
    assert day.stack.telco is not None
    starts_s = messages_begin_s(day.stack.telco.spool)
    assert len(starts_s) >= spoken
    assert all(start_s <= 0.5 for start_s in starts_s), starts_s


async def test_when_the_screener_is_killed_everybody_goes_to_agents(day: Shift) -> None:
    """No call was lost, the reason is on each, and it listened again by itself."""
    unheard = await day.database.fetch(
        "SELECT cause, to_agent, attempt.outcome FROM screening_verdict JOIN attempt ON attempt.id = attempt_id"
        " WHERE label IS NULL"
    )
    assert unheard
    # (a machine without processor time to spare may hear others too late)
    assert "screener_down" in {row["cause"] for row in unheard} <= {"screener_down", "late"}
    assert all(row["to_agent"] for row in unheard)
    assert {row["outcome"] for row in unheard} <= {"connected", "customer_hung_up", "abandoned"}
    assert await day.database.fetchval("SELECT count(*) FROM attempt WHERE ended_at IS NULL") == 0
    reasons = await day.database.fetch(
        "SELECT data ->> 'reason' AS why FROM call_event WHERE type = 'ScreenerMoved' AND NOT (data ->> 'up')::bool"
    )
    assert [row["why"] for row in reasons] == ["it ended"]
    heard_since = await day.database.fetchval(
        "SELECT count(*) FROM screening_verdict WHERE label IS NOT NULL AND judged_at >"
        " (SELECT max(at) FROM call_event WHERE type = 'ScreenerMoved' AND (data ->> 'up')::bool)"
    )
    assert heard_since >= 3


def messages_begin_s(spool: Path) -> list[float]:
    """When, after the end of its beep, each voicemail heard a text of ours begin."""
    begins_s = []
    for path in sorted(spool.glob("voicemail-*.wav")):
        sound, rate_hz = soundfile.read(path)
        windows = sound[: len(sound) // 160 * 160].reshape(-1, 160)
        loud = np.flatnonzero(np.sqrt((windows**2).mean(1)) > 0.02)
        if len(loud) > 100:  # two seconds of speech: no agent's tone, which is a second call's, is so uneven
            begins_s.append(float(loud[0] * 160 / rate_hz))
    return begins_s


def screener_of(day: Shift) -> int:
    """The screener's process: the dialer's only child."""
    assert day.stack.dialer is not None
    pid = day.stack.dialer.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1, children
    return int(children[0])
