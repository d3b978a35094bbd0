"""How often: at most so many events, or channels, per person, number, debt, account or creditor and window.

Cooling-off is the same rule with one event allowed. An event whose debt (account, number) is not known counts for
every debt; a contact whose own debt is not known must be lawful for each debt there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.case import Case, Debtor, Deny
from dialer.compliance.provisions import ConsentExclusion, Limit, Unit, WindowKind
from dialer.compliance.rule_set import Cap
from dialer.compliance.windows import leaves, oldest_day
from dialer.domain.contact import WRITTEN_CHANNELS, Channel, Contact, Count, Place

#: Workplaces are asked for by name: without a word a number is the person's own.
OWN_PLACE = Place.HOME


def frequency(case: Case, at: datetime) -> Deny | None:
    """The first limit that is reached, or None."""
    for cap in case.rules.caps:
        limit = cap.limit
        if not _applies(cap, case, at):
            continue
        for zone in case.zones:
            if limit.effective and at.astimezone(zone).date() < limit.effective:
                continue
            if blocked := _until(cap, case, at, zone):
                return Deny.by(limit.id, limit, None if blocked == _NEVER else blocked)
    return None


_NEVER = datetime.max.replace(tzinfo=UTC)


def _applies(cap: Cap, case: Case, at: datetime) -> bool:
    limit, debtor = cap.limit, case.debtor
    if limit.channels != "all" and case.channel not in limit.channels:
        return False
    if cap.reply_exempt and debtor.answers_request:
        return False
    if limit.counts is Count.ATTEMPT and case.channel in WRITTEN_CHANNELS and not limit.messages_count:
        return False  # nothing is dialled
    if limit.to and (debtor.place or OWN_PLACE) not in limit.to:
        return False
    return not (
        cap.consent
        and debtor.consent_at
        and all(_consented(cap.consent, debtor.consent_at, at, zone) for zone in case.zones)
    )


def _consented(exclusion: ConsentExclusion, consent_at: datetime, at: datetime, zone: ZoneInfo) -> bool:
    """Within the days of a direct prior consent, the day it was given being the first."""
    passed = at.astimezone(zone).toordinal() - consent_at.astimezone(zone).toordinal()
    return consent_at <= at and passed < exclusion.max_days


def _until(cap: Cap, case: Case, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the limit no longer forbids a contact of `at`, `_NEVER` when time does not help; None when it is lawful."""
    limit = cap.limit
    if limit.max == 0:
        return _NEVER
    events = _counted(cap, case, at, zone)
    if not events or (limit.max and len(events) < limit.max and not limit.min_gap_days):
        return None
    found: list[datetime] = []
    for group in _groups(limit.unit, case.debtor, case.history, events):
        inside = _inside(limit, case, group, at, zone)
        if limit.max is not None and len(inside) >= limit.max:
            leaving = sorted(_leaves(limit, case, n, zone) for n in inside)
            found.append(leaving[len(inside) - limit.max])
        if limit.max_distinct_channels is not None:
            found += _channels_full(limit, case, inside, zone)
        if limit.min_gap_days and group:
            rested = max(case.history[n].at for n in group) + timedelta(days=limit.min_gap_days)
            found += [rested] if at < rested else []
    return max(found, default=None)


def _counted(cap: Cap, case: Case, at: datetime, zone: ZoneInfo) -> list[int]:
    """The events of the history that the limit counts at all."""
    limit = cap.limit
    wanted = cap.wanted
    events = [n for n, event in enumerate(case.history) if not wanted.isdisjoint(event.counts)]
    if limit.channels != "all":
        events = [n for n in events if case.history[n].channel in limit.channels]
    if limit.to:
        events = [n for n in events if case.history[n].place is None or case.history[n].place in limit.to]
    if consent := cap.consent:
        given = ((n, case.history[n]) for n in events)
        events = [
            n
            for n, event in given
            if event.consent_at is None or not _consented(consent, event.consent_at, event.at, zone)
        ]
    return events


def _groups(
    unit: Unit, debtor: Debtor, history: Sequence[Contact], events: Sequence[int]
) -> Iterator[list[int]]:
    """The events that count together, for each thing the new contact may be about."""
    if unit is Unit.PERSON:
        yield list(events)
        return
    mine = _keys_of_debtor(unit, debtor)
    keys = mine or sorted({key for n in events for key in _keys(unit, history[n])}) or [""]
    for key in keys:
        group = [n for n in events if not (of := _keys(unit, history[n])) or key in of]
        if group:
            yield group


def _keys(unit: Unit, event: Contact) -> tuple[str, ...]:
    match unit:
        case Unit.PHONE:
            return (event.phone,) if event.phone else ()
        case Unit.PERSON_DEBT:
            return event.debts
        case Unit.PERSON_ACCOUNT:
            return (event.account,) if event.account else ()
        case Unit.PERSON_CREDITOR:
            return (event.creditor,) if event.creditor else ()
        case Unit.PERSON:
            return ()


def _keys_of_debtor(unit: Unit, debtor: Debtor) -> tuple[str, ...]:
    match unit:
        case Unit.PHONE:
            return (debtor.number,) if debtor.number else ()
        case Unit.PERSON_DEBT:
            return debtor.debts
        case Unit.PERSON_ACCOUNT:
            return (debtor.account,) if debtor.account else ()
        case Unit.PERSON_CREDITOR:
            return (debtor.creditor,) if debtor.creditor else ()
        case Unit.PERSON:
            return ()


def _inside(limit: Limit, case: Case, group: list[int], at: datetime, zone: ZoneInfo) -> list[int]:
    """Those of the group that the window of `at` still holds."""
    window = limit.window
    if window.kind is WindowKind.ROLLING_DAYS:
        width = timedelta(days=window.days)
        return [n for n in group if at - case.history[n].at < width]
    ordinals = case.ordinals(zone)
    oldest = oldest_day(window, at.astimezone(zone).toordinal(), _first_day(case, zone))
    return [n for n in group if ordinals[n] >= oldest]


def _leaves(limit: Limit, case: Case, n: int, zone: ZoneInfo) -> datetime:
    return leaves(limit.window, case.history[n].at, case.ordinals(zone)[n], zone, _first_day(case, zone))


def _first_day(case: Case, zone: ZoneInfo) -> int | None:
    first = case.campaign_started_at
    return first.astimezone(zone).toordinal() if first else None


def _channels_full(limit: Limit, case: Case, inside: list[int], zone: ZoneInfo) -> list[datetime]:
    """When so many other channels have left the window that this one is within the number of them."""
    most = limit.max_distinct_channels
    assert most is not None
    gone: dict[Channel, datetime] = {}
    for n in inside:
        channel, leaving = case.history[n].channel, _leaves(limit, case, n, zone)
        gone[channel] = max(leaving, gone.get(channel, leaving))
    others = sorted(leaving for channel, leaving in gone.items() if channel is not case.channel)
    return [others[len(others) - most]] if len(others) >= most else []
