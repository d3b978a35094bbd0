"""`dialer screening`: who answers, how well that is told, and what is said to machines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from dialer.cli.campaigns import Name, find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.domain.screening import ConnectClock, OnMachine, Screening, SpokenText
from dialer.portfolio.messages import check_text
from dialer.screening.control import Interval, abandon_rate, human_as_machine, share_of
from dialer.screening.findings import Label
from dialer.screening.fingerprints import FingerprintBook
from dialer.screening.prompt_index import Prompt
from dialer.speech import check_sound
from dialer.store.database import Connection, open_pool
from dialer.store.prompts import PostgresPrompts
from dialer.store.screening import COLUMNS, read_control, read_figures, read_screener, set_screening

app = typer.Typer(help="Who answers: listening before an agent is given.", no_args_is_help=True)
prompts = typer.Typer(help="Recordings that answer telephones, as agents taught them.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")


@app.callback()
def group() -> None:
    """Who answers: listening before an agent is given."""


@app.command("show")
def show(
    name: Name,
    days: Annotated[int, typer.Option(min=1, max=365, help="Of so many days back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """The dials, the verdicts, and how often a person was taken for a machine."""

    async def work(connection: Connection) -> dict[str, Any]:
        campaign = await find_campaign(connection, name)
        since = datetime.now(UTC) - timedelta(days=days)
        control = await read_control(connection, campaign["id"], since)
        up, reason, _ = await read_screener(connection, campaign["agent_group_id"])
        lost = human_as_machine(control.persons, control.controls, control.ended, control.people)
        wrong = share_of(control.persons, control.controls)
        return {
            "campaign": name,
            "settings": {column: campaign[column] for column in COLUMNS},
            "recorded_message": campaign["message_sound"] is not None,
            "screener_up": up,
            "screener_reason": reason,
            "days": days,
            "verdicts": [dict(figure) for figure in await read_figures(connection, campaign["id"], since)],
            "controls": control.controls,
            "control_persons": control.persons,
            "machines_ended": control.ended,
            "machines_passed": control.passed,
            "person_by_control": _shares(wrong),
            "human_as_machine": _shares(lost),
            "abandon_rate": abandon_rate(
                control.abandoned, control.live, control.persons, control.controls, control.ended
            ),
        }

    data = with_database(work)
    if as_json:
        show_json(data)
        return
    screen, settings = console(), data["settings"]
    state = (
        "listens" if data["screener_up"] else f"does not listen ({data['screener_reason'] or 'not started'})"
    )
    screen.print(
        f"screening {settings['screening']}, {settings['cost_ratio']:g} machines heard to save one person;"
        f" a machine: {settings['on_machine']}; the screener {state}"
    )
    listing = table("VERDICT", "BECAUSE", "TO", "CALLS", "UNMASKED", "MESSAGES")
    for row in sorted(data["verdicts"], key=lambda each: -each["calls"]):
        listing.add_row(
            row["label"],
            row["cause"] or "",
            "agent" if row["to_agent"] else "-",
            *(str(row[key]) for key in ("calls", "corrected", "messages")),
        )
    screen.print(listing if data["verdicts"] else f"no call was listened to in the last {days} days")
    screen.print(
        f"control sample: {data['control_persons']} of {data['controls']} machine verdicts were people;"
        f" people hung up on as machines: {_words(data['human_as_machine'])}"
    )


@app.command("set")
def set_dials(
    name: Name,
    mode: Annotated[Screening | None, typer.Option(help="off, on, or shadow: only look on.")] = None,
    cost_ratio: Annotated[
        float | None, typer.Option(min=1, max=1000, help="Machines an agent may hear to save one person.")
    ] = None,
    on_machine: Annotated[OnMachine | None, typer.Option(help="What becomes of a machine.")] = None,
    control_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Machine verdicts tried on agents all the same.")
    ] = None,
    clock: Annotated[ConnectClock | None, typer.Option(help="What the law's wait counts from.")] = None,
    late_correction: Annotated[
        bool | None, typer.Option(help="A beep under an agent ends the call and frees him.")
    ] = None,
    message: Annotated[
        str | None, typer.Option(help="Left after the beep, a Liquid text; '-' for the language's own.")
    ] = None,
    announcement: Annotated[
        str | None, typer.Option(help="Told to an assistant that asks who calls; '-' as above.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option(help="A recorded message (WAV, 8 kHz, mono) instead; 'none' to drop it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the dials; they count from the next call on."""
    given: dict[str, Any] = {
        "screening": mode,
        "cost_ratio": cost_ratio,
        "on_machine": on_machine,
        "control_share": control_share,
        "connect_clock": clock,
        "late_correction": late_correction,
    }
    changes = {column: value for column, value in given.items() if value is not None}
    texts = {SpokenText.MESSAGE: message, SpokenText.ANNOUNCEMENT: announcement}
    if recording is not None:
        changes["message_sound"] = _sound(recording)

    async def work(connection: Connection) -> int:
        campaign = await find_campaign(connection, name)
        for kind, text in texts.items():
            if text is not None:
                if text != "-":
                    check_text(kind, text, campaign["language"])
                changes[f"{kind}_text"] = None if text == "-" else text
        if not changes:
            raise BadInput("nothing to change; see: dialer screening set --help")
        async with connection.transaction():
            row = await set_screening(connection, campaign["id"], changes)
        assert row is not None
        return int(row["version"])

    version = with_database(work)
    if as_json:
        show_json({"campaign": name, "version": version, "changed": sorted(changes)})
    else:
        typer.echo(f"campaign {name!r}: changed {', '.join(sorted(changes))}; settings version {version}")


@prompts.command("export")
def export_prompts(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    country: Annotated[str | None, typer.Option(help="Of one country only (ISO 3166, e.g. DO).")] = None,
) -> None:
    """Write the recordings that two numbers or more have answered with; no number is in the file."""
    text = _book().export(country)
    path.write_text(text, "utf-8")
    typer.echo(f"{text.count(chr(34) + 'prints' + chr(34))} recordings written to {path}")


@prompts.command("import")
def import_prompts(
    path: Annotated[Path, typer.Argument(help="A file of `prompts export`.", exists=True)],
) -> None:
    """Add another's recordings; a running dialer knows them after its next start."""
    book = _book()
    try:
        new = book.load(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}") from error

    async def keep() -> None:
        pool = await open_pool(Settings.load().database_dsn.get_secret_value(), size=1)
        try:
            store = PostgresPrompts(pool)
            for prompt in book.prompts:
                if prompt.imported:
                    await store.keep(
                        {
                            **{name: getattr(prompt, name) for name in ("prompt_id", "country", "label")},
                            "prints": np.array(prompt.prints).tolist(),
                            "sources": sorted(prompt.sources),
                            "imported": True,
                        }
                    )
        finally:
            await pool.close()

    asyncio.run(keep())
    typer.echo(f"{new} recordings are new")


def _book() -> FingerprintBook:
    async def read() -> list[dict[str, Any]]:
        pool = await open_pool(Settings.load().database_dsn.get_secret_value(), size=1)
        try:
            return await PostgresPrompts(pool).read()
        finally:
            await pool.close()

    return FingerprintBook(
        Prompt(
            row["prompt_id"],
            row["country"],
            Label(row["label"]),
            tuple(row["prints"]),
            frozenset(row["sources"]),
            row["imported"],
        )
        for row in asyncio.run(read())
    )


def _sound(path: Path) -> bytes | None:
    if str(path) == "none":
        return None
    try:
        sound = path.read_bytes()
    except OSError as error:
        raise BadInput(f"can't read {path}: {error.strerror}") from error
    check_sound(sound)
    return sound


def _shares(interval: Interval) -> dict[str, float | None]:
    return {"share": interval.share, "low": interval.low, "high": interval.high}


def _words(shares: dict[str, float | None]) -> str:
    share, low, high = shares["share"], shares["low"], shares["high"]
    if share is None or low is None or high is None:
        return "unknown until agents have judged some"
    return f"{share:.2%} (95 %: {low:.2%} to {high:.2%})"
