"""`dialer campaign set`: what may be changed of a campaign that is there, as on the supervisor's screen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dialer.cli.book import change_by_name
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.campaign import AbandonWindow, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.errors import BadInput
from dialer.store.campaign_changes import SETTINGS
from dialer.store.database import Connection
from dialer.store.nights import set_night_hour


def change(
    name: Annotated[str, typer.Argument(help="The campaign's name.")],
    mode: Annotated[DialMode | None, typer.Option(help="Who starts a call, and how many.")] = None,
    policy: Annotated[PacingPolicy | None, typer.Option(help="Mode predictive: how it is paced.")] = None,
    ratio: Annotated[
        float | None, typer.Option(min=1, max=10, help="Mode power: calls for each free agent.")
    ] = None,
    lines: Annotated[
        float | None, typer.Option("--lines-per-agent", min=1, max=15, help="Calls at once, at most.")
    ] = None,
    abandon_cap: Annotated[
        float | None, typer.Option(min=0, max=0.05, help="Live answers left without an agent, at most.")
    ] = None,
    abandon_window: Annotated[
        AbandonWindow | None, typer.Option(help="Over which window that is counted.")
    ] = None,
    connect_limit_s: Annotated[
        float | None, typer.Option("--connect-limit", min=1, max=10, help="Seconds to an agent.")
    ] = None,
    ring_timeout_s: Annotated[
        int | None, typer.Option("--ring-timeout", min=15, max=90, help="Seconds.")
    ] = None,
    wrap_up_s: Annotated[
        int | None, typer.Option("--wrap-up", min=0, max=900, help="Seconds after a call.")
    ] = None,
    notice: Annotated[
        RecordingNotice | None, typer.Option(help="Who says that the call is recorded.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option(min=-1000, max=1000, help="Higher first within the group.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.01, max=100, help="Of the group's calls, against campaigns of its priority."),
    ] = None,
    night_hour: Annotated[
        int | None, typer.Option(min=0, max=23, help="When its night begins, in its debtors' zone.")
    ] = None,
    no_night: Annotated[bool, typer.Option("--no-night", help="Let it have no night.")] = False,
    by: Annotated[str | None, typer.Option("--as", help="The log-in that the change is booked on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change settings, or show them when none is given. A running dialer takes them over with the next call."""
    wanted: dict[str, Any] = {
        "mode": mode,
        "policy": policy,
        "ratio": ratio,
        "max_lines_per_agent": lines,
        "abandon_cap": abandon_cap,
        "abandon_window": abandon_window,
        "connect_limit_s": connect_limit_s,
        "ring_timeout_s": ring_timeout_s,
        "wrap_up_s": wrap_up_s,
        "recording_notice": notice,
        "priority": priority,
        "share": share,
    }
    given = {setting: value for setting, value in wanted.items() if value is not None}
    if no_night and night_hour is not None:
        raise BadInput("say --night-hour or --no-night, not both")

    async def work(connection: Connection) -> dict[str, Any]:
        async with connection.transaction():
            row = await change_by_name(connection, name, given, by)
            hour = row["night_hour"]
            if no_night or night_hour is not None:
                hour = night_hour
                await set_night_hour(connection, row["id"], hour)
        return {setting: row[setting] for setting in SETTINGS} | {"night_hour": hour}

    settings = with_database(work)
    if as_json:
        show_json({"name": name} | settings)
        return
    shown = table("SETTING", "VALUE")
    for setting, value in settings.items():
        changed = setting in given or (setting == "night_hour" and (no_night or night_hour is not None))
        shown.add_row(setting, f"{'none' if value is None else value}{'  (now)' if changed else ''}")
    console().print(shown)
