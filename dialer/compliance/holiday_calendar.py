"""Public holidays: vendored tables per country (`holidays/*.yaml`), pinned and fail-closed.

A year without a table has no lawful day: nobody knows which of its days are holidays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from dialer.compliance.preset import parse
from dialer.compliance.provisions import Part
from dialer.compliance.strict_yaml import read_yaml
from dialer.domain.errors import BadInput

Year = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
MonthDay = Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$")]


class HolidayTable(Part):
    """One country's file."""

    format: Literal["cadencia-holidays/1"]
    country: str
    national: dict[Year, tuple[MonthDay, ...]]
    #: Days that a subdivision (ISO 3166-2) keeps besides.
    added_by_subdivision: dict[str, dict[Year, tuple[MonthDay, ...]]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The holidays of one place; hashable by what it stands for."""

    place: tuple[str, ...]
    years: frozenset[int]
    days: frozenset[date]

    def covers(self, day: date) -> bool:
        return day.year in self.years

    def with_days(self, added: Iterable[date]) -> HolidayCalendar:
        """With local days besides, such as an election or a day of mourning."""
        more = frozenset(added)
        if more <= self.days:
            return self
        return HolidayCalendar((*self.place, *sorted(map(str, more))), self.years, self.days | more)


@cache
def load_calendar(country: str, subdivisions: tuple[str, ...] = ()) -> HolidayCalendar:
    """The table of `country` with what these subdivisions add. Raises BadInput when there is none."""
    entry = files("dialer.compliance") / "holidays" / f"{country}.yaml"
    if not (country.isalpha() and entry.is_file()):
        raise BadInput(f"no holiday table for {country!r}")
    table = parse(HolidayTable, read_yaml(entry.read_text("utf-8"), f"holidays/{country}.yaml"))
    days = set(_dates(table.national))
    for code in subdivisions:
        days.update(_dates(table.added_by_subdivision.get(code, {})))
    return HolidayCalendar((country, *subdivisions), frozenset(map(int, table.national)), frozenset(days))


def _dates(years: Mapping[str, tuple[str, ...]]) -> Iterable[date]:
    return (date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days)
