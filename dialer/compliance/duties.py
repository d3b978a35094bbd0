"""What a campaign owes the law before it dials anybody: ring, abandonment, caller ids, the message, the recording.

The rules of `judge` are asked before each contact; these are about the campaign's own settings. They are checked when
it is made, changed and started, so that no call of it can break them. Pure: settings in, breaches out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from dialer.compliance.abandonment import SPANS
from dialer.compliance.breach import Breach, Fault, Value
from dialer.compliance.overlays import rules_of
from dialer.compliance.provisions import (
    Abandonment,
    CallerId,
    Confidence,
    Message,
    RecordingConsent,
    Sourced,
)
from dialer.compliance.rule_set import RuleSet
from dialer.compliance.wording import wrong_words
from dialer.domain.campaign import AbandonWindow, Campaign, DialMode, RecordingNotice, ShownNumber
from dialer.domain.errors import BadInput

#: Modes that dial before an agent is sure: only they can leave an answered person for want of one by their own choice.
POOLED = frozenset({DialMode.POWER, DialMode.PREDICTIVE})


@dataclass(frozen=True, slots=True)
class Terms:
    """A campaign's settings that the law has a word on. Empty `shown`: its numbers are not known here."""

    mode: DialMode
    ring_timeout_s: int
    abandon_cap: float  # share of live answers, 0..1
    abandon_window: AbandonWindow
    connect_limit_s: float
    recording_notice: RecordingNotice
    abandoned_text: str | None = None
    shown: Sequence[ShownNumber] = ()


def terms_of(campaign: Campaign) -> Terms:
    """What of a campaign's settings the law has a word on."""
    return Terms(
        mode=campaign.mode,
        ring_timeout_s=campaign.ring_timeout_s,
        abandon_cap=campaign.abandon_cap,
        abandon_window=campaign.abandon_window,
        connect_limit_s=campaign.connect_limit_s,
        recording_notice=campaign.recording_notice,
        abandoned_text=campaign.abandoned_text,
        shown=campaign.shown,
    )


def breaches(
    rules: RuleSet, terms: Terms, *, on: date, exempted: frozenset[str] = frozenset()
) -> list[Breach]:
    """All that `rules` forbid in these settings on a day; empty: it may start.

    `exempted` holds the `rule@version` of the exemptions that a named person has claimed.
    """
    missing = _message(rules, terms) if terms.abandoned_text is None else ()
    return [
        *settings_breaches(rules, terms),
        *missing,
        *_caller_ids(rules, terms.shown, on, exempted),
    ]


def settings_breaches(rules: RuleSet, terms: Terms) -> list[Breach]:
    """Those of what is written down alone, figures and words: checked wherever one of them is changed."""
    words = _message(rules, terms) if terms.abandoned_text is not None else ()
    return [*_ring(rules, terms), *_abandonment(rules, terms), *_recording(rules, terms), *words]


def start_breaches(campaign: Campaign, on: date) -> list[Breach]:
    """What keeps a campaign from starting, the doubtful rules that nobody has approved included.

    Raises BadInput when its rule set is unknown.
    """
    rules = rules_of(campaign)
    archived = (
        [Breach("archive", Fault.ARCHIVED, "", (), str(Confidence.POLICY))] if campaign.archived else []
    )
    unapproved = [
        _breach(name, rules.to_approve[name], Fault.UNAPPROVED, rules=rules.name, rule=name)
        for name in rules.unapproved(campaign.approvals)
    ]
    terms = terms_of(campaign)
    return [*archived, *unapproved, *breaches(rules, terms, on=on, exempted=campaign.approvals)]


def demand(found: Sequence[Breach], rules: RuleSet) -> None:
    """Raises BadInput, naming every breach, when there is one."""
    if found:
        raise BadInput(f"{rules.name} does not allow it: {'; '.join(map(str, found))}")


def min_ring_s(rules: RuleSet) -> int:
    """A telephone rings at least so long before it is given up; 0 when no rule says."""
    return max((rule.value for rule in rules.min_rings), default=0)


def _breach(rule: str, source: Sourced, fault: Fault, /, **values: Value) -> Breach:
    return Breach(rule, fault, source.norm, source.src, str(source.conf), values)


def _ring(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    for rule in rules.min_rings:
        if terms.ring_timeout_s < rule.value:
            values = {"ring_s": terms.ring_timeout_s, "least_s": rule.value}
            yield _breach("min_ring_s", rule, Fault.RING_SHORT, **values)


def _abandonment(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    for rule in rules.abandonments:
        if terms.abandon_cap * 100 > rule.cap_pct + 1e-9:
            most = {"cap": terms.abandon_cap, "most_pct": rule.cap_pct}
            yield _breach("abandonment_cap", rule, Fault.CAP_HIGH, **most)
        widest = widest_window(rule)
        if _days(terms.abandon_window) > _days(widest):
            windows = {"window": str(terms.abandon_window), "widest": str(widest)}
            yield _breach("abandonment_window", rule, Fault.WINDOW_WIDE, **windows)
        if terms.connect_limit_s > rule.time_to_agent_s:
            wait = {"wait_s": terms.connect_limit_s, "most_s": rule.time_to_agent_s}
            yield _breach("time_to_agent_s", rule, Fault.WAIT_LONG, **wait)


def widest_window(rule: Abandonment) -> AbandonWindow:
    """The widest window over which a campaign may hold its cap under this rule."""
    return max((window for window in AbandonWindow if _days(window) <= rule.shortest_days()), key=_days)


def _days(window: AbandonWindow) -> float:
    """Whoever holds a share over every shorter window holds it over the longer ones that they fill."""
    span = SPANS[window][0]
    return float("inf") if span is None else span.total_seconds() / 86400


def _recording(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    """Nothing is recorded before the notice; where all must consent an agent's word alone is no proof of it."""
    for rule in rules.recordings:
        everybody = rule.consent is RecordingConsent.ALL_PARTY or any(
            f"{rules.name}-".startswith(f"{part}-") for part in rule.all_party_subdivisions
        )
        if everybody and terms.recording_notice is RecordingNotice.SPOKEN:
            yield _breach("recording_notice", rule, Fault.NOTICE_SPOKEN)


def _message(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    if terms.mode not in POOLED and terms.abandoned_text is None:
        return
    for rule in rules.messages:
        for fault, values in _faults_of_message(rule, terms):
            yield _breach("abandoned_message", rule, fault, **values)


def _faults_of_message(rule: Message, terms: Terms) -> Iterator[tuple[Fault, Mapping[str, Value]]]:
    if terms.abandoned_text is None:
        yield Fault.MESSAGE_MISSING, {}
        return
    yield from wrong_words(rule, terms.abandoned_text, terms.shown)


def _caller_ids(
    rules: RuleSet, shown: Sequence[ShownNumber], on: date, exempted: frozenset[str]
) -> Iterator[Breach]:
    for rule in rules.caller_ids:
        if rule.since is not None and on < rule.since:
            continue
        exempt = rule.exemption is not None and f"{rule.exemption.id}@{rules.law_version}" in exempted
        for number in shown:
            for fault in _faults_of_number(rule, number, exempt=exempt):
                values = {"number": number.number, "trunk": number.trunk}
                if fault is Fault.NUMBER_PREFIX:
                    values["prefixes"] = " or ".join(rule.prefixes)
                yield _breach("caller_id", rule, fault, **values)


def _faults_of_number(rule: CallerId, number: ShownNumber, *, exempt: bool) -> Iterator[Fault]:
    kind, national = _numbering(number.number)
    if rule.must_be_owned and not number.owner:
        yield Fault.NUMBER_UNOWNED
    if rule.must_be_callable_back and not number.answered_by:
        yield Fault.NUMBER_UNANSWERED
    if rule.mobile_forbidden and kind == PhoneNumberType.MOBILE:
        yield Fault.NUMBER_MOBILE
    if rule.no_premium_rate and kind == PhoneNumberType.PREMIUM_RATE:
        yield Fault.NUMBER_PREMIUM
    if rule.prefixes and not exempt and not national.startswith(rule.prefixes):
        yield Fault.NUMBER_PREFIX


@lru_cache(maxsize=1024)
def _numbering(number: str) -> tuple[int, str]:
    """What the numbering plan says of it: its type, and its digits behind the country code."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return PhoneNumberType.UNKNOWN, ""
    return phonenumbers.number_type(parsed), str(parsed.national_number)
