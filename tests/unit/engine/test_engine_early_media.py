"""Sound before the answer, as the engine takes it: who is heard, and that tones alone end an attempt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scene import Scene, campaign, lead, of, outcomes, shard_state, trunk

from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.commands import Bridge, HangUpCall, ListenTo, StopListening, TapCall
from dialer.domain.events import EarlyMediaBegan, EarlyMediaJudged, ScreenerUp
from dialer.domain.facts import CallScreened
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Label, Screening, ScreeningSettings
from dialer.domain.values import AttemptId
from dialer.engine import Step
from dialer.engine.early_media import SPARE_S

ADDRESS = "127.0.0.1:9092"


def ringing(
    mode: Screening = Screening.ON, *, early_media: bool = True, up: bool = True
) -> tuple[Scene, AttemptId]:
    """A scene and its first call, dialled and not answered."""
    settings = ScreeningSettings(mode=mode, control_share=0.0)
    state = shard_state(
        replace(campaign(mode=DialMode.PROGRESSIVE), screening=settings),
        agents=1,
        trunks=[replace(trunk(), early_media=early_media)],
    )
    scene = Scene(leads=[lead(1)], state=state)
    if up:
        scene.feed(ScreenerUp(at=scene.now, address=ADDRESS))
    scene.log_in(1)
    return scene, scene.dialled[0]


def begin(scene: Scene, call: AttemptId) -> Step:
    return scene.feed(EarlyMediaBegan(at=scene.now, attempt_id=call))


def judge(scene: Scene, call: AttemptId, label: Label = Label.SIT, at_ms: int = 700) -> Step:
    return scene.feed(
        EarlyMediaJudged(
            at=scene.now, attempt_id=call, label=label, cause="sit", posterior=0.0, decided_at_ms=at_ms
        )
    )


def test_what_a_trunk_sends_before_the_answer_is_heard_once() -> None:
    scene, call = ringing()
    step = begin(scene, call)
    assert of(ListenTo, step) == [ListenTo(call, 20.0, early=True)]
    limit_s = scene.planned[0].ring_timeout_s + SPARE_S
    assert of(TapCall, step) == [TapCall(call, ADDRESS, limit_s, early=True)]
    assert not begin(scene, call).commands


@pytest.mark.parametrize(
    "setting",
    [{"early_media": False}, {"up": False}, {"mode": Screening.SHADOW}, {"mode": Screening.OFF}],
)
def test_where_nobody_wants_it_nobody_hears(setting: dict[str, object]) -> None:
    scene, call = ringing(**setting)  # type: ignore[arg-type]
    assert not of(TapCall, begin(scene, call))
    assert not judge(scene, call).commands


def test_tones_end_the_attempt_as_an_invalid_number() -> None:
    scene, call = ringing()
    begin(scene, call)
    scene.later(1.0)
    step = judge(scene, call)
    assert of(HangUpCall, step) == [HangUpCall(call)]
    (noted,) = of(CallScreened, step)
    assert (noted.label, noted.to_agent, noted.decided_at_ms) == (Label.SIT, False, 700)
    assert not judge(scene, call).commands
    assert of(StopListening, scene.hang_up(call)) == [StopListening(call, early=True)]
    assert outcomes(scene) == [Outcome.INVALID_NUMBER]


@pytest.mark.parametrize("label", [label for label in Label if label is not Label.SIT])
def test_nothing_else_does(label: Label) -> None:
    scene, call = ringing()
    begin(scene, call)
    scene.later(1.0)
    assert not judge(scene, call, label).commands


def test_tones_that_were_heard_before_there_was_sound_are_not_believed() -> None:
    scene, call = ringing()
    begin(scene, call)
    assert not judge(scene, call, at_ms=60_000).commands


def test_the_answer_ends_it_and_begins_the_listening_proper() -> None:
    scene, call = ringing()
    begin(scene, call)
    step = scene.answer(call, park=False)
    assert of(StopListening, step) == [StopListening(call, early=True)]
    (listen,) = of(ListenTo, step)
    assert not listen.early
    assert scene.floor.calls[call].state is CallState.SCREENING
    scene.later(1.0)
    assert not judge(scene, call).commands


def test_an_answer_that_crosses_the_hang_up_gets_no_agent() -> None:
    scene, call = ringing()
    begin(scene, call)
    scene.later(1.0)
    judge(scene, call)
    step = scene.answer(call)
    assert not of(ListenTo, step)
    assert not of(Bridge, step)
    scene.hang_up(call)
    assert outcomes(scene) == [Outcome.INVALID_NUMBER]
    assert len(of(CallScreened, scene)) == 1
