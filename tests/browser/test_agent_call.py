"""One call from the telco to a real browser: heard on both sides, seen in time, kept over a reload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from browser import look

from dialer.domain.campaign import DialMode
from lab.report import EVERYTHING_RECORDED
from lab.shift import AGENT_HZ, Shift, heard, shift, write_leads

CARD_WITHIN_MS = 300
BACK_WITHIN_MS = 5000


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """What the browser takes for its microphone: a steady 440 Hz."""
    path = tmp_path / "microphone.wav"
    rate, seconds = 48_000, 10
    time_s = np.arange(rate * seconds) / rate
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * AGENT_HZ * time_s), rate, subtype="PCM_16")
    return path


async def test_a_call_in_the_browser(tmp_path: Path, microphone: Path) -> None:
    leads = tmp_path / "leads.csv"
    write_leads(leads, {99: 1})
    async with shift(leads=leads, mode=DialMode.PROGRESSIVE) as at_work:
        await at_work.start()
        agent = at_work.demonstration.agents[0]
        seen = await look(
            "agent_call.mjs",
            at_work,
            tmp_path,
            login=agent.login,
            password=agent.password,
            microphone=str(microphone),
            talk_ms=6000,
        )
        assert "error" not in seen, (seen, at_work.stack.logs("dialer")[-2000:])
        assert seen["problems"] == []
        await at_work.until(EVERYTHING_RECORDED, within_s=20)
        await _check(at_work, seen)


async def _check(at_work: Shift, seen: dict[str, Any]) -> None:
    (attempt,) = await at_work.database.fetch("SELECT * FROM attempt")
    assert attempt["outcome"] == "connected"
    assert attempt["disposition"] == "promise"

    # The screen: the card within 300 ms of the bridge, the person and his script on it, before and after the reload.
    late_ms = seen["card_at"] - attempt["connected_at"].timestamp() * 1000
    assert late_ms <= CARD_WITHIN_MS
    assert seen["person"] == seen["person_after_reload"] == "Persona 809 99"

    # The reload: back in the same call within 5 s, and the telco saw one call, never cut.
    assert seen["back_at"] - seen["reloaded_at"] <= BACK_WITHIN_MS
    assert at_work.stack.telco is not None
    (call,) = at_work.stack.telco.cdr()
    assert call.attempt == attempt["id"]
    talked_s = (seen["back_at"] - seen["card_at"]) / 1000
    assert call.talk_s > talked_s

    # The ear: the telco's tone on the customer's side, the microphone's on the agent's, each on its own.
    path = await at_work.database.fetchval("SELECT path FROM recording WHERE attempt_id = $1", attempt["id"])
    customer, agent = heard(Path(at_work.stack.recordings) / path)
    assert customer > 0.8
    assert agent > 0.5
