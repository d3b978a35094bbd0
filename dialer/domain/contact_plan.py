"""How often, and when, a campaign tries its leads: retry rules by outcome, and quotas by part of the day.

"Six tries over five days in three parts of the day" is a quota: at most two in each part. A part of the day is the
person's own: morning before noon, afternoon before five, evening after. The law is judged apart, and may say no to what
a plan allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from dialer.domain.errors import BadInput
from dialer.domain.outcomes import MAX_ATTEMPTS, RECYCLE, Outcome, RecycleRule

#: When each part of the day begins, local time.
PART_BEGINS = (time(0), time(12), time(17))
MAX_TRIES = 100
MAX_DAYS = 90
MAX_DELAY = timedelta(days=60)
_DELAY = re.compile(r"([0-9]{1,5})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many tries of a lead, over so many days counted from the first, so many a day and in each part."""

    tries: int
    days: int
    per_day: int
    parts: tuple[int, int, int]  # morning, afternoon, evening

    def next_slot(self, tried: Sequence[datetime], at: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment from `at` on at which the quota allows another try; None when it is used up.

        `tried`: the tries so far. All times are aware; the answer is UTC.
        """
        before = [each.astimezone(zone) for each in tried]
        if len(before) >= self.tries:
            return None
        in_part = [0, 0, 0]
        for each in before:
            in_part[_part_of(each.time())] += 1
        local = at.astimezone(zone)
        first = min((each.date() for each in before), default=local.date())
        for ahead in range(self.days):
            day = first + timedelta(days=ahead)
            if day < local.date() or sum(each.date() == day for each in before) >= self.per_day:
                continue
            for part, begins in enumerate(PART_BEGINS):
                if in_part[part] >= self.parts[part]:
                    continue
                if day == local.date() and part < _part_of(local.time()):
                    continue
                begin = _moment(day, begins, zone)
                return max(at.astimezone(UTC), begin)
        return None


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """A campaign's own way to try; what it does not say is as usual."""

    rules: Mapping[Outcome, RecycleRule] = field(default_factory=lambda: MappingProxyType(RECYCLE))
    max_attempts: int = MAX_ATTEMPTS
    quota: Quota | None = None

    def as_json(self) -> dict[str, object]:
        """Only what differs from the usual."""
        changed = {
            outcome.value: {
                "delay_s": int(rule.delay.total_seconds()),
                "max_tries": rule.max_tries,
                "next_phone": rule.next_phone,
            }
            for outcome, rule in self.rules.items()
            if rule != RECYCLE[outcome]
        }
        data: dict[str, object] = {"rules": changed, "max_attempts": self.max_attempts}
        if self.quota is not None:
            data["quota"] = {
                "tries": self.quota.tries,
                "days": self.quota.days,
                "per_day": self.quota.per_day,
                "parts": list(self.quota.parts),
            }
        return data


USUAL = ContactPlan()


def read_plan(data: object) -> ContactPlan:
    """A plan as it is stored; None is the usual one. Raises BadInput that says what is wrong."""
    if data is None:
        return USUAL
    if not isinstance(data, Mapping):
        raise BadInput("a contact plan is an object")
    _only(data, {"rules", "max_attempts", "quota"}, "plan")
    rules = dict(RECYCLE)
    given = data.get("rules", {})
    if not isinstance(given, Mapping):
        raise BadInput("plan: rules is an object of outcomes")
    for name, rule in given.items():
        if name not in list(Outcome):
            raise BadInput(f"plan: there is no outcome {str(name)[:40]!r}; choose from {', '.join(Outcome)}")
        outcome = Outcome(name)
        if not isinstance(rule, Mapping):
            raise BadInput(f"plan: {outcome} needs delay_s and max_tries")
        _only(rule, {"delay_s", "max_tries", "next_phone"}, outcome)
        next_phone = rule.get("next_phone", rules[outcome].next_phone)
        if not isinstance(next_phone, bool):
            raise BadInput(f"plan: {outcome}: next_phone is true or false")
        rules[outcome] = replace(
            rules[outcome],
            delay=timedelta(
                seconds=_whole(rule.get("delay_s"), 0, int(MAX_DELAY.total_seconds()), f"{outcome}: delay_s")
            ),
            max_tries=_whole(rule.get("max_tries"), 0, MAX_TRIES, f"{outcome}: max_tries"),
            next_phone=next_phone,
        )
    attempts = _whole(data.get("max_attempts", MAX_ATTEMPTS), 1, MAX_TRIES, "max_attempts")
    return ContactPlan(MappingProxyType(rules), attempts, _quota(data.get("quota")))


def parse_rule(text: str) -> tuple[Outcome, RecycleRule]:
    """`no_answer=2h:4` (rest two hours, at most four times in a row on a number). Raises BadInput."""
    name, _, rest = text.partition("=")
    delay, _, tries = rest.partition(":")
    found = _DELAY.fullmatch(delay.strip())
    if name.strip() not in list(Outcome) or not found or not tries.strip().isdigit():
        raise BadInput(
            f"rule {text!r} is not OUTCOME=REST:TRIES, e.g. no_answer=2h:4; outcomes are {', '.join(Outcome)}"
        )
    outcome = Outcome(name.strip())
    rest_for = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if rest_for > MAX_DELAY:
        raise BadInput(f"rule {text!r}: rest at most {MAX_DELAY.days} days")
    return outcome, replace(
        RECYCLE[outcome], delay=rest_for, max_tries=min(int(tries), MAX_TRIES), doubling=False
    )


def _quota(data: object) -> Quota | None:
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise BadInput("plan: quota needs tries, days, per_day and parts")
    _only(data, {"tries", "days", "per_day", "parts"}, "quota")
    tries = _whole(data.get("tries"), 1, MAX_TRIES, "quota: tries")
    parts = data.get("parts")
    if not isinstance(parts, Sequence) or isinstance(parts, str) or len(parts) != len(PART_BEGINS):
        raise BadInput("plan: quota: parts are three numbers: morning, afternoon, evening")
    morning, afternoon, evening = (_whole(each, 0, MAX_TRIES, "quota: parts") for each in parts)
    if morning + afternoon + evening < tries:
        raise BadInput(
            f"plan: the parts of the day hold {morning + afternoon + evening} tries, fewer than the {tries} in all"
        )
    days = _whole(data.get("days"), 1, MAX_DAYS, "quota: days")
    per_day = _whole(data.get("per_day"), 1, MAX_TRIES, "quota: per_day")
    if per_day * days < tries:
        raise BadInput(f"plan: {days} days of {per_day} tries hold fewer than the {tries} in all")
    return Quota(tries, days, per_day, (morning, afternoon, evening))


def _whole(value: object, least: int, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"plan: {what} is a whole number from {least} to {most}")
    return value


def _only(data: Mapping[object, object], known: set[str], where: str) -> None:
    if unknown := set(map(str, data)) - known:
        raise BadInput(f"plan: {where} has no {min(unknown)!r}; it takes {', '.join(sorted(known))}")


def _part_of(at: time) -> int:
    return max(part for part, begins in enumerate(PART_BEGINS) if at >= begins)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
