"""The debtor's wishes: narrower always, wider only where the law lets him and he asked himself."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.compliance.debtor_wishes import wishes_of
from dialer.domain.contact import Channel, Preference
from dialer.domain.debtor import Wish

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def wish(
    kind: Wish,
    *,
    channel: Channel | None = None,
    days: tuple[int, ...] = (),
    hours: tuple[int, int] | None = None,
    until: datetime | None = None,
    by_debtor: bool = True,
) -> Preference:
    start, end = (time(hours[0]), time(hours[1])) if hours else (None, None)
    return Preference(kind, channel, days, start, end, SINCE, until, by_debtor)


def told(place: str, text: str, *wishes: Preference, refused: bool = False) -> tuple[str, str] | None:
    """The rule and when it clears, in Bogotá's time (Mexico City's for MX)."""
    zone = {"CO": "America/Bogota", "MX": "America/Mexico_City"}[place]
    at = datetime.fromisoformat(text)
    debtor = Debtor(zone=zone, wishes=wishes_of(wishes, at=at, channel=Channel.VOICE, refused=refused))
    verdict = judge(load_rule_set(place), debtor, at=at)
    if not isinstance(verdict, Deny):
        return None
    return verdict.rule, f"{verdict.until.astimezone(at.tzinfo):%m-%d %H:%M}" if verdict.until else "never"


MORNING = wish(Wish.ONLY, days=(1, 2, 3), hours=(9, 11))
NO_LUNCH = wish(Wish.NEVER, hours=(12, 14))
EVENING = wish(Wish.ALLOW, days=(3,), hours=(19, 21))


@pytest.mark.parametrize(
    ("place", "at", "wishes", "expected"),
    [
        ("CO", "2026-11-18T10:00:00-05:00", [MORNING], None),
        ("CO", "2026-11-18T11:30:00-05:00", [MORNING], ("debtor_wish", "11-23 09:00")),  # Monday again
        ("CO", "2026-11-19T10:00:00-05:00", [MORNING], ("debtor_wish", "11-23 09:00")),
        ("CO", "2026-11-18T12:30:00-05:00", [NO_LUNCH], ("debtor_wish", "11-18 14:00")),
        (
            "CO",
            "2026-11-18T11:59:30-05:00",
            [NO_LUNCH],
            ("debtor_wish", "11-18 14:00"),
        ),  # it would ring into it
        ("CO", "2026-11-18T14:00:00-05:00", [NO_LUNCH], None),
        ("CO", "2026-11-18T20:00:00-05:00", [EVENING], None),
        ("CO", "2026-11-19T20:00:00-05:00", [EVENING], ("hours", "11-20 07:00")),
        ("CO", "2026-11-18T20:00:00-05:00", [], ("hours", "11-19 07:00")),
        ("CO", "2026-11-18T10:00:00-05:00", [wish(Wish.NEVER)], ("debtor_wish", "never")),
        (
            "CO",
            "2026-11-18T10:00:00-05:00",
            [wish(Wish.NEVER, channel=Channel.VOICE)],
            ("channel_consent", "never"),
        ),
        ("CO", "2026-11-18T10:00:00-05:00", [wish(Wish.NEVER, channel=Channel.SMS)], None),
        (
            "CO",
            "2026-11-18T10:00:00-05:00",
            [wish(Wish.ONLY, channel=Channel.EMAIL)],
            ("channel_consent", "never"),
        ),
        ("CO", "2026-11-18T10:00:00-05:00", [wish(Wish.ONLY, channel=Channel.SMS, hours=(17, 18))], None),
        (
            "CO",
            "2026-11-18T12:30:00-05:00",
            [wish(Wish.NEVER, hours=(12, 14), until=SINCE.replace(month=6))],
            None,
        ),
        # To allow a channel is no word on hours.
        (
            "CO",
            "2026-11-18T20:00:00-05:00",
            [wish(Wish.ALLOW, channel=Channel.SMS)],
            ("hours", "11-19 07:00"),
        ),
        ("CO", "2026-11-18T20:00:00-05:00", [wish(Wish.ALLOW)], ("hours", "11-19 07:00")),
        # Two wishes that touch are one: the ring may last from one into the next.
        (
            "CO",
            "2026-11-18T10:59:30-05:00",
            [wish(Wish.ONLY, hours=(9, 11)), wish(Wish.ONLY, hours=(11, 12))],
            None,
        ),
        ("MX", "2026-11-18T22:30:00-06:00", [wish(Wish.ALLOW, hours=(22, 23))], ("hours", "11-19 07:00")),
    ],
)
def test_wishes(place: str, at: str, wishes: list[Preference], expected: tuple[str, str] | None) -> None:
    assert told(place, at, *wishes) == expected


def test_wider_hours_that_came_with_the_contract_are_none() -> None:
    given = wish(Wish.ALLOW, days=(3,), hours=(19, 21), by_debtor=False)
    assert told("CO", "2026-11-18T20:00:00-05:00", given) == ("hours", "11-19 07:00")


def test_consent_taken_back() -> None:
    assert told("CO", "2026-11-18T10:00:00-05:00", refused=True) == ("channel_consent", "never")


def test_to_refuse_one_channel_authorises_no_other() -> None:
    """New York City asks for consent in writing to texts: that he wants no mail is none; nor would it be authorised."""
    at = datetime.fromisoformat("2026-11-18T10:00:00-05:00")
    no_mail = wishes_of((wish(Wish.NEVER, channel=Channel.EMAIL),), at=at, channel=Channel.SMS)
    assert no_mail.channels is None
    assert no_mail.refused_channels == {Channel.EMAIL}
