"""The routine listing of the switch's channels, compared with what the engine believes."""

from __future__ import annotations

from datetime import timedelta

from scene import Scene, lead, outcomes

from dialer.domain.call import CallState
from dialer.domain.events import ChannelsListed, LiveChannel
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId


def dialled() -> tuple[Scene, AttemptId]:
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    (attempt_id,) = scene.dialled
    return scene, attempt_id


def list_without_calls(scene: Scene) -> None:
    """The agent's leg is the only channel of ours."""
    leg = LiveChannel(scene.leg(1), up=True, parked=True, bridged_with=None)
    asked_at = scene.now - timedelta(milliseconds=5)
    scene.feed(ChannelsListed(at=scene.now, asked_at=asked_at, channels=(leg,)))


def test_originate_that_the_switch_has_not_begun_is_not_given_up() -> None:
    scene, attempt_id = dialled()
    scene.later(6)
    list_without_calls(scene)
    assert scene.call(attempt_id).state is CallState.ORIGINATING
    scene.answer(attempt_id)
    scene.bridge(attempt_id, 1)
    assert scene.call(attempt_id).state is CallState.BRIDGED


def test_originate_that_never_became_a_channel_ends_with_its_ring_time() -> None:
    scene, attempt_id = dialled()
    scene.later(scene.attempt(attempt_id).ring_timeout_s + 0.1)
    list_without_calls(scene)
    assert attempt_id not in scene.floor.calls
    assert outcomes(scene) == [Outcome.UNKNOWN]


def test_ringing_call_that_is_gone_has_ended() -> None:
    scene, attempt_id = dialled()
    scene.ring(attempt_id)
    scene.later(1)
    list_without_calls(scene)
    assert attempt_id not in scene.floor.calls
    assert outcomes(scene) == [Outcome.UNKNOWN]
