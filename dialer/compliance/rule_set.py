"""A rule set: the figures of one jurisdiction's law, strictly typed, loaded from `presets/<name>.yaml`."""

from __future__ import annotations

import re
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
    """A rule set from its YAML tree; strict, since a mistyped key would be a law forgotten. Raises BadInput."""
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise BadInput(f"a rule set has exactly the keys {', '.join(sorted(_KEYS))}")
    name, version, notice, rules = data["name"], data["version"], data["notice"], data["rules"]
    for key, value in (("name", name), ("version", version)):
        if not isinstance(value, str):  # 1.10 would be read as 1.1
            raise BadInput(f"{key} is text: put it in quotes")
    if not isinstance(notice, dict) or not all(isinstance(t, str) for pair in notice.items() for t in pair):
        raise BadInput("notice gives a text by language, or is {}")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, str) for rule in rules):
        raise BadInput(f"rules is a list of: {', '.join(sorted(KNOWN_RULES))}")
    if unknown := set(rules) - KNOWN_RULES:
        raise BadInput(f"unknown rules: {', '.join(sorted(unknown))}")
    hours = data["calling_hours"]
    if not isinstance(hours, dict) or set(hours) != set(WEEKDAYS):
        raise BadInput("calling_hours names each weekday once, Monday to Sunday")
    return RuleSet(
        name=name,
        version=version,
        notice=notice,
        rules=tuple(rules),
        hours=tuple(_span(day, hours[day]) for day in WEEKDAYS),
    )


_SPAN = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


def _span(day: str, text: object) -> tuple[time, time] | None:
    if text == "none":
        return None
    try:
        found = _SPAN.fullmatch(str(text))
        start, end = found.groups() if found else ("", "")
        # 24:00 is the day's end; the last representable instant stands for it, the comparison is exclusive.
        span = time.fromisoformat(start), time.max if end == "24:00" else time.fromisoformat(end)
    except ValueError:
        raise BadInput(f'calling_hours.{day}: {text!r} is not "HH:MM-HH:MM" or none, in quotes') from None
    if span[0] >= span[1]:
        raise BadInput(f"calling_hours.{day}: {text!r} ends before it begins")
    return span
