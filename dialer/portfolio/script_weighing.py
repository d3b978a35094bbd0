"""A script's versions weighed against each other, and what changed from one to another."""

from __future__ import annotations

import difflib

import orjson

from dialer.portfolio.split import Judgement, Tally, judge
from dialer.store.scripts import Version


def tally_of(version: Version) -> Tally:
    return Tally(version.leads, version.promised, version.handling_s, version.handling_sd_s)


def rival_of(version: Version, versions: list[Version]) -> Version | None:
    """The version it is weighed against: the other one of its script that calls hear now, with most leads."""
    others = [v for v in versions if v.script_id == version.script_id and v.id != version.id and v.share > 0]
    return max(others, key=lambda other: other.leads, default=None)


def judgement_of(version: Version, versions: list[Version]) -> Judgement | None:
    """How a version that calls hear does against its rival; None without one."""
    rival = rival_of(version, versions) if version.share > 0 else None
    return None if rival is None else judge(tally_of(version), tally_of(rival))


def compare(old: object, new: object, old_name: str, new_name: str) -> list[str]:
    """A unified diff of two graphs, pretty-printed."""

    def lines(graph: object) -> list[str]:
        return orjson.dumps(graph, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode().splitlines()

    return list(difflib.unified_diff(lines(old), lines(new), old_name, new_name, lineterm=""))
