"""Trunks: failover order, calls per second, channels, and the breaker."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.carriers import BACK_OFF_S, BURST_S, MAX_BACK_OFF_S, Carriers
from dialer.domain.errors import BadInput
from dialer.domain.values import AttemptId, Trunk

T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def trunk(name: str = "first", *, position: int = 1, cps: float = 100.0, channels: int = 50) -> Trunk:
    return Trunk(position, name, position, cps, channels, ("+18095550190", "+18095550191"))


class Desk:
    """Takes and gives back slots at a clock of its own."""

    def __init__(self, *trunks: Trunk) -> None:
        self.now = T0
        self.carriers = Carriers.of(trunks, T0)
        self.rng = random.Random(3)
        self.count = 0

    def take(self, *, refused_before: bool = False) -> tuple[str, AttemptId] | None:
        self.count += 1
        attempt_id = AttemptId(f"{self.count:026}")
        slot = self.carriers.take(attempt_id, self.now, refused_before=refused_before)
        return slot and (slot[0], attempt_id)

    def give_back(self, slot: tuple[str, AttemptId] | None, fault: bool | None = False) -> None:
        assert slot is not None
        self.carriers.release(*slot, fault=fault, now=self.now, rng=self.rng)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.give_back(self.take(), fault=True)
            self.now += timedelta(milliseconds=20)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_failover_order_is_by_position() -> None:
    desk = Desk(trunk("second", position=2), trunk("first", position=1, channels=1))
    assert [slot and slot[0] for slot in (desk.take(), desk.take())] == ["first", "second"]


def test_channels_are_never_overbooked() -> None:
    desk = Desk(trunk(channels=2))
    first = desk.take()
    assert desk.take()
    assert desk.take() is None
    assert desk.carriers.next_token_at(desk.now) is None, "time alone frees no channel"
    desk.give_back(first)
    assert desk.take()


def test_calls_per_second() -> None:
    desk = Desk(trunk(cps=2.0))
    assert desk.take()
    assert desk.take() is None
    at = desk.carriers.next_token_at(desk.now)
    assert at == T0 + timedelta(seconds=0.5)
    desk.now = at
    assert desk.take()


def test_time_told_late_is_not_credited_twice() -> None:
    desk = Desk(trunk(cps=2.0))
    desk.wait(10)
    assert desk.take()
    desk.wait(-9)
    assert desk.take() is None
    desk.wait(9.1)
    assert desk.take() is None


@given(
    cps=st.floats(0.2, 40),
    gaps=st.lists(st.floats(0, 1.5), min_size=1, max_size=80),
)
def test_no_window_holds_more_calls_than_the_rate_allows(cps: float, gaps: list[float]) -> None:
    desk = Desk(trunk(cps=cps, channels=10_000))
    times: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        desk.now = T0 + timedelta(seconds=now)
        while desk.take():
            times.append(now)
    for i, start in enumerate(times):
        for j, end in enumerate(times[i:], 1):
            assert j <= max(1.0, cps * BURST_S) + cps * (end - start) + 1e-3


def test_caller_ids_take_turns() -> None:
    carriers = Carriers.of([trunk()], T0)
    shown = [carriers.take(AttemptId(f"{n:026}"), T0) for n in range(3)]
    assert [slot and slot[1] for slot in shown] == ["+18095550190", "+18095550191", "+18095550190"]


def test_a_caller_id_that_is_wanted_is_shown_where_it_is_the_trunks() -> None:
    desk = Desk(trunk())
    shown = [
        desk.carriers.take(AttemptId(f"{n:026}"), T0, wanted)
        for n, wanted in enumerate(("+18095550191", "+18095550199", "+18095550191"))
    ]
    assert [slot and slot[1] for slot in shown] == ["+18095550191", "+18095550190", "+18095550191"]


def test_three_faults_in_a_row_open_the_breaker() -> None:
    desk = Desk(trunk())
    desk.fail(2)
    desk.give_back(desk.take())  # one good call in between: counted anew
    desk.fail(2)
    assert desk.take()
    desk.fail(1)
    assert desk.take() is None
    assert desk.carriers.free_lines(desk.now) == 0


def test_a_number_once_refused_probes_no_breaker_while_another_trunk_can_take_it() -> None:
    desk = Desk(trunk("first", position=1), trunk("second", position=2, channels=1))
    desk.fail()
    over_second = desk.take(refused_before=True)
    over_first = desk.take(refused_before=True)
    assert [slot and slot[0] for slot in (over_second, over_first)] == ["second", "first"]
    desk.give_back(over_first, fault=True)
    desk.fail()
    desk.give_back(over_second)
    desk.wait(MAX_BACK_OFF_S)
    spared, probe = desk.take(refused_before=True), desk.take()
    assert [slot and slot[0] for slot in (spared, probe)] == ["second", "first"]


def test_open_breaker_sends_calls_to_the_next_trunk() -> None:
    desk = Desk(trunk("first"), trunk("second", position=2))
    desk.fail(3)
    slot = desk.take()
    assert slot
    assert slot[0] == "second"


def opened() -> Desk:
    """A lone trunk whose breaker has opened and whose back-off is over."""
    desk = Desk(trunk())
    desk.fail(3)
    desk.wait(BACK_OFF_S * 1.2)
    return desk


def test_one_probe_and_no_more() -> None:
    desk = opened()
    assert desk.carriers.free_lines(desk.now) == 1, "a pooled mode must see the line of the probe"
    assert desk.carriers.next_token_at(desk.now) == desk.now
    assert desk.take()
    assert desk.take() is None
    assert desk.carriers.free_lines(desk.now) == 0


def test_probe_that_rings_closes_the_breaker_at_once() -> None:
    desk = opened()
    probe = desk.take()
    assert probe
    desk.carriers.worked(*probe)
    assert desk.take(), "the probe's own end need not be waited for"


def test_probe_that_ends_well_closes_the_breaker() -> None:
    desk = opened()
    desk.give_back(desk.take())
    assert desk.carriers.free_lines(desk.now) == 50


def test_probe_that_fails_doubles_the_back_off() -> None:
    desk = opened()
    lengths = []
    for _ in range(9):
        desk.give_back(desk.take(), fault=True)
        until = desk.carriers.loads[0].open_until
        assert until is not None
        lengths.append((until - desk.now).total_seconds())
        desk.now = until
    for n, length in enumerate(lengths, 1):
        wanted = min(MAX_BACK_OFF_S, BACK_OFF_S * 2**n)
        assert 0.8 * wanted <= length <= 1.2 * wanted


def test_probe_never_tried_leaves_the_breaker_as_it_is() -> None:
    desk = opened()
    desk.give_back(desk.take(), fault=None)
    assert desk.take()
    assert desk.take() is None


def test_calls_under_way_when_the_breaker_opened_say_nothing() -> None:
    desk = Desk(trunk())
    slots = [desk.take() for _ in range(10)]
    for slot in slots[:3]:
        desk.give_back(slot, fault=True)
    until = desk.carriers.loads[0].open_until
    for slot in slots[3:8]:
        desk.give_back(slot, fault=True)
    assert desk.carriers.loads[0].open_until == until, "the same storm does not lengthen the back-off"
    desk.wait(BACK_OFF_S * 1.2)
    assert desk.take()
    desk.give_back(slots[8], fault=False)
    desk.give_back(slots[9], fault=True)
    assert desk.take() is None, "still one probe on its way, neither proven nor failed"


def test_trunk_gone_meanwhile() -> None:
    desk = Desk(trunk())
    desk.carriers.release("gone", AttemptId("0" * 26), fault=True, now=T0, rng=desk.rng)
    desk.carriers.worked("gone", AttemptId("0" * 26))
    desk.carriers.adopt("gone")
    assert desk.carriers.free_lines(T0) == 50


def test_adopted_calls_take_lines() -> None:
    desk = Desk(trunk(channels=1))
    desk.carriers.adopt("first")
    assert desk.take() is None


def test_rates_of_all_trunks() -> None:
    assert Desk(trunk(cps=3), trunk("second", cps=4)).carriers.total_cps() == 7


@pytest.mark.parametrize(
    "bad",
    [
        Trunk(1, "t", 1, 0.0, 10, ("+18095550190",)),
        Trunk(1, "t", 1, 5.0, -1, ("+18095550190",)),
        Trunk(1, "t", 1, 5.0, 10, ()),
    ],
)
def test_trunk_that_could_never_dial_is_refused(bad: Trunk) -> None:
    with pytest.raises(BadInput, match="trunk t: give it caller ids"):
        Carriers.of([bad], T0)


# --- changes, and carriers that refuse us ------------------------------------------------------------------


def test_a_change_of_trunks_keeps_what_is_up_and_an_open_breaker() -> None:
    """1. One call is up on each of two; 2. the first may have two now, the second goes, a third comes."""
    desk = Desk(trunk("first", channels=1), trunk("second", position=2))
    up = desk.take()
    other = desk.take()
    desk.carriers.replace([trunk("third", position=0), trunk("first", channels=2)], desk.now)
    assert [load.trunk.name for load in desk.carriers.loads] == ["third", "first"]
    assert [load.in_use for load in desk.carriers.loads] == [0, 1]
    assert desk.carriers.total_channels() == 52
    # Back again, it still counts the call that was up.
    desk.carriers.replace([trunk("first", channels=2), trunk("second", position=2)], desk.now)
    assert [load.in_use for load in desk.carriers.loads] == [1, 1]
    desk.give_back(up)
    desk.give_back(other)
    assert [load.in_use for load in desk.carriers.loads] == [0, 0]


def test_a_trunk_that_is_gone_is_forgotten_with_its_last_call() -> None:
    desk = Desk(trunk("first"))
    up = desk.take()
    desk.carriers.replace([], desk.now)
    assert desk.take() is None
    assert not desk.carriers.in_service()
    desk.give_back(up)
    assert desk.carriers.leaving == {}


def test_a_change_that_could_never_work_changes_nothing() -> None:
    desk = Desk(trunk("first"))
    with pytest.raises(BadInput, match="second"):
        desk.carriers.replace([replace(trunk("second"), caller_ids=())], desk.now)
    assert [load.trunk.name for load in desk.carriers.loads] == ["first"]


@pytest.mark.parametrize(("status", "times"), [(401, 3), (407, 3), (402, 3), (403, 5)])
def test_a_carrier_that_refuses_our_account_is_stopped_until_a_person_puts_it_back(
    status: int, times: int
) -> None:
    desk = Desk(trunk("first"))
    told = [desk.carriers.heed("first", status) for _ in range(times)]
    assert told[:-1] == [None] * (times - 1)
    assert str(told[-1]).startswith(f"SIP {status}: ")
    assert f"{times} calls in a row" in str(told[-1])
    assert desk.carriers.faults() == {"first": told[-1]}
    desk.wait(10 * MAX_BACK_OFF_S)
    assert desk.take() is None
    assert desk.carriers.next_token_at(desk.now) is None
    assert (desk.carriers.total_channels(), desk.carriers.total_cps()) == (0, 0)
    desk.carriers.replace([trunk("first")], desk.now)
    assert desk.take()
    assert desk.carriers.heed("first", status) is None


@pytest.mark.parametrize("between", [486, 404, None])
def test_what_the_callee_says_shows_that_the_carrier_takes_us(between: int | None) -> None:
    desk = Desk(trunk("first"))
    for _ in range(20):
        assert desk.carriers.heed("first", 403) is None
        assert desk.carriers.heed("first", 403) is None
        slot = desk.take()
        assert slot
        if between is None:
            desk.carriers.worked(*slot)
        else:
            desk.carriers.heed("first", between)
        desk.give_back(slot)
        desk.wait(1)


def test_an_outage_between_says_nothing_for_us() -> None:
    desk = Desk(trunk("first"))
    assert [desk.carriers.heed("first", status) for status in (401, 503, 401, 503)] == [None] * 4
    assert desk.carriers.heed("first", 401) is not None
