"""A rule set: the figures of one jurisdiction's law, strictly typed, loaded from `presets/<name>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from importlib.resources import files

import yaml

from dialer.domain.errors import BadInput

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KNOWN_RULES = frozenset({"do_not_call", "calling_hours"})
#: Per weekday (Monday first) the allowed span in the debtor's zone, end exclusive; None = no calls that day.
Hours = tuple[tuple[time, time] | None, ...]
_KEYS = frozenset({"name", "version", "notice", "rules", "calling_hours"})


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One preset."""

    name: str
    version: str
    #: Shown on every screen of a campaign that runs under it ("laboratory: ..."), by language; may be empty.
    notice: Mapping[str, str]
    rules: tuple[str, ...]
    hours: Hours


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule looks at."""

    rules: RuleSet
    at: datetime
    number: str  # E.164
    time_zone: str | None
    on_do_not_call: bool
    ring_timeout_s: int


@dataclass(frozen=True, slots=True)
class Deny:
    """Not now: which rule, and when it clears (None: not by time alone)."""

    rule: str
    until: datetime | None


@cache
def load_rule_set(name: str) -> RuleSet:
    """The preset `name`. Raises BadInput on an unknown name, key, rule or malformed span."""
    folder = files("dialer.compliance") / "presets"
    names = sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml"))
    if name not in names:
        raise BadInput(f"no rule set {name!r}; there are: {', '.join(names)}")
    return parse_rule_set(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")))


def parse_rule_set(data: object) -> RuleSet:
    """A rule set from its YAML tree; strict, since a mistyped key would be a law forgotten."""
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise BadInput(f"a rule set has exactly the keys {', '.join(sorted(_KEYS))}")
    rules = tuple(data["rules"])
    if unknown := set(rules) - KNOWN_RULES:
        raise BadInput(f"unknown rules: {', '.join(sorted(map(str, unknown)))}")
    hours = data["calling_hours"]
    if not isinstance(hours, dict) or set(hours) != set(WEEKDAYS):
        raise BadInput("calling_hours names each weekday once, Monday to Sunday")
    return RuleSet(
        name=str(data["name"]),
        version=str(data["version"]),
        notice={str(k): str(v) for k, v in data["notice"].items()},
        rules=rules,
        hours=tuple(_span(day, hours[day]) for day in WEEKDAYS),
    )


def _span(day: str, text: object) -> tuple[time, time] | None:
    if text == "none":
        return None
    try:
        start, end = str(text).split("-")
        # 24:00 is the day's end; the last representable instant stands for it, the comparison is exclusive.
        span = time.fromisoformat(start), time.max if end == "24:00" else time.fromisoformat(end)
    except ValueError:
        raise BadInput(f"calling_hours.{day}: {text!r} is not HH:MM-HH:MM or none") from None
    if span[0] >= span[1]:
        raise BadInput(f"calling_hours.{day}: {text!r} ends before it begins")
    return span
