"""The contact law counted again by brute force, to be compared with `dialer.compliance`.

It shares no code with it: the preset files and overlays are read as plain YAML, hours are written out minute by minute,
windows as spans of wall-clock time, and every event is looked at for every rule. Slow and plain on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

import dialer.compliance

FOLDER = Path(dialer.compliance.__file__).parent
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WRITTEN = ("sms", "email", "chat", "letter")
ALL_DAY = frozenset(range(24 * 60))


@dataclass
class Event:
    at: datetime
    channel: str
    counts: set[str]
    phone: str | None = None
    debts: tuple[str, ...] = ()
    account: str | None = None
    creditor: str | None = None
    to: str | None = None
    abandoned: bool = False
    machine: bool = False
    consent_at: datetime | None = None


@dataclass(frozen=True)
class Wanted:
    """A wish of the debtor's file."""

    kind: str  # only, never, prefer, allow
    channel: str | None = None
    weekdays: tuple[int, ...] = ()  # Monday = 1; none: every day
    starts: str | None = None  # HH:MM
    ends: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    by_debtor: bool = True

    @property
    def timed(self) -> bool:
        return bool(self.weekdays or self.starts or self.ends)


@dataclass(frozen=True)
class LocalDay:
    """A holiday that only a place keeps."""

    day: date
    place: str
    city: str | None = None


@dataclass(frozen=True)
class Terms:
    """A campaign: its rule set and what is laid over it. A contract binds the debts of its creditor alone."""

    place: str
    overlays: tuple[tuple[str | None, str], ...] = ()  # creditor (None: the campaign's own), YAML
    days: tuple[LocalDay, ...] = ()


@dataclass
class Question:
    """A contact about to be made."""

    terms: Terms
    at: datetime
    channel: str
    zone: str | None = None
    phone: str | None = None
    debts: tuple[str, ...] = ()
    account: str | None = None
    creditor: str | None = None
    to: str | None = None
    subdivision: str | None = None
    city: str | None = None
    role: str = "debtor"
    do_not_call: bool = False
    cease_request: bool = False
    attorney: bool = False
    employer_forbids: bool = False
    in_flight: int = 0
    answers_request: bool = False
    consent_at: datetime | None = None
    agent_reserved: bool = False
    wishes: tuple[Wanted, ...] = ()
    history: list[Event] = field(default_factory=list)
    #: When it was asked, if it is asked of a later moment: the wishes that hold are those of then.
    asked_at: datetime | None = None


class Law:
    """The law of a campaign on one person: its place's, his own, with what is laid over."""

    def __init__(self, terms: Terms, subdivision: str | None, city: str | None, creditor: str | None) -> None:
        place = terms.place
        country = place.split("-")[0]
        preset = _file(f"presets/{country}.yaml")
        lives = place
        if subdivision and subdivision.startswith(f"{country}-") and not _within(place, subdivision):
            lives = subdivision
        parts: list[dict[str, Any]] = []
        for where in (place, lives):
            parts += [
                p for p in preset.get("subdivisions", []) if _within(where, p["code"]) and p not in parts
            ]
        mine = [part for part in parts if _within(lives, part["code"])]
        self.zones: list[str] = (mine[-1] if mine else preset)["zones"]
        laid = [_overlay(text) for whose, text in terms.overlays if whose in (None, creditor)]
        found: list[dict[str, Any]] = [preset, *parts]
        self.layers: list[dict[str, Any]] = [*found, *laid]
        self.house = _file("policy.yaml")
        table = _file(f"holidays/{preset['holidays']}.yaml")
        self.years = {int(year) for year in table["national"]}
        self.holidays = set(_dates(table["national"]))
        for where in (place, lives):
            iso = "-".join(where.split("-")[:2])
            self.holidays |= set(_dates(table.get("added_by_subdivision", {}).get(iso, {})))
        self.holidays |= {d.day for d in terms.days if _kept(d, lives, city)}
        hours = [layer["hours"] for layer in found if "hours" in layer] or [self.house["hours"]]
        self.hours = [*hours, *(layer["hours"] for layer in laid if "hours" in layer)]
        self.limits: list[tuple[dict[str, Any], dict[str, Any]]] = []
        for layer in found:
            self.limits += [(rule, layer) for rule in _limits(layer)]
        counted = {rule["counts"] for rule, _ in self.limits}
        if "attempt" not in counted:
            self.limits += [(rule, {}) for rule in self.house["max_attempts"]]
            if not counted & {"contact", "conversation"}:
                block = self.house["after_contact_block"]
                self.limits.append(({**block, "counts": block["after"], "max": 1}, {}))
        for layer in laid:
            self.limits += [(rule, {}) for rule in _limits(layer)]
        self._minutes: dict[tuple[int, date], frozenset[int]] = {}

    def forbids(self, q: Question) -> set[str]:
        """The kinds of rule that forbid it: hours, debtor_wish, consent, a limit's id, gap, redial, whom."""
        found: set[str] = set(self._whom(q))
        asked = q.asked_at or q.at
        wishes = [w for w in q.wishes if (w.since or asked) <= asked and (w.until is None or asked < w.until)]
        for zone in self._zones_of(q):
            local = q.at.astimezone(zone).replace(tzinfo=None)
            found |= set(self._closed(q, wishes, local))
            found |= {rule["id"] for rule, layer in self.limits if self._reached(rule, layer, q, zone, local)}
        if self._unwanted(q, wishes):
            found.add("channel_consent")
        if q.channel == "voice":
            found |= set(self._too_close(q))
        return found

    def _zones_of(self, q: Question) -> list[ZoneInfo]:
        return [ZoneInfo(name) for name in ([q.zone] if q.zone else self.zones)]

    # --- whom ---------------------------------------------------------------------------------------------

    def _whom(self, q: Question) -> Iterator[str]:
        if q.do_not_call:
            yield "do_not_call"
        law = [layer for layer in self.layers if "contact_scope" in layer]
        told = [layer for layer in law if "code" in layer]
        scopes = [layer["contact_scope"] for layer in law] + ([] if told else [self.house["contact_scope"]])
        for scope in scopes:
            if (
                q.role not in scope["roles"]
                or (q.to == "workplace" and (scope["workplace"] == "forbidden" or q.employer_forbids))
                or (q.cease_request and scope.get("cease_request_stops", True))
                or (q.attorney and scope.get("attorney_stops", False))
            ):
                yield "contact_scope"

    def _unwanted(self, q: Question, wishes: list[Wanted]) -> bool:
        plain = [w for w in wishes if w.channel and not w.timed]
        chosen = {w.channel for w in plain if w.kind == "only"}
        if any(w.kind == "never" and w.channel == q.channel for w in plain):
            return True
        if chosen and q.channel not in chosen:
            return True
        for rule in (layer["channel_consent"] for layer in self.layers if "channel_consent" in layer):
            bound = rule["channels"] == "all" or q.channel in rule["channels"]
            # Nothing in a debtor's file says that he consented in writing.
            said = rule["basis"] == "authorised" and q.channel in chosen
            if bound and rule["when_unknown"] == "refused" and not said:
                return True
        return False

    # --- when ---------------------------------------------------------------------------------------------

    def _closed(self, q: Question, wishes: list[Wanted], local: datetime) -> Iterator[str]:
        mine = [w for w in wishes if w.channel in (None, q.channel)]
        for n, hours in enumerate(self.hours):
            minutes = self._minutes_of(n, local.date())
            if hours.get("debtor_can_widen") and local.date() not in self.holidays:
                for wish in (w for w in mine if w.kind == "allow" and w.timed and w.by_debtor):
                    minutes |= _span_of(wish, local.isoweekday())
            if not self._rings_within(minutes, q, local):
                yield "hours"
        narrow = self._wanted_minutes(mine, local.date())
        if not self._rings_within(narrow, q, local):
            yield "debtor_wish"

    def _minutes_of(self, n: int, day: date) -> frozenset[int]:
        """The open minutes of a day by the n-th hours."""
        if (n, day) not in self._minutes:
            name = "holiday" if day in self.holidays else WEEKDAYS[day.weekday()]
            spans = (_minutes(*span.split("-")) for span in self.hours[n]["days"][name])
            self._minutes[n, day] = frozenset().union(*spans)
        return self._minutes[n, day]

    def _wanted_minutes(self, wishes: list[Wanted], day: date) -> frozenset[int]:
        only = [w for w in wishes if w.kind == "only" and w.timed]
        never = [w for w in wishes if w.kind == "never" and (w.timed or w.channel is None)]
        holiday = day in self.holidays
        minutes = ALL_DAY
        if only:
            spans = [] if holiday else [_span_of(w, day.isoweekday()) for w in only]
            minutes = frozenset().union(*spans)
        for wish in never:
            # A holiday may be meant by any weekday.
            for weekday in range(1, 8) if holiday else (day.isoweekday(),):
                minutes -= _span_of(wish, weekday)
        return minutes

    def _rings_within(self, minutes: frozenset[int], q: Question, local: datetime) -> bool:
        """Whether it is open in every minute from now to the last second of the ring."""
        if local.year not in self.years:
            return False
        ring_s = self.house["stop_originating_before_end_s"] if q.channel == "voice" else 1
        second = local.hour * 3600 + local.minute * 60 + local.second
        touched = range(second // 60, (second + ring_s - 1) // 60 + 1)
        return all(minute % 1440 in minutes for minute in touched)

    # --- how often ----------------------------------------------------------------------------------------

    def _reached(
        self, rule: dict[str, Any], layer: dict[str, Any], q: Question, zone: ZoneInfo, local: datetime
    ) -> bool:
        channels = rule["channels"]
        if channels != "all" and q.channel not in channels:
            return False
        if layer.get("reply_exception") and q.answers_request:
            return False
        if rule["counts"] == "attempt" and q.channel in WRITTEN and not rule.get("messages_count"):
            return False
        if rule.get("to") and (q.to or "home") not in rule["to"]:
            return False
        if "effective" in rule and local.date() < date.fromisoformat(rule["effective"]):
            return False
        free = layer.get("consent_exclusion", {}).get("max_days", 0)
        if q.consent_at and all(_free(free, q.consent_at, q.at, each) for each in self._zones_of(q)):
            return False
        events = []
        for event in q.history:
            kinds = set(event.counts)
            if "conversation" in kinds:
                kinds.add("contact")
            wanted = {rule["counts"], *(["message"] if rule.get("messages_count") else [])}
            if (
                event.at <= q.at
                and kinds & wanted
                and (channels == "all" or event.channel in channels)
                and (not rule.get("to") or event.to is None or event.to in rule["to"])
                and not (event.consent_at and _free(free, event.consent_at, event.at, zone))
            ):
                events.append(event)
        return any(self._full(rule, q, group, zone, local) for group in _groups(rule["unit"], q, events))

    def _full(
        self, rule: dict[str, Any], q: Question, events: list[Event], zone: ZoneInfo, local: datetime
    ) -> bool:
        kind, days = rule["window"]["kind"], rule["window"].get("days", 1)
        inside = []
        for event in events:
            then = event.at.astimezone(zone).date()
            if kind == "calendar_day":
                hit = then == local.date()
            elif kind == "calendar_week":
                hit = then.isocalendar()[:2] == local.date().isocalendar()[:2]
            elif kind == "rolling_days":
                hit = q.at - event.at < timedelta(days=days)
            else:  # blocks of a campaign whose first day is not known begin with each event
                hit = local.date() in {then + timedelta(days=n) for n in range(days)}
            if hit:
                inside.append(event)
        if "max" in rule and len(inside) >= rule["max"]:
            return True
        channels = {event.channel for event in inside} | {q.channel}
        if "max_distinct_channels" in rule and len(channels) > rule["max_distinct_channels"]:
            return True
        gap = timedelta(days=rule.get("min_gap_days", 0))
        return any(q.at - event.at < gap for event in events)

    def _too_close(self, q: Question) -> Iterator[str]:
        if q.in_flight >= self.house["max_in_flight_per_person"]:
            yield "max_in_flight_per_person"
        gaps = self.house["min_gap_between_attempts_s"]
        pattern = [x["same_phone_pattern"]["min_gap_s"] for x in self.layers if "same_phone_pattern" in x]
        same_s = max([gaps["same_phone"], *pattern])
        for event in (e for e in q.history if e.at <= q.at):
            apart = (q.at - event.at).total_seconds()
            if "attempt" in event.counts and event.channel == "voice":
                same = q.phone is None or event.phone is None or event.phone == q.phone
                if apart < (same_s if same else gaps["same_person_other_phone"]):
                    yield "min_gap_between_attempts_s"
            for name, happened in (
                ("after_abandoned_call", event.abandoned),
                ("after_amd_machine", event.machine),
            ):
                law = [layer for layer in self.layers if name in layer]
                rules = [layer[name] for layer in law]
                rules += [] if any("code" in layer for layer in law) else [self.house[name]]
                hours = max(rule["no_automatic_redial_h"] for rule in rules)
                if happened and not q.agent_reserved and apart < hours * 3600:
                    yield name


def _limits(layer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from layer.get("limits", [])
    for rule in layer.get("cooling_off", []):
        yield {**rule, "counts": rule["after"], "max": 1}


def _groups(unit: str, q: Question, events: list[Event]) -> list[list[Event]]:
    """The events that count together, for each thing the contact may be about."""
    if unit == "person":
        return [events]

    def of(thing: Question | Event) -> set[str]:
        named = {
            "phone": (thing.phone,),
            "person_debt": thing.debts,
            "person_account": (thing.account,),
            "person_creditor": (thing.creditor,),
        }
        return {name for name in named[unit] if name}

    mine = of(q) or {name for event in events for name in of(event)} or {""}
    return [[e for e in events if not of(e) or one in of(e)] for one in mine]


def _free(days: int, consent_at: datetime, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a contact of `at` lies in the days of a consent, the day it was given the first of them."""
    given = consent_at.astimezone(zone).date()
    return consent_at <= at and at.astimezone(zone).date() in {given + timedelta(days=n) for n in range(days)}


def _within(place: str, wider: str) -> bool:
    return place == wider or place.startswith(f"{wider}-")


def _kept(day: LocalDay, lives: str, city: str | None) -> bool:
    anywhere_in_the_country = "-" not in lives and _within(day.place, lives)
    here = _within(lives, day.place) or anywhere_in_the_country
    return here and (day.city is None or city is None or day.city.lower() == city.lower())


def _dates(years: dict[str, list[str]]) -> Iterator[date]:
    return (date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days)


@cache
def _minutes(start: str, end: str) -> frozenset[int]:
    first, last = (int(edge[:2]) * 60 + int(edge[3:5]) for edge in (start, end))
    return frozenset(range(first, last))


def _span_of(wish: Wanted, weekday: int) -> frozenset[int]:
    if wish.weekdays and weekday not in wish.weekdays:
        return frozenset()
    return _minutes(wish.starts or "00:00", wish.ends or "24:00")


# Each holds a set of minutes for each day of the week, and a million cases know far more of them.
@lru_cache(maxsize=2048)
def law_of(terms: Terms, subdivision: str | None, city: str | None, creditor: str | None) -> Law:
    return Law(terms, subdivision, city, creditor)


@cache
def _overlay(text: str) -> Any:
    return yaml.safe_load(text)


@cache
def _file(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))
