"""Machines that were taken for people, on a real Asterisk: a beep frees the agent by himself, what an agent marked on
one number is known on the next, and what a number answered with is known when it answers again."""

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
#: Numbers that answer with a greeting and beep seconds later, and numbers that all play one recording; and debtors who
#: share one number, with a greeting of its own. One, two and two would do, were every call heard: on a machine short of
#: time some go to the agent unheard.
BEEPING, REPEATING, SHARING = 3, 6, 4
SHARED = digits_of(BEEPING + REPEATING)
SETTINGS = ScreeningSettings(mode=Screening.ON, control_share=0.0)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


def write_recordings(folder: Path) -> dict[str, Path]:
    """By its digits what each number says. All greetings are a person's for all that their rhythm tells."""
    voices = sound_folder() / "telco"

    def said(name: str) -> np.ndarray:
        return np.asarray(soundfile.read(voices / f"{name}.wav", dtype="int16")[0])

    def wait(seconds: float) -> np.ndarray:
        return np.zeros(round(seconds * RATE), np.int16)

    beeps = [wait(4), said("beep"), wait(3), said("beep"), wait(3), said("beep"), wait(8)]
    beeping, repeating = folder / "beeping.wav", folder / "repeating.wav"
    soundfile.write(beeping, np.concatenate([wait(0.4), said("hello-3"), *beeps]), RATE, subtype="PCM_16")
    soundfile.write(repeating, np.concatenate([wait(0.4), said("hello-4"), wait(40)]), RATE, subtype="PCM_16")
    own = folder / "own.wav"
    # Too short to be known on another number after one call.
    soundfile.write(own, np.concatenate([wait(0.4), said("hello-1"), said("hello-0"), wait(40)]), RATE)
    numbers = {digits_of(n): beeping if n < BEEPING else repeating for n in range(BEEPING + REPEATING)}
    return {**numbers, SHARED: own}


def share_number(leads: Path) -> None:
    """Debtors with one telephone, dialled between those who have their own."""
    lines = leads.read_text("utf-8").splitlines()
    for n in range(SHARING):
        of = lines[1 + BEEPING + n].split(",")
        named = [f"S-{n}", f"Compañera {n}", f"+1{SHARED}", *of[3:5], f"DS-{n}", *of[6:]]
        lines.append(",".join(named))
    leads.write_text("\n".join(lines) + "\n", "utf-8")


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
    """One agent who would talk for ever. The beeping numbers come first; the others he marks as machines, until one of
    each kind is known."""
    folder = tmp_path_factory.mktemp("unmasking")
    leads = folder / "leads.csv"
    write_numbers(leads, BEEPING + REPEATING)
    share_number(leads)
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
            while not all([await at_work.database.fetchval(KNOWN, kind) for kind in (repeating, [SHARED])]):
                for row in await at_work.database.fetch(ON_AGENT, [*repeating, SHARED]):
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


async def test_what_was_marked_on_one_number_ends_on_the_next_without_an_agent(day: Shift) -> None:
    rows = await day.database.fetch(CALLS, [digits_of(n) for n in range(BEEPING, BEEPING + REPEATING)])
    known = next(n for n, row in enumerate(rows) if row["cause"] == "fingerprint")
    told = dict(rows[known])
    assert (rows[known]["label"], rows[known]["outcome"]) == ("MACHINE", "machine"), told
    assert rows[known]["connected_at"] is None, told
    assert not rows[known]["to_agent"], told
    before = rows[:known]
    marked = {row["number"] for row in before if row["disposition"] == MACHINE_DISPOSITION and row["label"]}
    assert len(marked) >= 1, [dict(row) for row in before]
    believed = "SELECT count(*) >= 1 FROM prompt WHERE cardinality(sources) >= 2"
    await day.until(believed, within_s=60)


async def test_a_number_that_answers_again_with_its_greeting_gets_no_agent(day: Shift) -> None:
    """Nobody else has it, so nobody believes it but on this number."""
    rows = await day.database.fetch(CALLS, [SHARED])
    known = next(n for n, row in enumerate(rows) if row["cause"] == "fingerprint")
    told = [dict(row) for row in rows]
    assert known > 0, told
    assert (rows[known]["label"], rows[known]["outcome"], rows[known]["connected_at"]) == (
        "MACHINE",
        "machine",
        None,
    ), told
    (greeting,) = await day.database.fetch(
        "SELECT source FROM greeting WHERE source = left(encode(sha256(convert_to($1, 'UTF8')), 'hex'), 16)",
        f"+1{SHARED}",
    )
    assert not await day.database.fetchval(
        "SELECT bool_or(cardinality(sources) > 1) FROM prompt WHERE $1 = ANY (sources)", greeting["source"]
    )
