"""Machines that were taken for people, on a real Asterisk: a beep frees the agent by himself, and what agents
mark on two numbers is known on the third."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from dialer.domain.campaign import DialMode
from dialer.domain.screening import MACHINE_DISPOSITION, Screening, ScreeningSettings
from lab.bench.screeninglive import digits_of, write_numbers
from lab.robots import Pace
from lab.shift import Shift, shift
from lab.sounds import sound_folder
from lab.stack import Stack

RATE = 8000
#: Numbers that answer with a greeting and beep seconds later, and numbers that all play one recording. One of the first
#: and three of the second would do, were every call heard: on a machine short of time some go to the agent unheard.
BEEPING, REPEATING = 3, 6
SETTINGS = ScreeningSettings(mode=Screening.ON, control_share=0.0)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


def write_recordings(folder: Path) -> dict[str, Path]:
    """By its digits what each number says. Both greetings are a person's for all that their rhythm tells."""
    voices = sound_folder() / "telco"

    def said(name: str) -> np.ndarray:
        return np.asarray(soundfile.read(voices / f"{name}.wav", dtype="int16")[0])

    def wait(seconds: float) -> np.ndarray:
        return np.zeros(round(seconds * RATE), np.int16)

    beeps = [wait(4), said("beep"), wait(3), said("beep"), wait(3), said("beep"), wait(8)]
    beeping, repeating = folder / "beeping.wav", folder / "repeating.wav"
    soundfile.write(beeping, np.concatenate([wait(0.4), said("hello-3"), *beeps]), RATE, subtype="PCM_16")
    soundfile.write(repeating, np.concatenate([wait(0.4), said("hello-4"), wait(40)]), RATE, subtype="PCM_16")
    return {digits_of(n): beeping if n < BEEPING else repeating for n in range(BEEPING + REPEATING)}


ON_AGENT = """
    SELECT id FROM attempt WHERE right(number, 10) = ANY($1) AND connected_at IS NOT NULL AND ended_at IS NULL
    AND disposition IS NULL
"""
KNOWN = """
    SELECT count(*) > 0 FROM screening_verdict JOIN attempt ON attempt.id = attempt_id
    WHERE cause = 'fingerprint' AND right(number, 10) = ANY($1)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shift]:
    """One agent who would talk for ever. The beeping numbers come first; the others he marks as machines, until one is
    known."""
    folder = tmp_path_factory.mktemp("unmasking")
    leads = folder / "leads.csv"
    write_numbers(leads, BEEPING + REPEATING)
    recordings = write_recordings(folder)
    repeating = [digits for digits, path in recordings.items() if path.stem == "repeating"]
    running = shift(
        stack=Stack(corpus=recordings),
        leads=leads,
        robots=1,
        pace=Pace(talk_s=100_000, wrap_up_s=0.2),
        mode=DialMode.PROGRESSIVE,
        ring_timeout_s=15,
        screening=SETTINGS,
    )
    async with running as at_work:
        up = "SELECT count(*) > 0 FROM call_event WHERE type = 'ScreenerMoved' AND (data ->> 'up')::bool"
        await at_work.until(up, within_s=60)
        await at_work.start()
        (agent,) = at_work.robots
        async with asyncio.timeout(240):
            while not await at_work.database.fetchval(KNOWN, repeating):
                for row in await at_work.database.fetch(ON_AGENT, repeating):
                    await agent.client.wish(
                        "dispose", attempt_id=row["id"], disposition=MACHINE_DISPOSITION, details={}
                    )
                    ended = "SELECT ended_at IS NOT NULL FROM attempt WHERE id = $1"
                    await at_work.until(ended, row["id"], within_s=60)
                await asyncio.sleep(0.1)
        await at_work.until(
            "SELECT count(*) = 0 FROM screening_verdict JOIN attempt ON attempt.id = attempt_id"
            " WHERE cause = 'fingerprint' AND ended_at IS NULL",
            within_s=60,
        )
        yield at_work


CALLS = """
    SELECT number, outcome, disposition, connected_at, ended_at, v.label, v.cause, v.to_agent,
           v.corrected_label
    FROM attempt LEFT JOIN screening_verdict v ON v.attempt_id = attempt.id
    WHERE right(number, 10) = ANY($1) ORDER BY attempt.id
"""


async def test_a_beep_under_an_agent_frees_him_by_himself(day: Shift) -> None:
    numbers = [digits_of(n) for n in range(BEEPING)]
    rows = await day.database.fetch(CALLS, numbers)
    freed = [row for row in rows if row["corrected_label"] and row["connected_at"]]
    assert freed, [dict(row) for row in rows]
    for row in freed:
        told = dict(row)
        assert (row["label"], row["corrected_label"], row["outcome"]) == ("HUMAN", "MACHINE", "connected"), (
            told
        )
        assert row["disposition"] == MACHINE_DISPOSITION, told
    facts = (
        "SELECT count(*) FROM call_event WHERE type = 'ScreeningCorrected' AND (data ->> 'freed_agent')::bool"
    )
    assert await day.database.fetchval(facts) == len(freed)


async def test_what_was_marked_on_two_numbers_ends_on_the_third_without_an_agent(day: Shift) -> None:
    rows = await day.database.fetch(CALLS, [digits_of(n) for n in range(BEEPING, BEEPING + REPEATING)])
    known = next(n for n, row in enumerate(rows) if row["cause"] == "fingerprint")
    told = dict(rows[known])
    assert (rows[known]["label"], rows[known]["outcome"]) == ("MACHINE", "machine"), told
    assert rows[known]["connected_at"] is None, told
    assert not rows[known]["to_agent"], told
    before = rows[:known]
    marked = {row["number"] for row in before if row["disposition"] == MACHINE_DISPOSITION and row["label"]}
    assert len(marked) >= 2, [dict(row) for row in before]
    believed = "SELECT count(*) FROM prompt WHERE cardinality(sources) >= 2"
    assert await day.database.fetchval(believed) >= 1
