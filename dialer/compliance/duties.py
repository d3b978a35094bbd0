"""What a campaign owes the law before it dials anybody: ring, abandonment, caller ids, the message, the recording.

The rules of `judge` are asked before each contact; these are about the campaign's own settings. They are checked when
it is made, changed and started, so that no call of it can break them. Pure: settings in, breaches out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from dialer.compliance.abandonment import SPANS
from dialer.compliance.overlays import rules_of
from dialer.compliance.provisions import CallerId, Message, RecordingConsent, Sourced
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


def terms_of(campaign: Campaign, abandoned_text: str | None = None) -> Terms:
    """What of a campaign's settings the law has a word on; `abandoned_text`: this one instead of its own."""
    return Terms(
        mode=campaign.mode,
        ring_timeout_s=campaign.ring_timeout_s,
        abandon_cap=campaign.abandon_cap,
        abandon_window=campaign.abandon_window,
        connect_limit_s=campaign.connect_limit_s,
        recording_notice=campaign.recording_notice,
        abandoned_text=abandoned_text or campaign.abandoned_text,
        shown=campaign.shown,
    )


@dataclass(frozen=True, slots=True)
class Breach:
    """What a setting breaks, and what to do about it."""

    rule: str
    says: str
    norm: str
    src: tuple[str, ...]
    conf: str

    def __str__(self) -> str:
        told = self.norm or "this project's policy"
        return f"{self.rule}: {self.says} ({', '.join([told, *self.src])})"


def breaches(
    rules: RuleSet, terms: Terms, *, on: date, exempted: frozenset[str] = frozenset()
) -> list[Breach]:
    """All that `rules` forbid in these settings on a day; empty: it may start.

    `exempted` holds the `rule@version` of the exemptions that a named person has claimed.
    """
    return [
        *settings_breaches(rules, terms),
        *_message(rules, terms),
        *_caller_ids(rules, terms.shown, on, exempted),
    ]


def settings_breaches(rules: RuleSet, terms: Terms) -> list[Breach]:
    """Those of the figures alone, which are checked wherever one is changed."""
    return [*_ring(rules, terms), *_abandonment(rules, terms), *_recording(rules, terms)]


def start_breaches(campaign: Campaign, on: date) -> list[Breach]:
    """What keeps a campaign from starting, the doubtful rules that nobody has approved included.

    Raises BadInput when its rule set is unknown.
    """
    rules = rules_of(campaign)
    missing = rules.unapproved(campaign.approvals)
    unapproved = [
        _breach(
            name, rules.to_approve[name], f"nobody has approved it: dialer rules approve {rules.name} {name}"
        )
        for name in missing
    ]
    return unapproved + breaches(rules, terms_of(campaign), on=on, exempted=campaign.approvals)


def demand(found: Sequence[Breach], rules: RuleSet) -> None:
    """Raises BadInput, naming every breach, when there is one."""
    if found:
        raise BadInput(f"{rules.name} does not allow it: {'; '.join(map(str, found))}")


def min_ring_s(rules: RuleSet) -> int:
    """A telephone rings at least so long before it is given up; 0 when no rule says."""
    return max((rule.value for rule in rules.min_rings), default=0)


def _breach(rule: str, source: Sourced, says: str) -> Breach:
    return Breach(rule, says, source.norm, source.src, str(source.conf))


def _ring(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    for rule in rules.min_rings:
        if terms.ring_timeout_s < rule.value:
            says = f"it rings {terms.ring_timeout_s} s; let it ring {rule.value} s at least"
            yield _breach("min_ring_s", rule, says)


def _abandonment(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    for rule in rules.abandonments:
        if terms.abandon_cap * 100 > rule.cap_pct + 1e-9:
            says = f"its cap is {terms.abandon_cap:.2%} of live answers; {rule.cap_pct:g} % is the most"
            yield _breach("abandonment_cap", rule, says)
        widest = max(
            (window for window in AbandonWindow if _days(window) <= rule.shortest_days()),
            key=_days,
        )
        if _days(terms.abandon_window) > _days(widest):
            says = f"its cap is held over the window {terms.abandon_window}; hold it over {widest}"
            yield _breach("abandonment_window", rule, says)
        if terms.connect_limit_s > rule.time_to_agent_s:
            says = f"a person waits {terms.connect_limit_s:g} s for an agent; {rule.time_to_agent_s:g} s is the most"
            yield _breach("time_to_agent_s", rule, says)


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
            says = (
                "everybody on the line must consent, so the notice is played, not left to the agent: played"
            )
            yield _breach("recording_notice", rule, says)


def _message(rules: RuleSet, terms: Terms) -> Iterator[Breach]:
    if terms.mode not in POOLED and terms.abandoned_text is None:
        return
    for rule in rules.messages:
        for says in _faults_of_message(rule, terms):
            yield _breach("abandoned_message", rule, says)


def _faults_of_message(rule: Message, terms: Terms) -> Iterator[str]:
    if terms.abandoned_text is None:
        yield "whom no agent attends must be told who called and where to call back: dialer campaign message"
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
            for says in _faults_of_number(rule, number, exempt=exempt):
                yield _breach("caller_id", rule, f"{number.number} of trunk {number.trunk} {says}")


def _faults_of_number(rule: CallerId, number: ShownNumber, *, exempt: bool) -> Iterator[str]:
    kind, national = _numbering(number.number)
    if rule.must_be_owned and not number.owner:
        yield "has no owner on record: dialer trunk own"
    if rule.must_be_callable_back and not number.answered_by:
        yield "has no record of who answers a call back: dialer trunk own"
    if rule.mobile_forbidden and kind == PhoneNumberType.MOBILE:
        yield "is a mobile number: show a geographic, short or 800/900 one"
    if rule.no_premium_rate and kind == PhoneNumberType.PREMIUM_RATE:
        yield "costs whoever calls back a premium rate: show another"
    if rule.prefixes and not exempt and not national.startswith(rule.prefixes):
        yield f"does not begin with {' or '.join(rule.prefixes)}"


@lru_cache(maxsize=1024)
def _numbering(number: str) -> tuple[int, str]:
    """What the numbering plan says of it: its type, and its digits behind the country code."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return PhoneNumberType.UNKNOWN, ""
    return phonenumbers.number_type(parsed), str(parsed.national_number)
