"""How often: at most so many events, or channels, per person, number, debt, account or creditor and window.

Cooling-off is the same rule with one event allowed. An event whose debt (account, number) is not known counts for
every debt; a contact whose own debt is not known must be lawful for each debt there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.case import Case, Debtor, Deny
from dialer.compliance.preset import ConsentExclusion, Limit, Unit, WindowKind
from dialer.compliance.rule_set import Cap
from dialer.compliance.windows import leaves, leaving_day
from dialer.domain.contact import WRITTEN_CHANNELS, Channel, Contact, Count, Place

#: An event in its window: its place in the history and the instant at which it leaves.
Counted = tuple[int, datetime]
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
    events = [n for n, event in enumerate(case.history) if _counts(cap, case, event, at, zone)]
    if not events:
        return None
    found: list[datetime] = []
    for group in _groups(limit.unit, case.debtor, case.history, events):
        inside = list(_inside(limit, case, group, at, zone))
        if limit.max is not None and len(inside) >= limit.max:
            found.append(sorted(leaving for _, leaving in inside)[len(inside) - limit.max])
        if limit.max_distinct_channels is not None:
            found += _channels_full(limit.max_distinct_channels, case, inside)
        if limit.min_gap_days and group:
            rested = max(case.history[n].at for n in group) + timedelta(days=limit.min_gap_days)
            found += [rested] if at < rested else []
    return max(found, default=None)


def _counts(cap: Cap, case: Case, event: Contact, at: datetime, zone: ZoneInfo) -> bool:
    limit = cap.limit
    if event.at > at:
        return False
    counted = limit.counts in event.counts or (
        # A conversation is a contact by what the words mean.
        limit.counts is Count.CONTACT and Count.CONVERSATION in event.counts
    )
    if not counted and not (limit.messages_count and Count.MESSAGE in event.counts):
        return False
    if limit.channels != "all" and event.channel not in limit.channels:
        return False
    if limit.to and event.place is not None and event.place not in limit.to:
        return False
    return not (
        cap.consent
        and event.consent_at is not None
        and _consented(cap.consent, event.consent_at, event.at, zone)
    )


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


def _inside(limit: Limit, case: Case, group: list[int], at: datetime, zone: ZoneInfo) -> Iterator[Counted]:
    """Those of the group that the window of `at` still holds."""
    window = limit.window
    first = case.campaign_started_at
    first_day = first.astimezone(zone).toordinal() if first else None
    ordinals = case.ordinals(zone)
    today = at.astimezone(zone).toordinal()
    for n in group:
        event = case.history[n]
        if window.kind is WindowKind.ROLLING_DAYS:
            if at < (gone := event.at + timedelta(days=window.days)):
                yield n, gone
        elif today < leaving_day(window, ordinals[n], first_day):
            yield n, leaves(window, event.at, ordinals[n], zone, first_day)


def _channels_full(most: int, case: Case, inside: list[Counted]) -> list[datetime]:
    """When so many other channels have left the window that this one is within the number of them."""
    gone: dict[Channel, datetime] = {}
    for n, leaving in inside:
        channel = case.history[n].channel
        gone[channel] = max(leaving, gone.get(channel, leaving))
    others = sorted(leaving for channel, leaving in gone.items() if channel is not case.channel)
    return [others[len(others) - most]] if len(others) >= most else []
