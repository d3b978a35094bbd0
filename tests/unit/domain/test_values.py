"""Ids, numbers and wishes: what gets in, and what does not."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.errors import InvalidTransition, Refused
from dialer.domain.values import PhoneNumber, attempt_of, early_stream, is_ulid, mint_ulid
from dialer.domain.wishes import (
    AGENT_WISHES,
    CAMPAIGN_WISHES,
    ConnectPhone,
    ConsoleLost,
    DialNumber,
    DialPreview,
    Dispose,
    GoNotReady,
    GoReady,
    HangUp,
    LogOut,
    PauseCampaign,
    SkipPreview,
    StartCampaign,
    StopCampaign,
    TickNotice,
    Wish,
    parse_wish,
)

T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
ULID = "01KJT3D3C01HEAD8X4A1JH69RE"


# --- ids --------------------------------------------------------------------------------------------------


def test_ulid_of_the_specification_s_time() -> None:
    """The example of ulid/spec: 1469918176385 ms is written 01ARYZ6S41."""
    at = datetime.fromtimestamp(1469918176.385, UTC)
    assert mint_ulid(at, random.Random(1)).startswith("01ARYZ6S41")


def test_ulids_differ_and_sort_by_time() -> None:
    rng = random.Random(1)
    same_moment = {mint_ulid(T0, rng) for _ in range(1000)}
    assert len(same_moment) == 1000
    times = [mint_ulid(T0 + timedelta(milliseconds=n), rng) for n in range(100)]
    assert times == sorted(times)
    assert all(is_ulid(text) for text in same_moment)


def test_the_sound_before_an_answer_has_a_name_of_its_own() -> None:
    early = early_stream(ULID)
    assert is_ulid(early)
    assert early != ULID
    assert (attempt_of(early), attempt_of(ULID)) == ((ULID, True), (ULID, False))
    with pytest.raises(ValueError, match="not a ULID"):
        attempt_of("no such thing")


def test_ulids_are_replayed_by_the_seed() -> None:
    assert mint_ulid(T0, random.Random(5)) == mint_ulid(T0, random.Random(5))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ULID[:-1],
        ULID + "0",
        ULID.lower(),
        ULID[:-1] + "I",
        ULID[:-1] + "U",
        ULID[:-1] + "\n",
        ULID[:-2] + "\r\n",
        ULID[:-1] + "/",
        ULID[:-1] + "\0",
        "../" + ULID[3:],
        ULID[:-1] + "Ａ",
    ],
)
def test_not_one_of_our_ids(text: str) -> None:
    assert not is_ulid(text)


# --- numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("e164", ["+18095550100", "+59899123456", "+12345678", "+123456789012345"])
def test_phone_number(e164: str) -> None:
    assert PhoneNumber(e164).digits == e164[1:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "18095550100",
        "+1234567",
        "+1234567890123456",
        "+1809555010O",
        "+1 809 555 0100",
        "+1809555\n0100",
        "+18095550100\r\nAction: Originate",
        "+٠١٢٣٤٥٦٧٨",
        "++18095550100",
        "+1809555.100",
        "+18095550100@evil",
        "+²³⁴⁵⁶⁷⁸⁹",
    ],
)
def test_no_phone_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        PhoneNumber(text)


@given(st.text(max_size=20))
def test_only_digits_ever_reach_the_switch(text: str) -> None:
    try:
        digits = PhoneNumber(text).digits
    except ValueError:
        return
    assert set(digits) <= set("0123456789")


def test_number_is_masked_wherever_it_is_printed() -> None:
    number = PhoneNumber("+18095550142")
    assert f"{number} {number!r} {[number]}" == " ".join(["PhoneNumber(+…42)"] * 2) + " [PhoneNumber(+…42)]"


# --- wishes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data", "wish"),
    [
        ("connect_phone", {}, ConnectPhone()),
        ("go_ready", {"extra": 1}, GoReady()),
        ("go_not_ready", {"reason": "lunch"}, GoNotReady("lunch")),
        ("go_not_ready", {}, GoNotReady("break")),
        ("log_out", {}, LogOut()),
        ("console_lost", {}, ConsoleLost()),
        ("hang_up", {"attempt_id": ULID}, HangUp(ULID)),  # type: ignore[arg-type]
        ("tick_notice", {"attempt_id": ULID}, TickNotice(ULID)),  # type: ignore[arg-type]
        ("dispose", {"attempt_id": ULID, "disposition": "paid"}, Dispose(ULID, "paid", "", None)),  # type: ignore[arg-type]
        (
            "dispose",
            {"attempt_id": ULID, "disposition": "later", "note": "n", "callback_at": "2026-03-03T15:00:00Z"},
            Dispose(ULID, "later", "n", T0),  # type: ignore[arg-type]
        ),
        ("dial_preview", {"lead_id": 4}, DialPreview(4, None)),
        ("dial_preview", {"lead_id": 4, "phone_id": 9}, DialPreview(4, 9)),
        ("skip_preview", {"lead_id": 4}, SkipPreview(4, "")),
        ("dial_number", {"number": "+18095550100"}, DialNumber("+18095550100")),
    ],
)
def test_agents_wishes(kind: str, data: dict[str, object], wish: Wish) -> None:
    assert parse_wish("agent", kind, data) == wish
    with pytest.raises(Refused, match="only agents"):
        parse_wish("supervisor", kind, data)


@pytest.mark.parametrize("role", ["supervisor", "admin"])
@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        ("start_campaign", StartCampaign(3)),
        ("pause_campaign", PauseCampaign(3)),
        ("stop_campaign", StopCampaign(3)),
    ],
)
def test_supervisors_wishes(role: str, kind: str, wish: Wish) -> None:
    assert parse_wish(role, kind, {"campaign_id": 3}) == wish
    for other in ("agent", "qa", "", "root"):
        with pytest.raises(Refused) as refusal:
            parse_wish(other, kind, {"campaign_id": 3})
        assert refusal.value.code == "forbidden"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("hang_up", {}),
        ("hang_up", {"attempt_id": None}),
        ("hang_up", {"attempt_id": 7}),
        ("hang_up", {"attempt_id": ULID.lower()}),
        ("hang_up", {"attempt_id": ULID + "\r\nAction: Command"}),
        ("dispose", {"attempt_id": ULID}),
        ("dispose", {"attempt_id": ULID, "disposition": "x" * 41}),
        ("dispose", {"attempt_id": ULID, "disposition": "paid", "note": "x" * 4001}),
        ("dispose", {"attempt_id": ULID, "disposition": "paid", "note": ["list"]}),
        ("dispose", {"attempt_id": ULID, "disposition": "paid", "callback_at": "tomorrow"}),
        ("dispose", {"attempt_id": ULID, "disposition": "paid", "callback_at": "2026-03-03T15:00:00"}),
        ("dispose", {"attempt_id": ULID, "disposition": "paid", "callback_at": 1772550000}),
        ("dial_preview", {}),
        ("dial_preview", {"lead_id": "4"}),
        ("dial_preview", {"lead_id": True}),
        ("dial_preview", {"lead_id": 4.0}),
        ("dial_preview", {"lead_id": 4, "phone_id": "9"}),
        ("skip_preview", {"lead_id": 4, "reason": "x" * 201}),
        ("dial_number", {"number": "1" * 41}),
        ("dial_number", {}),
        ("go_not_ready", {"reason": None}),
        ("launch_missiles", {}),
        ("", {}),
        ("x" * 5000, {}),
    ],
)
def test_bad_wishes(kind: str, data: dict[str, object]) -> None:
    with pytest.raises(Refused) as refusal:
        parse_wish("agent", kind, data)
    assert refusal.value.code == "bad_request"
    assert len(str(refusal.value)) < 200


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("attempt_id", "disposition", "note", "callback_at", "lead_id", "phone_id", "number", "reason")


@given(
    kind=st.sampled_from([*AGENT_WISHES, *CAMPAIGN_WISHES]),
    data=st.dictionaries(st.sampled_from([*KEYS, "campaign_id"]), json | st.just(ULID)),
)
def test_any_data_is_a_wish_or_refused(kind: str, data: dict[str, object]) -> None:
    for role in ("agent", "admin"):
        with suppress(Refused):
            hash(parse_wish(role, kind, data))


def test_invalid_transition_tells_the_story() -> None:
    error = InvalidTransition("agent 7", "on_call", "previewed", ["ready --reserved", "reserved --connected"])
    assert str(error) == "agent 7 in on_call met previewed; before: ready --reserved > reserved --connected"
    assert str(InvalidTransition("agent 7", "ready", "x", [])).endswith("before: nothing")
