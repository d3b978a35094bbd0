"""Overlays: what a contract with a creditor or a campaign's own care adds to the law, never what they take from it.

An overlay is typed exactly like a preset's rules and is laid over the rule set of a place as one more layer, so the
most restrictive of both holds. A rule in it that is looser than the law's is refused when it is written: it would
promise what it cannot give. Its rules name it as their source, with its version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, time
from functools import cache, lru_cache
from operator import attrgetter, methodcaller
from typing import Any, Literal, NamedTuple, TypeVar

from dialer.compliance.preset import parse, sourced_parts
from dialer.compliance.provisions import (
    Channels,
    Confidence,
    Hours,
    Limit,
    Part,
    RecordingConsent,
    Rules,
    Sourced,
)
from dialer.compliance.rule_set import RuleSet, caps_of, load_rule_set, rules_at
from dialer.compliance.strict_yaml import read_yaml
from dialer.domain.campaign import Campaign, Overlay, OverlayScope
from dialer.domain.errors import BadInput

#: What is asked of a campaign as a whole: a contract, which binds single calls of any campaign, cannot answer for it.
_OF_A_CAMPAIGN = ("abandonment", "caller_id", "abandoned_message", "recording")
#: What would only take from the law.
_LOOSENING = ("consent_exclusion", "reply_exception")
_RANK = {RecordingConsent.NOTICE: 0, RecordingConsent.ONE_PARTY: 0, RecordingConsent.ALL_PARTY: 1}


class OverlayRules(Rules):
    """The file of an overlay."""

    format: Literal["cadencia-overlay/1"]
    title: str  # the contract's name, or why the campaign is stricter


def parse_overlay(text: str, file: str) -> OverlayRules:
    """An overlay from its YAML. Raises BadInput with file, line and path, also on a rule that has no place in one."""
    document = read_yaml(text, file)
    rules = parse(OverlayRules, document)
    for name in _LOOSENING:
        if getattr(rules, name) is not None:
            raise document.error((name,), "an overlay adds to the law, and this would take from it")
    for path, part in sourced_parts(rules):
        if part.conf is not Confidence.AGREED:
            raise document.error(
                (*path, "conf"), f"write {Confidence.AGREED}: an overlay is agreed, not found in a law"
            )
    if rules.nothing_found or not any(True for _ in sourced_parts(rules)):
        raise document.error((), "an overlay says what holds: give it rules, and no nothing_found")
    return rules


def check_overlay(overlay: OverlayRules, scope: OverlayScope, over: RuleSet) -> None:
    """Raises BadInput, naming the rule, when one is looser than that of the rule set it is laid over."""
    if scope is OverlayScope.CONTRACT:
        for name in _OF_A_CAMPAIGN:
            if getattr(overlay, name) is not None:
                raise BadInput(
                    f"{name} is asked of a campaign as a whole: write it into the campaigns' overlays"
                )
    for said in _looser(overlay, over):
        raise BadInput(f"looser than {over.name} {over.law_version}: {said}")


def lay(rules: RuleSet, overlay: Overlay) -> RuleSet:
    """The rule set with this overlay's rules as one more layer, each naming it as its source."""
    added = _stamped(overlay)
    return replace(
        rules,
        version=f"{rules.version}+{overlay.name}",
        hours=(*rules.hours, *_one(added.hours)),
        caps=(*rules.caps, *caps_of(added)),
        patterns=(*rules.patterns, *_one(added.same_phone_pattern)),
        consents=(*rules.consents, *_one(added.channel_consent)),
        scopes=(*rules.scopes, *_one(added.contact_scope)),
        redial_abandoned=(*rules.redial_abandoned, *_one(added.after_abandoned_call)),
        redial_machine=(*rules.redial_machine, *_one(added.after_amd_machine)),
        caller_ids=(*rules.caller_ids, *_one(added.caller_id)),
        min_rings=(*rules.min_rings, *_one(added.min_ring_s)),
        abandonments=(*rules.abandonments, *_one(added.abandonment)),
        messages=(*rules.messages, *_one(added.abandoned_message)),
        recordings=(*rules.recordings, *_one(added.recording)),
        retentions=(*rules.retentions, *_one(added.retention)),
    )


def rules_of(
    campaign: Campaign,
    *,
    creditor: str | None = None,
    subdivision: str | None = None,
    city: str | None = None,
) -> RuleSet:
    """All that binds one call of a campaign: its rule set, what the debtor's own subdivision adds, the contract of the
    debt's creditor, the campaign's overlay, and the holidays that only his town keeps.

    Raises BadInput when the rule set is unknown. Without a creditor or a place: what binds every call.
    """
    overlays = tuple(o for o in campaign.overlays if o.creditor is None or o.creditor == creditor)
    holidays = campaign.local_holidays
    if not (overlays or holidays or subdivision):
        return load_rule_set(campaign.rule_set)
    days = frozenset(h.day for h in holidays if h.holds(campaign.rule_set, subdivision, city))
    return _laid(campaign.rule_set, subdivision, overlays, days)


@lru_cache(maxsize=4096)
def _laid(
    name: str, subdivision: str | None, overlays: tuple[Overlay, ...], days: frozenset[date]
) -> RuleSet:
    rules = rules_at(name, subdivision)
    for overlay in overlays:
        rules = lay(rules, overlay)
    if days and rules.calendar is not None:
        told = hashlib.sha256(",".join(sorted(map(str, days))).encode()).hexdigest()[:8]
        rules = replace(
            rules, calendar=rules.calendar.with_days(days), version=f"{rules.version}+days:{told}"
        )
    return rules


@cache
def _stamped(overlay: Overlay) -> OverlayRules:
    rules = parse_overlay(overlay.text, overlay.name)
    told = {"norm": f"{overlay.name}: {rules.title}", "src": (overlay.name,)}
    return _with_source(rules, told)


T = TypeVar("T", bound=Part)


def _with_source(part: T, told: dict[str, Any]) -> T:
    """The part with all rules below it saying so."""
    changed: dict[str, Any] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Part):
            changed[name] = _with_source(value, told)
        elif isinstance(value, tuple) and any(isinstance(item, Part) for item in value):
            changed[name] = tuple(
                _with_source(item, told) if isinstance(item, Part) else item for item in value
            )
    if isinstance(part, Sourced):
        norm = f"{told['norm']}; {part.norm}" if part.norm else told["norm"]
        changed |= {"norm": norm, "src": told["src"]}
    return part.model_copy(update=changed)


R = TypeVar("R")


def _one(rule: R | None) -> tuple[R, ...]:
    return () if rule is None else (rule,)


# --- looser than the law? -----------------------------------------------------------------------------------


def _looser(overlay: OverlayRules, over: RuleSet) -> Iterator[str]:
    if overlay.hours:
        yield from _wider_hours(overlay.hours, over)
    known = {cap.limit.id for cap in over.caps}
    for cap in caps_of(overlay):
        if cap.limit.id in known:
            yield f"{cap.limit.id} is the name of one of its limits: give yours another"
        yield from _higher_limit(cap.limit, over)
    for figure in _FIGURES:
        yield from _beyond(figure, overlay, over)
    yield from _other_people(overlay, over)


class _Figure(NamedTuple):
    """A figure that is compared as such."""

    name: str
    rule: str  # the overlay's field
    layers: str  # the rule set's field: what holds already
    read: Callable[[Any], float | None]
    strictest: Callable[[Iterable[float]], float]


_REDIAL = attrgetter("no_automatic_redial_h")
_FIGURES = (
    _Figure("min_ring_s", "min_ring_s", "min_rings", attrgetter("value"), max),
    _Figure("same_phone_pattern", "same_phone_pattern", "patterns", attrgetter("min_gap_s"), max),
    _Figure("after_abandoned_call", "after_abandoned_call", "redial_abandoned", _REDIAL, max),
    _Figure("after_amd_machine", "after_amd_machine", "redial_machine", _REDIAL, max),
    _Figure("abandonment.cap_pct", "abandonment", "abandonments", attrgetter("cap_pct"), min),
    _Figure("abandonment.time_to_agent_s", "abandonment", "abandonments", attrgetter("time_to_agent_s"), min),
    _Figure("abandonment.windows", "abandonment", "abandonments", methodcaller("shortest_days"), min),
    _Figure(
        "abandoned_message.start_within_s", "abandoned_message", "messages", attrgetter("start_within_s"), min
    ),
    _Figure("retention.recordings_days", "retention", "retentions", attrgetter("recordings_days"), min),
)


def _beyond(figure: _Figure, overlay: OverlayRules, over: RuleSet) -> Iterator[str]:
    rule = getattr(overlay, figure.rule)
    told = None if rule is None else figure.read(rule)
    theirs = [held for layer in getattr(over, figure.layers) if (held := figure.read(layer)) is not None]
    if told is None or not theirs:
        return
    held = figure.strictest(theirs)
    if figure.strictest([held, told]) != told:
        yield f"{figure.name}: {told:g}, where {held:g} holds"


def _wider_hours(hours: Hours, over: RuleSet) -> Iterator[str]:
    for base in over.hours:
        for name, row, allowed in zip(_DAYS, hours.days.rows(), base.days.rows(), strict=True):
            for start, end in row:
                if not any(opens <= start and end <= closes for opens, closes in allowed):
                    span = f"{_clock(start)}-{_clock(end)}"
                    yield f"hours.{name}: {span} is not within what {base.norm or 'the policy'} allows"


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")


def _clock(moment: time) -> str:
    return "24:00" if moment == time.max else moment.isoformat("minutes")


def _higher_limit(limit: Limit, over: RuleSet) -> Iterator[str]:
    """Only what counts the same thing in the same window can be compared; anything else adds."""
    for cap in over.caps:
        theirs = cap.limit
        same = (limit.counts, limit.unit, limit.window, limit.to) == (
            theirs.counts,
            theirs.unit,
            theirs.window,
            theirs.to,
        )
        if not same or not _covers(theirs.channels, limit.channels):
            continue
        if limit.max is not None and theirs.max is not None and limit.max > theirs.max:
            yield f"{limit.id}: {limit.max}, where {theirs.id} allows {theirs.max}"


def _covers(theirs: Channels, ours: Channels) -> bool:
    return theirs == "all" or (ours != "all" and set(ours) <= set(theirs))


def _other_people(overlay: OverlayRules, over: RuleSet) -> Iterator[str]:
    if (scope := overlay.contact_scope) is not None:
        for base in over.scopes:
            if more := [role for role in scope.roles if role not in base.roles]:
                yield f"contact_scope.roles: {', '.join(more)} may not be called"
            if scope.workplace != "forbidden" and base.workplace == "forbidden":
                yield "contact_scope.workplace: it is forbidden"
            for name in ("cease_request_stops", "attorney_stops"):
                if getattr(base, name) and not getattr(scope, name):
                    yield f"contact_scope.{name}: it does"
    if (recording := overlay.recording) is not None:
        for rule in over.recordings:
            if _RANK[recording.consent] < _RANK[rule.consent]:
                yield f"recording.consent: {rule.consent} is needed"
            if rule.announce_before and not recording.announce_before:
                yield "recording.announce_before: it is announced before"
