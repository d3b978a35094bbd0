"""Random cases for the contact law, their instants near where the answers change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from lab.law_oracle import Event, LocalDay, Question, Terms, Wanted

CHANNELS = ("voice", "visit", "sms", "email", "chat", "letter", "voicemail")
#: Days around which clocks change somewhere, holidays fall, or a rule comes into force.
DAYS = (
    *("2026-03-08", "2026-03-29", "2026-04-05", "2026-09-01", "2026-09-06", "2026-10-25", "2026-11-01"),
    *("2026-11-16", "2026-11-21", "2026-12-25", "2027-01-01", "2027-03-14", "2027-03-28", "2027-04-04"),
    *("2027-09-05", "2027-10-31", "2032-12-30"),
)
EDGES = (7, 8, 9, 10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22)
#: Where a debtor lives, other than where the campaign's rules are of: with rules of its own, with holidays, neither.
ELSEWHERE = {
    "BR": ("BR-RJ", "BR-AC", "BR-PR"),
    "US": ("US-MA", "US-TX", "US-WA"),
    "CO": ("CO-ANT",),
    "MX": ("MX-CMX",),
    "CL": ("CL-AP",),
    "ES": ("ES-CT",),
    "GB": ("GB-SCT",),
}
CREDITORS = ("Banco Uno", "Banco Dos")
CITIES = ("Villa Clara", "Monte Alto")
#: Campaigns of each place: the first has nothing laid over.
CAMPAIGNS = 8


def campaigns_of(place: str, seed: int = 1) -> tuple[Terms, ...]:
    """The campaigns that a place's cases are of, with contracts, overlays and local holidays drawn at random.

    Some overlays ask less than the law does: they must not take anything from it.
    """
    rng = random.Random(f"{place}/{seed}")
    country = place.split("-")[0]
    made = [Terms(place)]
    for _ in range(CAMPAIGNS - 1):
        laid = [(creditor, _overlay(rng)) for creditor in CREDITORS if rng.random() < 0.5]
        own = [(None, _overlay(rng))] if rng.random() < 0.6 else []
        wheres = (country, place, *ELSEWHERE.get(country, ()))
        days = [
            LocalDay(
                date.fromisoformat(rng.choice(DAYS)) + timedelta(days=rng.randint(-3, 9)),
                "-".join(rng.choice(wheres).split("-")[:2]),
                rng.choice((None, None, *CITIES)),
            )
            for _ in range(rng.choice((0, 2, 6)))
        ]
        made.append(Terms(place, (*own, *laid), tuple(dict.fromkeys(days))))
    return tuple(made)


def _overlay(rng: random.Random) -> str:
    rules = []
    if rng.random() < 0.5:
        days = {day: _row(rng) for day in ("mon", "tue", "wed", "thu", "fri")}
        days |= {day: rng.choice(("[]", _row(rng))) for day in ("sat", "sun", "holiday")}
        rules.append(f"hours: {{days: {{{', '.join(f'{d}: {s}' for d, s in days.items())}}}, conf: agreed}}")
    limits = [_limit(rng, n) for n in range(rng.choice((0, 1, 1, 2)))]
    if limits:
        rules.append(f"limits: [{', '.join(limits)}]")
    if rng.random() < 0.25:
        unit = rng.choice(("person", "person_debt", "person_creditor", "phone"))
        rules.append(
            f"cooling_off: [{{id: own-silence, after: {rng.choice(('contact', 'conversation', 'message'))},"
            f" unit: {unit}, channels: {rng.choice(('all', '[voice, visit]'))},"
            f" window: {{kind: consecutive_days, days: {rng.randint(1, 10)}}}, conf: agreed}}]"
        )
    if rng.random() < 0.2:
        rules.append(f"same_phone_pattern: {{min_gap_s: {rng.choice((60, 10800))}, conf: agreed}}")
    if rng.random() < 0.2:
        rules.append(f"after_abandoned_call: {{no_automatic_redial_h: {rng.choice((1, 96))}, conf: agreed}}")
    if rng.random() < 0.2:
        rules.append(f"after_amd_machine: {{no_automatic_redial_h: {rng.choice((1, 48))}, conf: agreed}}")
    if rng.random() < 0.15:
        rules.append(
            "channel_consent: {channels: [sms, chat], basis: authorised, when_unknown: refused, conf: agreed}"
        )
    if rng.random() < 0.2:
        roles = rng.choice(("[debtor]", "[debtor, codebtor, family]"))
        rules.append(f"contact_scope: {{roles: {roles}, workplace: forbidden, conf: agreed}}")
    rules = rules or ["min_ring_s: {value: 20, conf: agreed}"]
    return "\n".join(['format: cadencia-overlay/1\ntitle: "Clause"', *rules])


def _row(rng: random.Random) -> str:
    starts = f"{rng.randint(6, 12):02}:{rng.choice(('00', '30'))}"
    return f'["{starts}-{rng.randint(13, 23):02}:00"]'


def _seldom(rng: random.Random) -> bool:
    return rng.random() < 0.01


def _limit(rng: random.Random, n: int) -> str:
    kind = rng.choice(
        ("calendar_day", "calendar_week", "consecutive_days", "rolling_days", "successive_blocks")
    )
    window = (
        f"{{kind: {kind}}}" if kind.startswith("calendar") else f"{{kind: {kind}, days: {rng.randint(1, 9)}}}"
    )
    figure = rng.choice(
        (f"max: {rng.randint(0, 4)}", f"max: {rng.randint(1, 3)}", "max_distinct_channels: 1")
    )
    extra = rng.choice(("", "", "min_gap_days: 1, ", "messages_count: true, ", "to: [home, cell], "))
    unit = rng.choice(("person", "phone", "person_debt", "person_account", "person_creditor"))
    counts = rng.choice(("attempt", "answered_human", "contact", "conversation", "message"))
    channels = rng.choice(("all", "all", "[voice]", "[voice, visit]", "[sms, email, chat]"))
    return (
        f"{{id: own-{n}, counts: {counts}, unit: {unit}, channels: {channels}, {figure}, {extra}"
        f"window: {window}, conf: agreed}}"
    )


def random_question(
    rng: random.Random, campaigns: Sequence[Terms], zones: dict[str, tuple[str, ...]]
) -> Question:
    """A case of one of the campaigns; `zones` are those of each place."""
    terms = rng.choice(campaigns)
    country = terms.place.split("-")[0]
    zone = None if rng.random() < 0.15 else rng.choice(zones[terms.place])
    there = ZoneInfo(zone or zones[terms.place][0])
    special = [d.day for d in terms.days if rng.random() < 0.2]
    day = special[0] if special else date.fromisoformat(rng.choice(DAYS)) + timedelta(days=rng.randint(-3, 9))
    if rng.random() < 0.5:
        local = datetime(day.year, day.month, day.day, rng.choice(EDGES))
        local += timedelta(seconds=rng.choice((-61, -60, -59, -30, -1, 0, 1, 30, 3600)))
    else:
        local = datetime(
            day.year,
            day.month,
            day.day,
            round(rng.triangular(0, 23, 13)),
            rng.randint(0, 59),
            rng.randint(0, 59),
        )
    at = local.replace(tzinfo=there).astimezone(UTC)
    history = [_random_event(rng, at) for _ in range(rng.choice((0, 0, 1, 1, 2, 3, 5, 8, 12)))]
    return Question(
        terms=terms,
        at=at,
        channel=rng.choice(("voice",) * 6 + CHANNELS),
        zone=zone,
        phone=rng.choice((None, "p1", "p2")),
        debts=rng.choice(((), ("d1",), ("d2",), ("d1", "d2"))),
        account=rng.choice((None, "a1", "a2")),
        creditor=rng.choice((None, *CREDITORS)),
        to=rng.choice((*(None, "home", "cell") * 5, "workplace", "other")),
        subdivision=rng.choice((None, None, terms.place, "AR-C", *ELSEWHERE.get(country, ()))),
        city=rng.choice((None, "VILLA CLARA", *CITIES)),
        role=rng.choice((*("debtor",) * 40, "codebtor", "guarantor", "spouse", "family")),
        do_not_call=_seldom(rng),
        cease_request=_seldom(rng),
        attorney=_seldom(rng),
        employer_forbids=_seldom(rng),
        in_flight=int(_seldom(rng)),
        answers_request=rng.random() < 0.1,
        consent_at=at - timedelta(days=rng.uniform(0, 10)) if rng.random() < 0.1 else None,
        agent_reserved=rng.random() < 0.5,
        wishes=tuple(_wish(rng, at) for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3)))),
        history=history,
    )


def _wish(rng: random.Random, at: datetime) -> Wanted:
    starts, ends = rng.choice(
        ((None, None), (None, None), ("09:00", "12:00"), ("12:00", "18:30"), ("18:00", None), (None, "11:00"))
    )
    return Wanted(
        kind=rng.choice(("only", "never", "prefer", "allow", "allow")),
        channel=rng.choice((None, None, "voice", "sms", "email")),
        weekdays=rng.choice(((), (), (1, 2, 3, 4, 5), (6, 7), (3,))),
        starts=starts,
        ends=ends,
        since=at - timedelta(days=rng.choice((-1, 0, 1, 100))),
        until=rng.choice((None, None, at, at + timedelta(days=2))),
        by_debtor=rng.random() < 0.8,
    )


def random_outcome(rng: random.Random) -> set[str]:
    """What a call that reached the carrier came to count as."""
    return set(
        rng.choice(
            (
                ("attempt",),
                ("attempt",),
                ("attempt", "answered_human"),
                ("attempt", "answered_human", "contact"),
                ("attempt", "answered_human", "contact", "conversation"),
            )
        )
    )


def _random_event(rng: random.Random, at: datetime) -> Event:
    back = rng.choice((3600.0, 7200.0, 86400.0, 86400.0 * 7, 86400.0 * 7, 86400.0 * 32))
    then = at - timedelta(seconds=round(rng.uniform(-0.02, 1) * back))
    if rng.random() < 0.1:
        then = at - timedelta(seconds=rng.choice((0, 900, 7200, 86400, 259200)))
    channel = rng.choice(("voice",) * 5 + CHANNELS)
    if channel == "voice":
        counts = random_outcome(rng) if rng.random() < 0.85 else {"contact", "conversation"}
    else:
        counts = set(rng.choice((("message",), ("message",), ("message", "contact"), ("contact",))))
    lost = channel == "voice" and rng.random() < 0.1
    return Event(
        at=then,
        channel=channel,
        counts=counts,
        phone=rng.choice((None, "p1", "p1", "p2")),
        debts=rng.choice(((), ("d1",), ("d2",), ("d1", "d2"))),
        account=rng.choice((None, "a1", "a1", "a2")),
        creditor=rng.choice((None, *CREDITORS)),
        to=rng.choice((None, "home", "cell", "workplace")),
        abandoned=lost,
        machine=not lost and channel == "voice" and rng.random() < 0.05,
        consent_at=then - timedelta(days=rng.uniform(0, 9)) if rng.random() < 0.1 else None,
    )
