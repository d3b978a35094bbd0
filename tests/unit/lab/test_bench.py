"""What the bench makes of numbers, events and samples: the parts that need no laboratory."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from lab.bench.measuring import flatness, spread
from lab.bench.observer import Seen
from lab.bench.office import BEHAVIOURS, FLOOR_MIX, expected_outcomes, numbers

CALL, LEG = "01M806ZF3CRRHFMJBP04M8JBR3", "leg-01M806ZF3CRRHFMJBP04M8JBR4"


def test_numbers_are_kept_for_fiction_and_follow_the_mix() -> None:
    drawn = numbers(4000, FLOOR_MIX, seed=3)
    assert all(re.fullmatch(r"\+1[2-9]\d\d55501\d\d", number) for number in drawn)
    assert len({number[2:5] for number in drawn}) > 300
    endings = Counter(int(number[-2:]) for number in drawn)
    for name, percent in FLOOR_MIX.items():
        share = sum(endings[digits] for digits in BEHAVIOURS[name].digits) / len(drawn)
        assert share == pytest.approx(percent / 100, abs=0.03)


def test_every_ending_has_its_behaviour_and_no_two() -> None:
    endings = Counter(digits for behaviour in BEHAVIOURS.values() for digits in behaviour.digits)
    assert endings == Counter(range(100))
    assert expected_outcomes("+18095550155") == {"busy"}
    assert "connected" in expected_outcomes("+18095550100")


def event(name: str, at: float, channel: str, **more: str) -> bytes:
    lines = {"Event": name, "Timestamp": f"{at:.6f}", "Uniqueid": channel, **more}
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n"


def test_observer_times_the_answer_to_the_second_leg() -> None:
    hall = {"BridgeTechnology": "holding_bridge", "BridgeUniqueid": "hall"}
    talk = {"BridgeTechnology": "simple_bridge", "BridgeUniqueid": "talk"}
    seen = Seen(
        b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
        + event("Newchannel", 99.0, CALL)
        + event("Newstate", 100.0, CALL, ChannelState="6")
        + event("BridgeEnter", 100.001, CALL, **hall)
        + event("BridgeEnter", 100.003, CALL, **talk)
        + event("BridgeEnter", 100.004, LEG, **talk)
        + event("Hangup", 101.0, CALL)
        + b"Event: Hangup\r\nUniq"
    )
    assert seen.bridge_ms() == [pytest.approx(4.0)]
    assert seen.created == {CALL: 99.0}
    assert seen.hung_up == {CALL}
    assert seen.events == {"Newchannel": 1, "Newstate": 1, "BridgeEnter": 2, "Hangup": 1}


def test_spread_of_nothing_and_of_a_hundred() -> None:
    assert spread([])["p99"] is None
    assert spread([float(n) for n in range(101)]) == {"n": 101, "p50": 50, "p95": 95, "p99": 99, "max": 100}


def test_memory_that_grows_is_seen_and_warming_up_is_not() -> None:
    warm_up = [(n, 10_000_000 + n * 1000) for n in range(0, 250, 10)]
    flat = warm_up + [(n, 10_250_000) for n in range(250, 1001, 10)]
    assert flatness(flat)["bytes_per_attempt"] == pytest.approx(0, abs=1e-6)
    leak = warm_up + [(n, 10_250_000 + n * 500) for n in range(250, 1001, 10)]
    assert flatness(leak)["bytes_per_attempt"] == pytest.approx(500)
