"""The figures of `scripts/bench screening` as tables, at the terminal and in the documentation."""

import json
import sys
from typing import Any

from rich.console import Console

from dialer.screening.trade_off import FILE, text_of
from lab.bench.chart import Series, svg
from lab.bench.tables import DOCS, Sheet, markdown, print_sheets

Row = dict[str, Any]
MODEL = DOCS.parents[1] / "dialer" / "screening" / "model"
CURVE = "The same hearing decided anew, every 40 ms: of a thousand calls a few may differ from the verdicts above."
LIMITS = """
The people and the machines here are synthesised voices and prompt packages behind simulated lines. Real greetings have
more noise, breath, children and overlap; real voicemail more variety. What is claimed is this table on this corpus,
nothing about your calls: measure those with `python -m dialer.screening evaluate --audio DIR --labels CSV`, and let the
control sample measure them for good.
"""


def sheets(found: Row) -> list[Sheet]:
    """The tables of the parts that were run."""
    parts = found["parts"]
    made = [_goals(parts)]
    if "heldout" in parts:
        held = parts["heldout"]
        made += [_rivals(held), _classes(held), _curve(held["curve"])]
    return made


def _share(share: Row) -> str:
    low, high = share["interval_percent"]
    return f"{share['percent']:.2f} % ({low:.2f} to {high:.2f}, {share['count']} of {share['of']})"


def _ms(spread: Row, *names: str) -> str:
    return " / ".join(f"{spread[name]:.0f}" for name in names) + " ms" if spread["n"] else "-"


def _goals(parts: Row) -> Sheet:
    rows: list[tuple[str, str, str, str]] = []

    def goal(what: str, wanted: str, measured: str, met: bool) -> None:
        rows.append((what, wanted or "-", measured, ("yes" if met else "no") if wanted else "-"))

    if "heldout" in parts:
        ours = parts["heldout"]["ours"]
        lost, beep, sit = ours["human_as_machine"], ours["beep_found"], ours["sit_found"]
        met = lost["percent"] <= 0.3 and lost["interval_percent"][1] <= 0.6 and lost["of"] >= 3000
        goal(
            "people treated as machines", "<= 0.3 %, upper bound <= 0.6 %, >= 3000 people", _share(lost), met
        )
        if (freed := ours.get("human_corrected")) is not None:
            goal("people from whom a late correction took the agent", "0", _share(freed), not freed["count"])
        after = ours["human_verdict_after_greeting_ms"]
        met = after["p50"] <= 350 and after["p95"] <= 900
        goal(
            "verdict on people after the greeting, p50 / p95",
            "<= 350 / 900 ms",
            _ms(after, "p50", "p95"),
            met,
        )
        goal("beep found", ">= 98.5 %", _share(beep), beep["percent"] >= 98.5)
        spread = ours["beep_from_start_ms"]
        goal("beep, from its start, p50 / p95", "<= 120 ms", _ms(spread, "p50", "p95"), spread["p95"] <= 120)
        goal("beep, false", "<= 0.1 %", _share(ours["beep_false"]), ours["beep_false"]["percent"] <= 0.1)
        goal("special information tones found", ">= 99 %", _share(sit), sit["percent"] >= 99)
        spread = ours["sit_from_start_ms"]
        goal(
            "the same, from the start, p95 / max",
            "<= 600 ms",
            _ms(spread, "p95", "max"),
            spread["p95"] <= 600,
        )
        goal("the same, false", "0", _share(ours["sit_false"]), ours["sit_false"]["count"] == 0)
    if "consumer" in parts:
        part = parts["consumer"]
        passed = part["after"]["machine_passed"]
        what = f"machines passed, consumer mix, after {part['learning_calls']} calls"
        goal(what, "<= 5 %", _share(passed), passed["percent"] <= 5)
        late = part["after"]["machine_passed_after_3_s"]
        goal("the same, not unmasked within 3 s", "", _share(late), True)
        lost = part["after"]["human_as_machine"]
        goal("people treated as machines, consumer mix", "<= 0.3 %", _share(lost), lost["percent"] <= 0.3)
        if (freed := part["after"].get("human_corrected")) is not None:
            what = "people from whom a late correction took the agent, consumer mix"
            goal(what, "0", _share(freed), not freed["count"])
        for attempt, passed in part["again"]["attempts"].items():
            goal(f"machines passed, the same numbers again, attempt {attempt}", "", _share(passed), True)
        what = "people treated as machines where a machine answered before"
        goal(what, "<= 0.3 %", _share(part["again"]["people"]), part["again"]["people"]["percent"] <= 0.3)
    if "speed" in parts:
        speed = parts["speed"]
        what = f"tick of {speed['calls']} live calls, CPU p99 (share of a core {speed['core_share']:.0%})"
        goal(what, "<= 10 ms", f"{speed['tick_ms']['p99']:g} ms", speed["tick_ms"]["p99"] <= 10)
    return Sheet("Goals", ("goal", "wanted", "measured", "met"), rows)


def _rivals(held: Row) -> Sheet:
    rows = []
    for name in ("ours", "app_amd default", "app_amd tuned"):
        one = held[name]
        after = _ms(one["human_verdict_after_greeting_ms"], "p50", "p95")
        rows.append((name, _share(one["human_as_machine"]), _share(one["machine_passed"]), after))
    columns = (
        "detector",
        "people treated as machines",
        "machines passed",
        "verdict after the greeting, p50 / p95",
    )
    return Sheet("Beside Asterisk's app_amd", columns, rows)


def _classes(held: Row) -> Sheet:
    rows = []
    for kind, row in sorted(
        held["ours"]["classes"].items(), key=lambda item: (item[1]["truth"] != "HUMAN", item[0])
    ):
        shares = [
            held[name]["classes"][kind]["as_human"] for name in ("ours", "app_amd default", "app_amd tuned")
        ]
        said = ", ".join(f"{label} {count}" for label, count in row["labels"].items())
        rows.append((kind, str(row["calls"]), *(f"{share['percent']:.1f} %" for share in shares), said))
    columns = ("class", "calls", "as a person: ours", "app_amd default", "app_amd tuned", "our labels")
    return Sheet("By class", columns, rows)


def _curve(curve: Row) -> Sheet:
    rows = [
        (
            f"{float(ratio):g}",
            f"{one['human_as_machine_percent']:.2f} %",
            f"{one['machine_passed_percent']:.1f} %",
        )
        for ratio, one in curve.items()
    ]
    return Sheet("One number to tune", ("cost ratio", "people treated as machines", "machines passed"), rows)


def _drawn(curve: Row) -> str:
    points = {
        f"cost ratio {float(ratio):g}": (one["machine_passed_percent"], one["human_as_machine_percent"])
        for ratio, one in curve.items()
    }
    line = Series("held-back calls", tuple(points.values()), joined=True)
    marks = [Series(name, (point,)) for name, point in points.items()]
    return svg("What a cost ratio buys", "machines passed to agents, %", "people lost, %", [line, *marks])


def show(found: Row) -> None:
    """Print every table."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(_conditions(found), highlight=False)
    print_sheets(console, sheets(found))
    console.print(LIMITS.strip(), highlight=False)


def write_docs(found: Row) -> None:
    """`docs/benchmarks/screening.md`, its chart, the same figures whole as `screening.json`, and the curve that the
    supervisor's screen draws. Parts that were not run keep their figures, with the day they are of."""
    DOCS.mkdir(parents=True, exist_ok=True)
    found = {**found, "parts": {**_kept(), **found["parts"]}}
    (DOCS / "screening.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = [
        "# Who answered",
        "Written by `./scripts/bench screening --docs`; all figures are in `screening.json`.",
    ]
    text += [_conditions(found), LIMITS.strip()]
    for sheet in sheets(found):
        text += [f"## {sheet.title}", markdown(sheet)]
    if "heldout" in found["parts"]:
        curve = found["parts"]["heldout"]["curve"]
        text += [CURVE, "![cost ratio](screening-cost.svg)"]
        (DOCS / "screening-cost.svg").write_text(_drawn(curve), encoding="utf-8")
        (MODEL / FILE).write_text(text_of(curve), encoding="utf-8")
    (DOCS / "screening.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


def _kept() -> Row:
    """The parts on the page as it stands."""
    page = DOCS / "screening.json"
    if not page.exists():
        return {}
    before = json.loads(page.read_text("utf-8"))
    return {name: {"began": before["began"], **part} for name, part in before["parts"].items()}


def _conditions(found: Row) -> str:
    settings = found["settings"]
    began = ", ".join(f"{name} {part['began']}" for name, part in sorted(found["parts"].items()))
    return (
        f"{began}; {found['machine']}. Held-back voices and texts; intervals are exact 95 % ones. "
        f"Cost ratio {settings['cost_ratio']:g}, waiting time {settings['deadline_ms']} ms, recordings learned "
        "in the consumer mix alone, where voicemail of the network and intercepts come from a dozen recordings each: "
        "an operator with more is learned later. It goes on learning while it is measured, as a campaign does. "
        "CPU is that of the thread, without what other programs took."
    )
