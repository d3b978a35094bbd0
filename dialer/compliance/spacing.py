"""How close: the rest between two calls, one ring in flight per person, and the silence after a lost call.

The figures are this project's own (policy) but for the pattern of two calls on one number that the CFPB names.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.compliance.case import Case, Deny
from dialer.domain.contact import Channel, Count

GAP = "min_gap_between_attempts_s"
IN_FLIGHT = "max_in_flight_per_person"


def spacing(case: Case, at: datetime) -> Deny | None:
    """Between the attempts on one number and on the person's others."""
    if case.channel is not Channel.VOICE:
        return None
    gaps = case.rules.gaps
    pattern_s = max((pattern.min_gap_s for pattern in case.rules.patterns), default=0)
    same_s = max(gaps.same_phone if gaps else 0, pattern_s)
    other_s = gaps.same_person_other_phone if gaps else 0
    longest = timedelta(seconds=max(same_s, other_s))
    rested: datetime | None = None
    for event in case.history:
        if (
            at - event.at >= longest
            or Count.ATTEMPT not in event.counts
            or event.channel is not Channel.VOICE
        ):
            continue
        known = case.debtor.number and event.phone
        same = not known or event.phone == case.debtor.number
        until = event.at + timedelta(seconds=same_s if same else other_s)
        if at < until and (rested is None or until > rested):
            rested = until
    return Deny(GAP, rested, conf="policy") if rested else None


def in_flight(case: Case, at: datetime) -> Deny | None:
    """Never two telephones of one person at once; when the other call ends no clock tells."""
    most = case.rules.max_in_flight
    if most is None or case.channel is not Channel.VOICE or case.debtor.in_flight < most:
        return None
    return Deny(IN_FLIGHT, None, conf="policy")


def redial(case: Case, at: datetime) -> Deny | None:
    """No automatic call soon after one that was abandoned or hung up as a machine, unless an agent waits for it."""
    if case.channel is not Channel.VOICE or case.agent_reserved:
        return None
    lost = [event.at for event in case.history if event.abandoned]
    machines = [event.at for event in case.history if event.machine]
    for name, rules, events in (
        ("after_abandoned_call", case.rules.redial_abandoned, lost),
        ("after_amd_machine", case.rules.redial_machine, machines),
    ):
        for rule in rules if events else ():
            until = max(events) + timedelta(hours=rule.no_automatic_redial_h)
            if at < until:
                return Deny.by(name, rule, until)
    return None
