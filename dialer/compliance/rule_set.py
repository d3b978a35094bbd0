"""A rule set: the presets that hold in one place, merged so that the most restrictive wins.

Country, subdivision and city are kept as layers, each with its own norm: a moment must be open in every layer's
hours, every layer's limits must hold, prohibitions add up. What no layer says, the policy says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain

from dialer.compliance.holiday_calendar import HolidayCalendar, load_calendar
from dialer.compliance.preset import Gaps, Preset, load_preset, policy, preset_names
from dialer.compliance.provisions import (
    NEED_APPROVAL,
    Abandonment,
    CallerId,
    ChannelConsent,
    Confidence,
    ConsentExclusion,
    ContactScope,
    CoolingOff,
    Exemption,
    Hours,
    Limit,
    Message,
    MinRing,
    Recording,
    Redial,
    Retention,
    Role,
    Rules,
    SamePhonePattern,
    Sourced,
)
from dialer.domain.contact import Count
from dialer.domain.errors import BadInput

#: The name of the calling hours among the rules.
HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit, or a cooling-off as the limit of one event, with what lifts it in its jurisdiction."""

    limit: Limit
    consent: ConsentExclusion | None = None
    reply_exempt: bool = False
    #: What the limit counts. A conversation is a contact by what the words mean.
    wanted: frozenset[Count] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The law of one place, ready to judge by."""

    name: str
    version: str
    #: The version of the law in it, without what a contract, a campaign or a town adds: what is approved.
    law_version: str
    #: Shown on every screen of a campaign that runs under it ("laboratory: ..."), by language; may be empty.
    notice: Mapping[str, str]
    zones: tuple[str, ...]
    calendar: HolidayCalendar | None
    hours: tuple[Hours, ...]
    #: A call is not begun so shortly before the hours end (its ring time counts when that is longer).
    margin_s: int
    caps: tuple[Cap, ...]
    gaps: Gaps | None
    patterns: tuple[SamePhonePattern, ...]
    max_in_flight: int | None
    consents: tuple[ChannelConsent, ...]
    scopes: tuple[ContactScope, ...]
    redial_abandoned: tuple[Redial, ...]
    redial_machine: tuple[Redial, ...]
    caller_ids: tuple[CallerId, ...]
    min_rings: tuple[MinRing, ...]
    abandonments: tuple[Abandonment, ...]
    messages: tuple[Message, ...]
    recordings: tuple[Recording, ...]
    retentions: tuple[Retention, ...]
    #: What needs a person's name behind it before a campaign may start, by rule id.
    to_approve: Mapping[str, Sourced]

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def exemptions(self) -> tuple[Exemption, ...]:
        """What a named person may claim for a campaign's owner."""
        return tuple(rule.exemption for rule in self.caller_ids if rule.exemption)

    def unapproved(self, approvals: Collection[str]) -> list[str]:
        """The doubtful rules that none of these approvals (`rule@version`) covers."""
        return [rule for rule in self.to_approve if f"{rule}@{self.law_version}" not in approvals]


@cache
def load_rule_set(name: str) -> RuleSet:
    """The rules of a place: a preset's name (CO, strict), a subdivision's (BR-SP) or a city's code (US-NY-NYC).

    Raises BadInput on a name that stands for no place known.
    """
    country, _, rest = name.partition("-")
    preset = load_preset(name if not rest else country)
    if preset.overlay:
        raise BadInput(f"{name} adds to other jurisdictions and is none by itself")
    if rest and name not in subdivision_names(country):
        known = ", ".join(part.code for part in preset.subdivisions) or "none"
        raise BadInput(f"{name!r} is no subdivision of {preset.name}; with rules of their own: {known}")
    parts = [part for part in preset.subdivisions if f"{name}-".startswith(f"{part.code}-")]
    return merge(preset, parts, name)


@cache
def rules_at(name: str, subdivision: str | None) -> RuleSet:
    """The rule set `name`, with what the debtor's own subdivision (ISO 3166-2) of the same country adds to it.

    A subdivision of another country, or one that is none, adds nothing.
    """
    country = name.partition("-")[0]
    chosen = load_rule_set(name)
    if subdivision is None or not subdivision.startswith(f"{country}-"):
        return chosen
    preset = load_preset(country)
    here = [part for part in preset.subdivisions if f"{name}-".startswith(f"{part.code}-")]
    there = [part for part in preset.subdivisions if f"{subdivision}-".startswith(f"{part.code}-")]
    known = subdivision in subdivision_names(country)
    if not known or f"{name}-".startswith(f"{subdivision}-"):
        return chosen
    parts = [*here, *(part for part in there if part not in here)]
    merged = merge(preset, parts, subdivision)
    return replace(
        merged,
        name=name if not there else subdivision,
        zones=merged.zones if there else preset.zones,  # the campaign's place is not where he lives
        to_approve={},
        law_version=chosen.law_version,
    )


@cache
def rule_set_names() -> tuple[str, ...]:
    """What `load_rule_set` has rules of its own for."""
    presets = [load_preset(name) for name in preset_names()]
    named = [preset for preset in presets if not preset.overlay]
    return tuple(chain.from_iterable([p.code, *(part.code for part in p.subdivisions)] for p in named))


@cache
def subdivision_names(country: str) -> frozenset[str]:
    """Every subdivision of a country (ISO 3166-2), with rules of its own or without, and the cities with rules."""
    preset = load_preset(country)
    text = (files("dialer.compliance") / "subdivisions.txt").read_text("utf-8")
    iso = {code for code in text.split() if code.startswith(f"{country}-")}
    return frozenset(iso | {part.code for part in preset.subdivisions})


def merge(preset: Preset, parts: Sequence[Rules], name: str) -> RuleSet:
    """The preset's rules with those of its `parts`, and the policy's where none of them says anything."""
    layers: list[Rules] = [preset, *parts]
    house = policy() if preset.with_policy else None
    hours = [layer.hours for layer in layers if layer.hours]
    caps = [cap for layer in layers for cap in caps_of(layer)]
    counted = {cap.limit.counts for cap in caps}
    if house:
        hours = hours or [house.hours]
        # An attempt may become a contact: who counts attempts limits contacts with them.
        if not counted & {Count.ATTEMPT}:
            caps += [_cap(limit) for limit in house.max_attempts]
        if not counted & {Count.ATTEMPT, Count.CONTACT, Count.CONVERSATION}:
            caps.append(_cap(_as_limit(house.after_contact_block)))
    zones = preset.zones
    for part in parts:
        zones = getattr(part, "zones", ()) or zones
    codes = tuple(part for part in (name, *(getattr(p, "code", "") for p in parts)) if part)
    calendar = load_calendar(preset.holidays, _places(codes)) if preset.holidays else None
    scopes = [layer.contact_scope for layer in layers if layer.contact_scope]
    consents = [layer.channel_consent for layer in layers if layer.channel_consent]
    abandoned = [layer.after_abandoned_call for layer in layers if layer.after_abandoned_call]
    machine = [layer.after_amd_machine for layer in layers if layer.after_amd_machine]
    caller_ids = [layer.caller_id for layer in layers if layer.caller_id]
    min_rings = [layer.min_ring_s for layer in layers if layer.min_ring_s]
    abandonments = [layer.abandonment for layer in layers if layer.abandonment]
    messages = [layer.abandoned_message for layer in layers if layer.abandoned_message]
    recordings = [layer.recording for layer in layers if layer.recording]
    retentions = [layer.retention for layer in layers if layer.retention]
    if house:
        scopes = scopes or [house.contact_scope]
        abandoned = abandoned or [house.after_abandoned_call]
        machine = machine or [house.after_amd_machine]
        caller_ids = [house.caller_id, *caller_ids]
        min_rings = min_rings or [house.min_ring_s]
        abandonments = abandonments or [house.abandonment]
        messages = messages or [house.abandoned_message]
        recordings = recordings or [house.recording]
        retentions = retentions or [house.retention]
    made = RuleSet(
        name=name,
        version=preset.version,
        law_version="",
        notice=preset.notice,
        zones=zones,
        calendar=calendar,
        hours=tuple(hours),
        margin_s=house.stop_originating_before_end_s if house else 0,
        caps=tuple(caps),
        gaps=house.min_gap_between_attempts_s if house else None,
        patterns=tuple(layer.same_phone_pattern for layer in layers if layer.same_phone_pattern),
        max_in_flight=house.max_in_flight_per_person if house else None,
        consents=tuple(consents),
        scopes=tuple(scopes),
        redial_abandoned=tuple(abandoned),
        redial_machine=tuple(machine),
        caller_ids=tuple(caller_ids),
        min_rings=tuple(min_rings),
        abandonments=tuple(abandonments),
        messages=tuple(messages),
        recordings=tuple(recordings),
        retentions=tuple(retentions),
        to_approve=_to_approve(layers) if preset.with_policy and preset.zones else {},
    )
    version = f"{made.version}+{_digest(preset, parts)}"
    return replace(made, version=version, law_version=version)


def caps_of(layer: Rules) -> list[Cap]:
    """The layer's limits, its cooling-off among them."""
    limits = [*layer.limits, *map(_as_limit, layer.cooling_off)]
    return [_cap(limit, layer) for limit in limits]


def _cap(limit: Limit, layer: Rules | None = None) -> Cap:
    wanted = {limit.counts}
    if limit.counts is Count.CONTACT:
        wanted.add(Count.CONVERSATION)
    if limit.messages_count:
        wanted.add(Count.MESSAGE)
    consent = layer.consent_exclusion if layer else None
    return Cap(limit, consent, bool(layer and layer.reply_exception), frozenset(wanted))


def _as_limit(rule: CoolingOff) -> Limit:
    """Silence after an event is a limit of one such event per window.

    The rule has been checked when it was read; the source of an overlay's is its name, which no preset may cite.
    """
    return Limit.model_construct(
        id=rule.id,
        counts=rule.after,
        unit=rule.unit,
        channels=rule.channels,
        max=1,
        window=rule.window,
        norm=rule.norm,
        note=rule.note,
        alternative=rule.alternative,
        src=rule.src,
        conf=rule.conf,
    )


def _places(codes: tuple[str, ...]) -> tuple[str, ...]:
    """The ISO subdivisions that these codes lie in, each once: US-NY-NYC lies in US-NY."""
    found = [match[0] for code in codes if (match := re.match(r"[A-Z]{2}-[A-Z0-9]{1,3}", code))]
    return tuple(dict.fromkeys(found))


def _to_approve(layers: list[Rules]) -> dict[str, Sourced]:
    found: dict[str, Sourced] = {}
    for layer in layers:
        code = getattr(layer, "code", "")
        named: list[tuple[str, Sourced | None]] = [(f"{code}-hours", layer.hours)]
        named += [(limit.id, limit) for limit in layer.limits]
        named += [(rule.id, rule) for rule in layer.cooling_off]
        found |= {name: rule for name, rule in named if rule and rule.conf in NEED_APPROVAL}
    return found


def _digest(preset: Preset, parts: Sequence[Rules]) -> str:
    """Eight characters that change with any figure: two presets of one version number are told apart."""
    house = policy().model_dump_json() if preset.with_policy else ""
    said = [preset.model_dump_json(), *(part.model_dump_json() for part in parts), house]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:8]


__all__ = [
    "HOURS",
    "Cap",
    "Confidence",
    "Role",
    "RuleSet",
    "caps_of",
    "load_rule_set",
    "merge",
    "rule_set_names",
    "rules_at",
    "subdivision_names",
]
