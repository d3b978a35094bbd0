"""Dated cases, jurisdiction by jurisdiction: the edge to the second, what history forbids, and when it clears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.compliance.provisions import Role
from dialer.domain.contact import Channel, Contact, Count, Place
from dialer.domain.values import Verdict

HOME = {
    "CO": "America/Bogota",
    "MX": "America/Mexico_City",
    "PE": "America/Lima",
    "CL": "America/Santiago",
    "AR": "America/Argentina/Buenos_Aires",
    "BR": "America/Sao_Paulo",
    "BR-SP": "America/Sao_Paulo",
    "BR-RJ": "America/Sao_Paulo",
    "BR-ES": "America/Sao_Paulo",
    "BR-AM": "America/Manaus",
    "BR-AL": "America/Maceio",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "GB": "Europe/London",
    "US": "America/New_York",
    "US-MA": "America/New_York",
    "US-WA": "America/Los_Angeles",
    "US-NY-NYC": "America/New_York",
    "US-DC": "America/New_York",
}

A, H, C, T, M = Count.ATTEMPT, Count.ANSWERED_HUMAN, Count.CONTACT, Count.CONVERSATION, Count.MESSAGE
UNANSWERED = (A,)
TALK = (A, H, C, T)


def there(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def event(
    text: str,
    counts: tuple[Count, ...],
    place: str = "CO",
    channel: Channel = Channel.VOICE,
    *,
    phone: str | None = "p1",
    debt: str | tuple[str, ...] = (),
    account: str | None = None,
    to: Place | None = None,
) -> Contact:
    debts = (debt,) if isinstance(debt, str) else debt
    return Contact(
        there(text, HOME[place]),
        channel,
        frozenset(counts),
        phone=phone,
        debts=debts,
        account=account,
        place=to,
    )


def ask(
    place: str,
    text: str,
    history: tuple[Contact, ...] = (),
    debtor: Debtor | None = None,
    channel: Channel = Channel.VOICE,
    **more: bool,
) -> Deny | None:
    zone = HOME[place]
    verdict = judge(
        load_rule_set(place),
        debtor or Debtor(zone=zone, number="p1"),
        at=there(text, zone),
        channel=channel,
        history=history,
        **more,
    )
    return None if isinstance(verdict, Verdict) else verdict


def told(denial: Deny | None, place: str) -> tuple[str, str | None] | None:
    """Rule and clearing, the latter by the debtor's clock."""
    if denial is None:
        return None
    until = denial.until
    return denial.rule, f"{until.astimezone(ZoneInfo(HOME[place])):%Y-%m-%d %H:%M:%S}" if until else None


# --- hours ------------------------------------------------------------------------------------------------

#: Place, a local date, its first legal second and the first illegal one; None = the whole day.
EDGES = [
    ("CO", "2026-11-20", "07:00", "19:00"),
    ("CO", "2026-11-21", "08:00", "15:00"),
    ("CO", "2026-11-22", None, None),  # Sunday
    ("CO", "2026-11-16", None, None),  # Independence of Cartagena, a Monday
    ("CO", "2026-12-08", None, None),
    ("MX", "2026-11-20", "07:00", "22:00"),
    ("MX", "2026-11-21", None, None),
    ("MX", "2026-11-16", None, None),  # Revolution, kept on the Monday
    ("PE", "2026-11-20", "07:00", "20:00"),
    ("PE", "2026-11-21", None, None),
    ("PE", "2026-07-28", None, None),
    ("CL", "2026-11-20", "08:00", "20:00"),
    ("CL", "2026-11-21", "08:00", "20:00"),
    ("CL", "2026-11-22", None, None),
    ("CL", "2026-09-18", None, None),
    ("AR", "2026-11-20", "09:00", "20:00"),
    ("AR", "2026-11-21", None, None),
    ("BR", "2026-11-19", "08:00", "20:00"),
    ("BR", "2026-11-21", "08:00", "14:00"),
    ("BR", "2026-11-20", None, None),  # Consciência Negra
    ("BR-SP", "2026-11-21", "08:00", "14:00"),
    ("BR-SP", "2026-07-09", None, None),  # a holiday of the state alone
    ("BR", "2026-07-09", "08:00", "20:00"),
    ("BR-RJ", "2026-11-19", "09:00", "19:00"),
    ("BR-RJ", "2026-11-21", None, None),
    ("BR-ES", "2026-11-19", "08:00", "19:00"),
    ("BR-AM", "2026-11-19", "08:00", "19:00"),
    ("BR-AL", "2026-11-21", "08:00", "14:00"),
    ("EC", "2026-11-20", "07:00", "20:00"),
    ("EC", "2026-11-21", None, None),
    ("ES", "2026-11-20", "09:00", "21:00"),
    ("ES", "2026-12-08", None, None),
    ("GB", "2026-11-20", "08:00", "21:00"),
    ("GB", "2026-11-21", "09:00", "17:00"),
    ("GB", "2026-08-31", None, None),
    ("US", "2026-11-20", "08:00", "21:00"),
    ("US", "2026-11-22", "08:00", "21:00"),
    ("US", "2026-11-26", "08:00", "21:00"),  # Thanksgiving: the presumption knows no holiday
    ("US-WA", "2026-11-22", "08:00", "21:00"),
]


@pytest.mark.parametrize(("place", "day", "opens", "ends"), EDGES)
def test_hours_to_the_second(place: str, day: str, opens: str | None, ends: str | None) -> None:
    second, margin = timedelta(seconds=1), timedelta(seconds=60)
    if opens is None or ends is None:
        for hour in range(24):
            denial = ask(place, f"{day} {hour:02}:30")
            assert denial is not None
            assert denial.rule == "hours"
        return
    first, end = there(f"{day} {opens}", HOME[place]), there(f"{day} {ends}", HOME[place])
    rules, debtor = load_rule_set(place), Debtor(zone=HOME[place])

    def allowed(at: datetime, channel: Channel = Channel.VOICE) -> bool:
        return isinstance(judge(rules, debtor, at=at, channel=channel), Verdict)

    assert [allowed(first + n * second) for n in (-1, 0, 1)] == [False, True, True]
    # The ring must be over when the hours are: the last call goes out a minute before.
    assert [allowed(end - margin + n * second) for n in (-1, 0, 1)] == [True, True, False]
    # A visit does not ring.
    assert [allowed(end + n * second, Channel.VISIT) for n in (-1, 0)] == [True, False]


@pytest.mark.parametrize(
    ("place", "at", "clears"),
    [
        ("CO", "2026-11-21 14:59:30", "2026-11-23 07:00:00"),
        ("CO", "2026-11-14 16:00:00", "2026-11-17 07:00:00"),  # over Sunday and a Monday holiday
        ("CO", "2026-11-20 06:59:59", "2026-11-20 07:00:00"),
        ("MX", "2026-11-20 22:00:00", "2026-11-23 07:00:00"),
        ("CL", "2026-09-17 20:00:00", "2026-09-21 08:00:00"),  # Thursday; Friday and Saturday are holidays
        ("ES", "2026-12-24 20:59:30", "2026-12-28 09:00:00"),
        ("BR-RJ", "2026-11-19 18:59:30", "2026-11-23 09:00:00"),
        ("US", "2026-11-26 21:00:00", "2026-11-27 08:00:00"),
    ],
)
def test_when_the_hours_open_again(place: str, at: str, clears: str) -> None:
    assert told(ask(place, at), place) == ("hours", clears)


def test_the_saturday_afternoon_in_bogota() -> None:
    assert ask("CO", "2026-11-21 14:59:00") is None
    denial = ask("CO", "2026-11-21 14:59:30")
    assert denial is not None
    assert (denial.norm, denial.src) == ("Ley 2300 de 2023 art. 3", ("S02", "S03", "S04"))


def test_year_without_a_table_has_no_lawful_day() -> None:
    assert told(ask("CO", "2033-06-15 10:00"), "CO") == ("holiday_table", None)
    assert told(ask("CO", "2032-12-31 19:00"), "CO") == ("hours", None), "and nobody knows when it clears"


# --- frequency --------------------------------------------------------------------------------------------

SMS, VISIT, LETTER, EMAIL, VOICEMAIL = (
    Channel.SMS,
    Channel.VISIT,
    Channel.LETTER,
    Channel.EMAIL,
    Channel.VOICEMAIL,
)


@pytest.mark.parametrize(
    ("at", "history", "expected"),
    [
        ("2026-11-18 15:00", [("2026-11-18 09:00", TALK)], ("CO-day", "2026-11-19 07:00:00")),
        ("2026-11-19 07:00", [("2026-11-18 18:50", TALK)], None),  # the same channel next day
        (
            "2026-11-19 10:00",
            [("2026-11-18 09:00", (C,), SMS)],
            ("CO-week-one-channel", "2026-11-23 07:00:00"),
        ),
        ("2026-11-23 10:00", [("2026-11-21 09:00", (C,), SMS)], None),  # a new week
        ("2026-11-18 15:00", [("2026-11-18 09:00", (M,), SMS)], None),  # sent, not answered
        ("2026-11-18 15:00", [("2026-11-18 09:00", UNANSWERED)], None),
        ("2026-11-20 15:00", [("2026-11-20 09:00", TALK)], ("CO-day", "2026-11-21 08:00:00")),
        ("2026-11-21 10:00", [("2026-11-21 08:30", TALK)], ("CO-day", "2026-11-23 07:00:00")),
        (
            "2026-11-18 18:00",
            [(f"2026-11-18 {hour}:00", UNANSWERED) for hour in ("08", "11", "14")],
            ("max_attempts_day", "2026-11-19 07:00:00"),
        ),
    ],
)
def test_colombia(
    at: str, history: list[tuple[object, ...]], expected: tuple[str, str | None] | None
) -> None:
    events = tuple(event(str(e[0]), e[1], "CO", *e[2:]) for e in history)  # type: ignore[arg-type]
    assert told(ask("CO", at, events), "CO") == expected


def test_answer_to_a_request_is_outside_the_limits() -> None:
    talked = (event("2026-11-18 09:00", TALK),)
    asked = Debtor(zone=HOME["CO"], number="p1", answers_request=True)
    assert ask("CO", "2026-11-18 15:00", talked, asked) is None
    assert ask("CO", "2026-11-18 20:00", talked, asked) is not None, "the hours hold"


def test_chile_calls_and_visits_together_letters_apart() -> None:
    visited = (event("2026-11-17 10:00", (C,), "CL", VISIT),)
    assert told(ask("CL", "2026-11-20 10:00", visited), "CL") == ("CL-voice", "2026-11-23 08:00:00")
    assert ask("CL", "2026-11-20 10:00", visited, channel=SMS) is None
    written = (event("2026-11-16 10:00", (M,), "CL", SMS), event("2026-11-18 10:00", (M,), "CL", EMAIL))
    assert ask("CL", "2026-11-20 10:00", written) is None
    denial = ask("CL", "2026-11-20 10:00", written, channel=LETTER)
    assert told(denial, "CL") == ("CL-written", "2026-11-23 08:00:00")
    denial = ask("CL", "2026-11-17 11:00", written[:1], channel=SMS)
    assert told(denial, "CL") == ("CL-written", "2026-11-18 10:00:00"), "two days apart"


def test_ecuador_one_action_a_day() -> None:
    assert told(ask("EC", "2026-11-18 15:00", (event("2026-11-18 09:00", UNANSWERED, "EC"),)), "EC") == (
        "EC-day",
        "2026-11-19 07:00:00",
    )
    assert ask("EC", "2026-11-19 09:00", (event("2026-11-18 09:00", TALK, "EC"),)) is None
    sent = (event("2026-11-20 09:00", (M,), "EC", SMS),)
    assert told(ask("EC", "2026-11-20 15:00", sent), "EC") == ("EC-day", "2026-11-23 07:00:00")


def test_seven_attempts_in_seven_days() -> None:
    """12 CFR 1006.14(b)(2)(i)(A): the eighth waits until the first is seven days back, its own day counted in."""
    days = tuple(event(f"2026-11-{day} 10:00", UNANSWERED, "US", debt="d1") for day in range(10, 17))
    about = Debtor(zone=HOME["US"], number="p1", debts=("d1",))
    assert ask("US", "2026-11-16 14:00", days[:6], about) is None
    assert told(ask("US", "2026-11-16 14:00", days, about), "US") == ("US-7in7", "2026-11-17 08:00:00")
    assert ask("US", "2026-11-17 10:00", days, about) is None
    other = Debtor(zone=HOME["US"], number="p1", debts=("d2",))
    assert ask("US", "2026-11-16 14:00", days, other) is None, "per debt"
    unknown = Debtor(zone=HOME["US"], number="p1")
    assert ask("US", "2026-11-16 14:00", days, unknown) is not None, "it may be about that debt"


def test_silence_after_a_conversation() -> None:
    """(B): the day of the conversation is day 1 of 7; several debts in one talk block each; who called is the same."""
    talked = (event("2026-11-10 18:00", (C, T), "US", debt=("d1", "d2")),)
    for debt in ("d1", "d2"):
        about = Debtor(zone=HOME["US"], number="p1", debts=(debt,))
        denial = ask("US", "2026-11-16 20:00", talked, about)
        assert told(denial, "US") == ("US-after-talk", "2026-11-17 08:00:00")
    assert ask("US", "2026-11-11 10:00", talked, Debtor(zone=HOME["US"], debts=("d3",))) is None


def test_calls_under_consent_do_not_count() -> None:
    consent = there("2026-11-09 12:00", HOME["US"])
    asked_for = tuple(
        Contact(e.at, e.channel, e.counts, debts=("d1",), consent_at=consent)
        for e in (event(f"2026-11-{day} 10:00", UNANSWERED, "US") for day in range(10, 16))
    )
    outside = (event("2026-11-15 13:00", UNANSWERED, "US", debt="d1"),) * 2
    about = Debtor(zone=HOME["US"], number="p1", debts=("d1",))
    assert ask("US", "2026-11-15 18:00", asked_for + outside, about) is None
    # Day 8 after the consent is a call like any other.
    late = (
        Contact(there("2026-11-16 10:00", HOME["US"]), Channel.VOICE, frozenset({A}), consent_at=consent),
    )
    seven = tuple(event(f"2026-11-{day} 10:00", UNANSWERED, "US", debt="d1") for day in range(11, 17))
    assert ask("US", "2026-11-16 18:00", seven, about) is None
    assert ask("US", "2026-11-16 18:00", seven + late, about) is not None
    again = Debtor(zone=HOME["US"], debts=("d1",), consent_at=there("2026-11-16 09:00", HOME["US"]))
    assert ask("US", "2026-11-16 18:00", seven + late, again) is None


def test_massachusetts() -> None:
    about = Debtor(zone=HOME["US-MA"], number="p1", debts=("d1",))
    left = (
        event("2026-11-16 10:00", (M,), "US-MA", VOICEMAIL, debt="d1"),
        event("2026-11-17 10:00", (M,), "US-MA", SMS, debt="d1"),
    )
    assert told(ask("US-MA", "2026-11-18 10:00", left, about), "US-MA") == ("MA-2in7", "2026-11-23 08:00:00")
    tried = tuple(event(f"2026-11-1{n} 10:00", UNANSWERED, "US-MA", debt="d1") for n in range(3, 7))
    assert ask("US-MA", "2026-11-18 10:00", tried, about) is None, (
        "an attempt that reaches nobody is no contact"
    )
    work = Debtor(zone=HOME["US-MA"], number="p1", debts=("d1",), place=Place.WORKPLACE)
    long_ago = tuple(
        event(f"2026-11-0{n} 10:00", (A, H, C), "US-MA", debt="d1", to=Place.WORKPLACE) for n in (2, 3)
    )
    assert told(ask("US-MA", "2026-11-18 10:00", long_ago, work), "US-MA") == (
        "MA-2in30",
        "2026-12-02 08:00:00",
    )


def test_washington() -> None:
    week = tuple(event(f"2026-11-{day} 10:00", (C,), "US-WA", LETTER) for day in (16, 17))
    talked = event("2026-11-18 10:00", (A, H, C), "US-WA")
    assert ask("US-WA", "2026-11-19 10:00", week) is None
    assert told(ask("US-WA", "2026-11-19 10:00", (*week, talked)), "US-WA") == (
        "WA-3week",
        "2026-11-23 08:00:00",
    )
    at_work = Debtor(zone=HOME["US-WA"], number="p1", place=Place.WORKPLACE)
    once = (event("2026-11-16 10:00", (A, H, C), "US-WA", to=Place.WORKPLACE),)
    assert told(ask("US-WA", "2026-11-19 10:00", once, at_work), "US-WA") == (
        "WA-1week-work",
        "2026-11-23 08:00:00",
    )


def test_new_york_city_counts_per_account_since_september() -> None:
    three = tuple(event(f"2026-09-0{day} 10:00", UNANSWERED, "US-NY-NYC", account="a1") for day in (1, 2, 3))
    about = Debtor(zone=HOME["US-NY-NYC"], number="p1", account="a1")
    assert told(ask("US-NY-NYC", "2026-09-04 10:00", three, about), "US-NY-NYC") == (
        "NYC-3in7",
        "2026-09-08 08:00:00",
    )
    other = Debtor(zone=HOME["US-NY-NYC"], number="p1", account="a2")
    assert ask("US-NY-NYC", "2026-09-04 10:00", three, other) is None
    before = tuple(
        event(f"2026-08-{day} 10:00", UNANSWERED, "US-NY-NYC", account="a1") for day in (27, 28, 29)
    )
    assert ask("US-NY-NYC", "2026-08-31 10:00", before, about) is None
    assert told(ask("US-NY-NYC", "2026-09-01 10:00", before, about), "US-NY-NYC") == (
        "NYC-3in7",
        "2026-09-03 08:00:00",
    ), "what was done before counts once the rule holds"
    denial = ask("US-NY-NYC", "2026-09-04 10:00", (), about, EMAIL)
    assert told(denial, "US-NY-NYC") == ("channel_consent", None)


def test_district_of_columbia() -> None:
    three = tuple(event(f"2026-11-{day} 10:00", UNANSWERED, "US-DC", debt="d1") for day in (16, 17, 18))
    assert told(ask("US-DC", "2026-11-19 10:00", three), "US-DC") == ("DC-3in7", "2026-11-23 08:00:00")


@pytest.mark.parametrize("place", ["MX", "PE", "AR", "BR", "ES", "GB"])
def test_where_no_figure_was_found_the_policy_holds(place: str) -> None:
    tuesday = tuple(event(f"2026-11-24 {hour}:00", UNANSWERED, place) for hour in ("09", "12", "15"))
    denial = ask(place, "2026-11-24 18:00", tuesday)
    assert denial is not None
    assert denial.rule == "max_attempts_day"
    talked = (event("2026-11-18 12:00", TALK, place),)
    denial = ask(place, "2026-11-24 12:00", talked)
    assert denial is not None
    assert denial.rule == "after_contact_block"
    assert ask(place, "2026-11-25 12:00", talked) is None


def test_gaps_between_attempts() -> None:
    tried = (event("2026-11-18 10:00", UNANSWERED),)
    gap = "min_gap_between_attempts_s"
    assert told(ask("CO", "2026-11-18 11:59:59", tried), "CO") == (gap, "2026-11-18 12:00:00")
    assert ask("CO", "2026-11-18 12:00", tried) is None
    other = Debtor(zone=HOME["CO"], number="p2")
    assert told(ask("CO", "2026-11-18 10:10", tried, other), "CO") == (gap, "2026-11-18 10:15:00")
    assert ask("CO", "2026-11-18 10:15", tried, other) is None
    late = (event("2026-11-18 17:30", UNANSWERED),)
    assert told(ask("CO", "2026-11-18 18:00", late), "CO") == (gap, "2026-11-19 07:00:00"), "after the hours"


def test_no_redial_after_an_abandoned_call_without_an_agent() -> None:
    at = there("2026-11-17 10:00", HOME["GB"])
    lost = (Contact(at, Channel.VOICE, frozenset({A, H}), phone="p1", abandoned=True),)
    assert told(ask("GB", "2026-11-20 09:59", lost), "GB") == ("after_abandoned_call", "2026-11-20 10:00:00")
    assert ask("GB", "2026-11-20 10:00", lost) is None
    assert ask("GB", "2026-11-18 10:00", lost, agent_reserved=True) is None
    machine = (Contact(at, Channel.VOICE, frozenset({A}), phone="p1", machine=True),)
    assert told(ask("GB", "2026-11-18 09:59", machine), "GB") == ("after_amd_machine", "2026-11-18 10:00:00")


# --- whom -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "debtor", "rule"),
    [
        ("CO", Debtor(do_not_call=True), "do_not_call"),
        ("CO", Debtor(role=Role.REFERENCE), "contact_scope"),
        ("CO", Debtor(role=Role.GUARANTOR), None),
        ("CO", Debtor(place=Place.WORKPLACE), "contact_scope"),
        ("CO", Debtor(in_flight=1), "max_in_flight_per_person"),
        ("US", Debtor(zone="America/New_York", place=Place.WORKPLACE), None),
        (
            "US",
            Debtor(zone="America/New_York", place=Place.WORKPLACE, employer_forbids=True),
            "contact_scope",
        ),
        ("US", Debtor(zone="America/New_York", cease_request=True), "contact_scope"),
        ("US", Debtor(zone="America/New_York", attorney=True), "contact_scope"),
        ("MX", Debtor(zone="America/Mexico_City", role=Role.FAMILY), "contact_scope"),
    ],
)
def test_whom(place: str, debtor: Debtor, rule: str | None) -> None:
    denial = ask(place, "2026-11-18 14:00", (), debtor)
    assert (denial.rule if denial else None) == rule
    assert denial is None or denial.until is None


# --- zones ------------------------------------------------------------------------------------------------


def test_unknown_zone_is_every_zone() -> None:
    rules = load_rule_set("MX")
    at = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)  # 08:30 in the capital, 06:30 in Tijuana
    denial = judge(rules, Debtor(), at=at)
    assert isinstance(denial, Deny)
    assert denial.until == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert isinstance(judge(rules, Debtor(zone="America/Mexico_City"), at=at), Verdict)


def test_number_and_address_that_disagree() -> None:
    """Address in the capital, a Tijuana number: only what is legal in both."""
    at = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    debtor = Debtor(zone="America/Mexico_City", number="+526641234567")
    denial = judge(load_rule_set("MX"), debtor, at=at)
    assert isinstance(denial, Deny)
    assert denial.until == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def test_week_over_the_change_of_clocks_stays_seven_local_days() -> None:
    """Santiago goes back an hour in the night to 2027-04-04, the last day of that week."""
    talked = (event("2027-03-29 09:00", (A, H, C), "CL"),)
    assert told(ask("CL", "2027-04-03 19:00", talked), "CL") == ("CL-voice", "2027-04-05 08:00:00")
