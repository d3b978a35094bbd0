"""The figures of `scripts/bench calls` as tables: at the terminal, and in the documentation."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from lab.stack import ROOT

DOCS = ROOT / "docs" / "benchmarks"
#: Growth that counts as flat: what the collector and the allocator move anyway.
FLAT_MIB = 2.0
#: What `lost` counts, in words.
LOSSES = {
    "not_dialled": "numbers not dialled",
    "not_ended": "attempts without an end",
    "invites_missing": "originates the telco did not see",
    "hangups_missing": "hang-ups not seen",
    "ends_missing": "calls the telco saw no end of",
    "outcomes_wrong": "outcomes that differ from the script",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(found: dict[str, Any]) -> None:
    """Print every table."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(_conditions(found), highlight=False)
    print_sheets(console, sheets(found))


def print_sheets(console: Console, printed: Sequence[Sheet]) -> None:
    """Each as a table with its title."""
    for sheet in printed:
        table = Table(title=sheet.title, title_justify="left")
        for n, column in enumerate(sheet.columns):
            table.add_column(column, justify="right" if n else "left")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def write_docs(found: dict[str, Any]) -> None:
    """`docs/benchmarks/calls.md` and the same figures whole as `calls.json`."""
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "calls.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    text = [PREFACE.strip(), _conditions(found)]
    for sheet in sheets(found):
        text.append(f"## {sheet.title}")
        text.append(markdown(sheet))
        if note := NOTES.get(sheet.title):
            text.append(note.strip())
    (DOCS / "calls.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


def sheets(found: dict[str, Any]) -> list[Sheet]:
    """The tables of the parts that were run."""
    parts = found["parts"]
    made = [_goals(parts)]
    if "sustained" in parts:
        made.append(_sustained(parts["sustained"]))
    if "latency" in parts:
        made.append(_latency(parts["latency"]))
    if "curve" in parts:
        made.append(_curve(parts["curve"]))
    if "memory" in parts:
        made.append(_memory(parts["memory"]))
    if profile := next((run["profile"] for run in _runs(parts) if "profile" in run), None):
        made.append(
            Sheet(TIME, ("part", "share %"), [(k, str(v)) for k, v in profile["layers_percent"].items()])
        )
        made.append(
            Sheet(TOP, ("function", "share %"), [(k, str(v)) for k, v in profile["own_percent"].items()])
        )
    return made


GOALS, SUSTAINED, LATENCY = (
    "Goals",
    "100 calls a second for a minute",
    "From the answer to both legs in one bridge",
)
CURVE, MEMORY, TIME, TOP = "Cost by pace", "Memory", "Where the dialer's time goes", "Functions at work"


def _goals(parts: dict[str, Any]) -> Sheet:
    rows: list[tuple[str, str, str, str]] = []

    def goal(what: str, wanted: str, measured: str, met: bool) -> None:
        rows.append((what, wanted, measured, "yes" if met else "no"))

    if "sustained" in parts:
        run = parts["sustained"]["dialer"]
        lost = sum(abs(n) for n in run["lost"].values())
        goal(
            "originates a second, sustained",
            ">= 100",
            f"{run['originates_per_s']:g}",
            run["originates_per_s"] >= 100,
        )
        goal("lost events and wrong outcomes", "0", str(lost), lost == 0)
        cpu = run["cpu_ms_per_attempt"]["dialer"]
        goal("dialer CPU an attempt at 100/s, ms", "<= 4", f"{cpu:g}", cpu <= 4)
    if "latency" in parts:
        for name, run in parts["latency"].items():
            ms, kind = run["answer_to_bridge_ms"], NAMES[name]
            goal(f"answer to bridge p50, {kind}, ms", "<= 10", _figure(ms["p50"]), _below(ms["p50"], 10))
            goal(f"answer to bridge p99, {kind}, ms", "<= 50", _figure(ms["p99"]), _below(ms["p99"], 50))
    if "memory" in parts:
        memory = parts["memory"]["memory"]
        growth = memory["bytes_per_attempt"] * memory["attempts"] / 2**20
        goal(
            f"memory over {memory['attempts']} attempts",
            f"<= +{FLAT_MIB:g} MiB",
            f"{growth:+.2f} MiB",
            growth <= FLAT_MIB,
        )
    return Sheet(GOALS, ("goal", "wanted", "measured", "met"), rows)


NAMES = {"mixed": "a floor's mix", "answers_only": "every call answered", "recorded": "notice and recording"}


def _sustained(part: dict[str, Any]) -> Sheet:
    before, run, after = part["bare_before"], part["dialer"], part["bare_after"]
    columns = ("", "bare script, before", "dialer", "bare script, after")
    rows = [
        ("originates", *(str(n) for n in (before["originates"], run["attempts"], after["originates"]))),
        ("a second", f"{before['per_s']:g}", f"{run['originates_per_s']:g}", f"{after['per_s']:g}"),
        ("slowest second", "", str(run["slowest_second"]), ""),
        ("INVITEs at the telco", *(str(r["telco"]["invites"]) for r in (before, run, after))),
        ("hang-ups seen by the observer", *(str(r["hangups_seen"]) for r in (before, run, after))),
        ("hang-ups counted, attempts ended", *_ends(before, run, after)),
        ("events a call", *(f"{r['events_per_call']:g}" for r in (before, run, after))),
        ("CPU of script or dialer, ms a call", *_cpu("bare", "dialer", before, run, after)),
        ("CPU of the switch, ms a call", *_cpu("switch", "switch", before, run, after)),
        ("CPU of PostgreSQL, ms a call", "", f"{run['cpu_ms_per_attempt']['postgres']:g}", ""),
        ("machine busy", *(f"{r['machine_busy']:.0%}" for r in (before, run, after))),
        *((f"lost: {words}", "", str(run["lost"][name]), "") for name, words in LOSSES.items()),
    ]
    return Sheet(SUSTAINED, columns, rows)


def _ends(before: dict[str, Any], run: dict[str, Any], after: dict[str, Any]) -> tuple[str, str, str]:
    return str(before["events"]["Hangup"]), str(run["attempts_ended"]), str(after["events"]["Hangup"])


def _cpu(bare: str, dialer: str, before: Any, run: Any, after: Any) -> tuple[str, str, str]:
    one, two, three = (r["cpu_ms_per_attempt"] for r in (before, run, after))
    return f"{one[bare]:g}", f"{two[dialer]:g}", f"{three[bare]:g}"


def _latency(part: dict[str, Any]) -> Sheet:
    columns = (
        "50 calls/s",
        "connected",
        "abandoned",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "max ms",
        "observer p50/p99 ms",
    )
    rows = []
    for name, run in part.items():
        ms, seen = run["answer_to_bridge_ms"], run["answer_to_bridge_observed_ms"]
        figures = (_figure(ms[key]) for key in ("p50", "p95", "p99", "max"))
        other = f"{_figure(seen['p50'])} / {_figure(seen['p99'])}"
        outcomes = run["outcomes"]
        label = f"{NAMES[name]}, {run['agents']} agents"
        rows.append((label, str(ms["n"]), str(outcomes.get("abandoned", 0)), *figures, other))
    return Sheet(LATENCY, columns, rows)


def _curve(part: dict[str, Any]) -> Sheet:
    columns = (
        "calls/s",
        "dialer ms",
        "switch ms",
        "PostgreSQL ms",
        "bridge p50/p99 ms",
        "plan to channel p50/p99 ms",
        "event to disk p50/p99 ms",
        "machine busy",
        "lost",
    )
    rows = []
    for pace, run in part.items():
        cpu = run["cpu_ms_per_attempt"]
        spreads = (
            f"{_figure(run[key]['p50'])} / {_figure(run[key]['p99'])}"
            for key in ("answer_to_bridge_ms", "planned_to_switch_ms", "event_lag_ms")
        )
        lost = sum(abs(n) for n in run["lost"].values())
        busy = f"{run['machine_busy']:.0%}"
        rows.append(
            (
                pace,
                f"{cpu['dialer']:g}",
                f"{cpu['switch']:g}",
                f"{cpu['postgres']:g}",
                *spreads,
                busy,
                str(lost),
            )
        )
    return Sheet(CURVE, columns, rows)


def _memory(run: dict[str, Any]) -> Sheet:
    memory = run["memory"]
    marks = [f"{memory['attempts'] * n // 4}" for n in range(5)]
    rows = [(mark, f"{size:g}") for mark, size in zip(marks, memory["mib_at_quarters"], strict=True)]
    rows.append(("slope after the first quarter", f"{memory['bytes_per_attempt']:g} bytes an attempt"))
    rows.append(("noise around it", f"{memory['noise_mib']:g}"))
    return Sheet(MEMORY, ("attempts ended", "resident MiB"), rows)


def _conditions(found: dict[str, Any]) -> str:
    loads = [run["load_average_before"] for run in _runs(found["parts"])]
    load = f"load average before the runs {min(loads):g} to {max(loads):g}" if loads else "no run"
    kind = "quick run, " if found["quick"] else ""
    return f"{kind}{found['began']}, {found['machine']}, everything on this one machine; {load}."


def _runs(parts: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for part in parts.values():
        yield from [part] if "run" in part else part.values()


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def markdown(sheet: Sheet) -> str:
    """The table as Markdown."""
    lines = [sheet.columns, ["---"] + ["---:"] * (len(sheet.columns) - 1), *sheet.rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


PREFACE = """
# What a call costs

Written by `./scripts/bench calls --docs`; all figures are in `calls.json` beside this page.

The real dialer process (`dialer serve --part dialer`), the real switch, a PostgreSQL that flushes every commit to
disk and an MQTT broker, against SIPp as the telco (`scripts/lab/bench/telco.xml`). Agents' telephones are a third
Asterisk that sends sound all the time. The numbers dialled are the fictional 555-01XX of all North American area
codes; their last digits decide what the far end does. A floor's mix is 25 % people (ring 0.2 to 0.8 s, talk 1 s), 30
% no answer (15 s), 15 % busy, 12 % unknown numbers, 8 % refused and 10 % unreachable.

Unlike a real campaign, and so that nothing but the trunk's calls a second governs the pace: power mode with its
highest ratio, the abandonment cap off, no wrap-up, no limit of lines an agent.

CPU is user and system time of the process and its children over the whole run, from the campaign's start until the
last call has ended, divided by the attempts. The bare script in the same run sends the same Originates for the same
numbers and counts events; it keeps nothing and decides nothing.
"""
NOTES = {
    SUSTAINED: """
Four books are compared for every attempt: the product's own tables, SIPp's counters, a second manager connection that
shares no code with the dialer, and the outcome that the number's last digits script. The bare script uses little CPU
because it does little: no lead is chosen, nothing is on disk before it is dialled.
""",
    LATENCY: """
From the switch's stamp on the answer to its stamp on the moment when customer and agent stand in one two-party
bridge, as stored with the attempt (`attempt.connect_ms`), and the same from the observer's connection. With notice
and recording the people talk for 6 s, the notice is played into the conversation, and the recording begins after it.
""",
    CURVE: """
CPU is milliseconds an attempt; the switch's includes the sound of the waiting agents, which is the larger share of it
at a slow pace. Plan to channel: from the decision, over its commit, to the channel's creation in the switch. Event to
disk: from the switch's stamp on an event to the announcement of its committed fact.
""",
    MEMORY: """
Resident memory of the dialer process, sampled once a second.
""",
    TIME: """
A sampling profiler (py-spy, 200 a second) on the dialer in the middle of a run at 50 calls/s. Each sample counts for
the innermost of our layers on its stack.
""",
}
