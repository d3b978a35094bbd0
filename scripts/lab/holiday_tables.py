"""Makes the vendored holiday tables. Run by `scripts/holiday_tables`, which brings the package `holidays`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

FIRST, LAST = 2024, 2032
#: The country's own table is that of this part where the national list alone leaves most people's holidays out.
BASE = {"GB": "ENG"}
COUNTRIES = ("AR", "BR", "CL", "CO", "EC", "ES", "GB", "MX", "PE", "US")
#: Their presets allow the same hours on holidays, or their parts add none that bind.
WITHOUT_PARTS = {"US", "AR"}


def main(folder: Path) -> None:
    package = importlib.import_module("holidays")
    folder.mkdir(parents=True, exist_ok=True)
    for country in COUNTRIES:
        base = dates(package, country, BASE.get(country))
        known = package.list_supported_countries()[country] if country not in WITHOUT_PARTS else []
        lines = [
            f"# Public holidays of {country}, made by scripts/holiday_tables from the package holidays"
            f" {package.__version__} (MIT).",
            "format: cadencia-holidays/1",
            f"country: {country}",
            "national:",
            *rows(base, "  "),
        ]
        parts = {
            part: {year: days - base[year] for year, days in dates(package, country, part).items()}
            for part in known
            if part.isascii() and len(part) <= 3
        }
        if any(any(years.values()) for years in parts.values()):
            lines.append("added_by_subdivision:")
            for part, years in sorted(parts.items()):
                if any(years.values()):
                    lines += [f'  "{country}-{part}":', *rows(years, "    ")]
        (folder / f"{country}.yaml").write_text("\n".join(lines) + "\n", "utf-8")


def dates(package: object, country: str, part: str | None) -> dict[int, set[str]]:
    """Month and day of each holiday, by year."""
    return {
        year: {f"{day:%m-%d}" for day in package.country_holidays(country, subdiv=part, years=year)}  # type: ignore[attr-defined]
        for year in range(FIRST, LAST + 1)
    }


def rows(years: dict[int, set[str]], indent: str) -> list[str]:
    listed = {year: ", ".join(f'"{day}"' for day in sorted(days)) for year, days in years.items()}
    return [f'{indent}"{year}": [{days}]' for year, days in listed.items()]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "dialer/compliance/holidays")
