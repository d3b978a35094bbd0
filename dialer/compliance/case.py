"""A case: one contact about to be made, with all that a rule looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.provisions import Role, Sourced
from dialer.compliance.rule_set import RuleSet
from dialer.domain.contact import Channel, Contact, Place

#: Local spans of one day.
DaySpans = tuple[tuple[time, time], ...]


def joined(spans: Iterable[tuple[time, time]]) -> DaySpans:
    """The spans of one day in order, those that touch or overlap as one: a call may ring from one into the next."""
    found: list[tuple[time, time]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the debtor asked for. Narrower hours always hold; wider ones only where a rule lets him widen."""

    #: Monday to Sunday, then holidays: no contact outside.
    only_hours: tuple[DaySpans, ...] | None = None
    #: Recorded after the contract and apart from it: contact is welcome then, too.
    more_hours: tuple[DaySpans, ...] | None = None
    #: The channels he authorised; None = nothing is recorded.
    channels: frozenset[Channel] | None = None
    #: Those he wants nothing on; to refuse one authorises no other.
    refused_channels: frozenset[Channel] = frozenset()
    written_channels: frozenset[Channel] | None = None


@dataclass(frozen=True, slots=True)
class Debtor:
    """The person to be contacted and what the contact is about. Unknown is None or empty."""

    number: str | None = None  # E.164, or any other name of the number
    zone: str | None = None
    other_zones: tuple[str, ...] = ()  # of his further addresses
    debts: tuple[str, ...] = ()
    account: str | None = None
    creditor: str | None = None
    place: Place | None = None
    role: Role = Role.DEBTOR
    do_not_call: bool = False
    cease_request: bool = False
    attorney: bool = False
    employer_forbids: bool = False
    in_flight: int = 0  # calls of the person ringing or up now
    consent_at: datetime | None = None  # of direct prior consent to be called
    answers_request: bool = False  # the contact brings information he asked for
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Deny:
    """Not now: which rule, its norm and sources, and the first instant at which it no longer forbids (None: time
    alone does not help)."""

    rule: str
    until: datetime | None
    norm: str = ""
    src: tuple[str, ...] = ()
    conf: str = ""
    note: str = ""

    @classmethod
    def by(cls, rule: str, source: Sourced, until: datetime | None) -> Deny:
        return cls(rule, until, source.norm, source.src, source.conf, source.note)


@dataclass(slots=True)
class Case:
    """One contact about to be made. `zones` are all that the debtor may live in; local dates are worked out once."""

    rules: RuleSet
    debtor: Debtor
    channel: Channel
    zones: tuple[ZoneInfo, ...]
    history: Sequence[Contact]
    margin: timedelta
    agent_reserved: bool
    campaign_started_at: datetime | None = None
    _ordinals: dict[ZoneInfo, list[int]] = field(default_factory=dict)

    def ordinals(self, zone: ZoneInfo) -> list[int]:
        """The local date of each event of the history, as a day number."""
        found = self._ordinals.get(zone)
        if found is None:
            found = [event.at.astimezone(zone).toordinal() for event in self.history]
            self._ordinals[zone] = found
        return found
