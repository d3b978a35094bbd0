"""The contact law counted again by brute force, to be compared with `dialer.compliance`.

It shares no code with it: the preset files are read as plain YAML, windows are written out as spans of wall-clock time,
and every event is looked at for every rule. Slow and plain on purpose. Also makes the random cases.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

import dialer.compliance

FOLDER = Path(dialer.compliance.__file__).parent
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANNELS = ("voice", "visit", "sms", "email", "chat", "letter", "voicemail")
WRITTEN = ("sms", "email", "chat", "letter")


@dataclass
class Event:
    at: datetime
    channel: str
    counts: set[str]
    phone: str | None = None
    debts: tuple[str, ...] = ()
    account: str | None = None
    abandoned: bool = False
    machine: bool = False


@dataclass
class Question:
    """A contact about to be made."""

    place: str
    at: datetime
    channel: str
    zone: str | None
    phone: str | None
    debts: tuple[str, ...]
    account: str | None
    agent_reserved: bool
    history: list[Event] = field(default_factory=list)


class Law:
    """One place's law, out of the files."""

    def __init__(self, place: str) -> None:
        preset = _file(f"presets/{place.split('-')[0]}.yaml")
        parts = [
            part
            for part in preset.get("subdivisions", [])
            if place == part["code"] or place.startswith(part["code"] + "-")
        ]
        self.layers: list[dict[str, Any]] = [preset, *parts]
        self.zones: list[str] = (parts[-1] if parts else preset)["zones"]
        self.house = _file("policy.yaml")
        table = _file(f"holidays/{preset['holidays']}.yaml")
        self.years = {int(year) for year in table["national"]}
        days = dict(table["national"])
        iso = "-".join(place.split("-")[:2])
        self.holidays = {date.fromisoformat(f"{y}-{d}") for y, ds in days.items() for d in ds}
        added = table.get("added_by_subdivision", {}).get(iso, {})
        self.holidays |= {date.fromisoformat(f"{y}-{d}") for y, ds in added.items() for d in ds}
        self.hours = [layer["hours"]["days"] for layer in self.layers if "hours" in layer] or [
            self.house["hours"]["days"]
        ]
        self.limits: list[tuple[dict[str, Any], dict[str, Any]]] = []
        for layer in self.layers:
            self.limits += [(rule, layer) for rule in layer.get("limits", [])]
            self.limits += [
                ({**rule, "counts": rule["after"], "max": 1}, layer) for rule in layer.get("cooling_off", [])
            ]
        counted = {rule["counts"] for rule, _ in self.limits}
        if "attempt" not in counted:
            self.limits += [(rule, {}) for rule in self.house["max_attempts"]]
            if not counted & {"contact", "conversation"}:
                block = self.house["after_contact_block"]
                self.limits.append(({**block, "counts": block["after"], "max": 1}, {}))

    def forbids(self, q: Question) -> set[str]:
        """The kinds of rule that forbid it: hours, consent, a limit's id, gap, redial."""
        found: set[str] = set()
        for name in [q.zone] if q.zone else self.zones:
            zone = ZoneInfo(name)
            local = q.at.astimezone(zone).replace(tzinfo=None)
            last = local + timedelta(seconds=60 if q.channel == "voice" else 0)
            if not all(self._open(days, local, last) for days in self.hours):
                found.add("hours")
            found |= {rule["id"] for rule, _ in self.limits if self._reached(rule, q, zone, local)}
        for layer in self.layers:
            consent = layer.get("channel_consent")
            if (
                consent
                and consent["when_unknown"] == "refused"
                and (consent["channels"] == "all" or q.channel in consent["channels"])
            ):
                found.add("channel_consent")
        if q.channel == "voice":
            found |= self._too_close(q)
        return found

    def _open(self, days: dict[str, list[str]], local: datetime, last: datetime) -> bool:
        if local.year not in self.years:
            return False
        name = "holiday" if local.date() in self.holidays else WEEKDAYS[local.weekday()]
        now, end = local.strftime("%H:%M:%S.%f"), last.strftime("%H:%M:%S.%f")
        for span in days[name]:
            opens, closes = (f"{edge}:00.000000" for edge in span.split("-"))
            if opens <= now < closes and last.date() == local.date() and end <= closes:
                return True
        return False

    def _reached(self, rule: dict[str, Any], q: Question, zone: ZoneInfo, local: datetime) -> bool:
        channels = rule["channels"]
        if channels != "all" and q.channel not in channels:
            return False
        if rule["counts"] == "attempt" and q.channel in WRITTEN and not rule.get("messages_count"):
            return False
        if "workplace" in rule.get("to", []) or "other" in rule.get("to", []):
            return False  # the cases here are about home and cell
        if "effective" in rule and local.date() < date.fromisoformat(rule["effective"]):
            return False
        events = []
        for event in q.history:
            kinds = set(event.counts)
            if "conversation" in kinds:
                kinds.add("contact")
            wanted = {rule["counts"], *(["message"] if rule.get("messages_count") else [])}
            if event.at <= q.at and kinds & wanted and (channels == "all" or event.channel in channels):
                events.append(event)
        unit = rule["unit"]
        if unit == "person":
            return self._full(rule, q, events, zone, local)
        if unit == "person_debt":
            mine = set(q.debts) or {debt for event in events for debt in event.debts} or {""}
            groups = [[e for e in events if not e.debts or one in e.debts] for one in mine]
        else:
            accounts = {q.account} if q.account else {e.account for e in events if e.account} or {""}
            groups = [[e for e in events if e.account in (None, one)] for one in accounts]
        return any(self._full(rule, q, group, zone, local) for group in groups)

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
            elif kind == "consecutive_days":
                hit = local.date() in {then + timedelta(days=n) for n in range(days)}
            else:
                hit = q.at - event.at < timedelta(days=days)
            if hit:
                inside.append(event)
        if "max" in rule and len(inside) >= rule["max"]:
            return True
        channels = {event.channel for event in inside} | {q.channel}
        if "max_distinct_channels" in rule and len(channels) > rule["max_distinct_channels"]:
            return True
        gap = timedelta(days=rule.get("min_gap_days", 0))
        return any(q.at - event.at < gap for event in events)

    def _too_close(self, q: Question) -> set[str]:
        found = set()
        gaps = self.house["min_gap_between_attempts_s"]
        for event in (e for e in q.history if e.at <= q.at):
            apart = (q.at - event.at).total_seconds()
            if "attempt" in event.counts and event.channel == "voice":
                same = q.phone is None or event.phone is None or event.phone == q.phone
                if apart < gaps["same_phone" if same else "same_person_other_phone"]:
                    found.add("min_gap_between_attempts_s")
            if not q.agent_reserved:
                for name, happened in (
                    ("after_abandoned_call", event.abandoned),
                    ("after_amd_machine", event.machine),
                ):
                    hours = self.house[name]["no_automatic_redial_h"]
                    if happened and apart < hours * 3600:
                        found.add(name)
        return found


_read: dict[str, Any] = {}


def _file(name: str) -> Any:
    if name not in _read:
        _read[name] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return _read[name]


# --- cases ------------------------------------------------------------------------------------------------

#: Days around which clocks change somewhere, holidays fall, or a rule comes into force.
DAYS = (
    *("2026-03-08", "2026-03-29", "2026-04-05", "2026-09-01", "2026-09-06", "2026-10-25", "2026-11-01"),
    *("2026-11-16", "2026-11-21", "2026-12-25", "2027-01-01", "2027-03-14", "2027-03-28", "2027-04-04"),
    *("2027-09-05", "2027-10-31", "2032-12-30"),
)
EDGES = (7, 8, 9, 14, 15, 17, 19, 20, 21, 22)


def random_question(
    rng: random.Random, places: tuple[str, ...], zones: dict[str, tuple[str, ...]]
) -> Question:
    """A case with instants near where the answers change."""
    place = rng.choice(places)
    zone = None if rng.random() < 0.15 else rng.choice(zones[place])
    there = ZoneInfo(zone or zones[place][0])
    day = date.fromisoformat(rng.choice(DAYS)) + timedelta(days=rng.randint(-3, 9))
    if rng.random() < 0.5:
        local = datetime(day.year, day.month, day.day, rng.choice(EDGES))
        local += timedelta(seconds=rng.choice((-61, -60, -59, -30, -1, 0, 1, 30, 3600)))
    else:
        local = datetime(
            day.year, day.month, day.day, rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
        )
    at = local.replace(tzinfo=there).astimezone(UTC)
    history = [_random_event(rng, at) for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 8, 12)))]
    return Question(
        place=place,
        at=at,
        channel=rng.choice(("voice",) * 6 + CHANNELS),
        zone=zone,
        phone=rng.choice((None, "p1", "p2")),
        debts=rng.choice(((), ("d1",), ("d2",), ("d1", "d2"))),
        account=rng.choice((None, "a1", "a2")),
        agent_reserved=rng.random() < 0.5,
        history=history,
    )


def _random_event(rng: random.Random, at: datetime) -> Event:
    back = rng.choice((3600.0, 7200.0, 86400.0, 86400.0 * 7, 86400.0 * 7, 86400.0 * 32))
    then = at - timedelta(seconds=round(rng.uniform(-0.02, 1) * back))
    if rng.random() < 0.1:
        then = at - timedelta(seconds=rng.choice((0, 900, 7200, 86400, 259200)))
    channel = rng.choice(("voice",) * 5 + CHANNELS)
    if channel == "voice":
        counts = rng.choice(
            (
                {"attempt"},
                {"attempt"},
                {"attempt", "answered_human"},
                {"attempt", "answered_human", "contact"},
                {"attempt", "answered_human", "contact", "conversation"},
                {"contact", "conversation"},
            )
        )
    else:
        counts = rng.choice(({"message"}, {"message"}, {"message", "contact"}, {"contact"}))
    lost = channel == "voice" and rng.random() < 0.1
    return Event(
        at=then,
        channel=channel,
        counts=set(counts),
        phone=rng.choice((None, "p1", "p1", "p2")),
        debts=rng.choice(((), ("d1",), ("d2",), ("d1", "d2"))),
        account=rng.choice((None, "a1", "a1", "a2")),
        abandoned=lost,
        machine=not lost and channel == "voice" and rng.random() < 0.05,
    )
