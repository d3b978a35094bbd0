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


def list_with(scene: Scene, attempt_id: AttemptId) -> None:
    """The call's channel is there too."""
    leg = LiveChannel(scene.leg(1), up=True, parked=True, bridged_with=None)
    ringing = LiveChannel(attempt_id, up=False, parked=False, bridged_with=None)
    asked_at = scene.now - timedelta(milliseconds=5)
    scene.feed(ChannelsListed(at=scene.now, asked_at=asked_at, channels=(leg, ringing)))


def test_originate_that_the_switch_has_not_begun_is_not_given_up() -> None:
    scene, attempt_id = dialled()
    scene.later(6)
    list_without_calls(scene)
    assert scene.call(attempt_id).state is CallState.ORIGINATING
    scene.answer(attempt_id)
    scene.bridge(attempt_id, 1)
    assert scene.call(attempt_id).state is CallState.BRIDGED


def test_hangup_that_is_still_on_its_way_decides_the_outcome() -> None:
    """The channel is gone from the switch's list before its Hangup reaches us: seen once in 6,000 calls."""
    scene, attempt_id = dialled()
    scene.ring(attempt_id)
    scene.later(0.5)
    list_without_calls(scene)
    scene.later(0.02)
    scene.hang_up(attempt_id, Outcome.NO_ANSWER)
    assert outcomes(scene) == [Outcome.NO_ANSWER]


def test_call_that_two_listings_do_not_hold_has_ended() -> None:
    scene, attempt_id = dialled()
    scene.ring(attempt_id)
    for _ in range(2):
        scene.later(15)
        list_without_calls(scene)
    assert attempt_id not in scene.floor.calls
    assert outcomes(scene) == [Outcome.UNKNOWN]


def test_call_that_a_listing_held_in_between_goes_on() -> None:
    scene, attempt_id = dialled()
    scene.ring(attempt_id)
    for held in (False, True, False):
        scene.later(15)
        list_without_calls(scene) if not held else list_with(scene, attempt_id)
    assert scene.call(attempt_id).state is CallState.RINGING
