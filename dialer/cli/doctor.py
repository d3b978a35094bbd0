"""`dialer doctor`: can this machine dial, and if not, what to do about it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from dialer.cli import checks
from dialer.cli.checks import Level, Part
from dialer.cli.output import AsJson, ExitCode, console, show_json

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def examine(
    only: Annotated[list[Part] | None, typer.Option(help="Check this alone; may be repeated.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on a warning too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what is not as it should be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check database, switch, trunks, broker, clocks, disks and the dialer itself, and say what to do.

    Exit code 1 when a check fails.
    """
    found = asyncio.run(checks.examine(only or list(Part)))
    bad = {Level.FAIL, Level.WARN} if strict else {Level.FAIL}
    failed = any(check.level in bad for check in found)
    shown = [check for check in found if not quiet or check.level is not Level.OK]
    if as_json:
        show_json({"ok": not failed, "checks": shown})
    else:
        screen = console()
        for check in shown:
            screen.print(
                Text(f"{check.level:<4}", _STYLES[check.level]), f" {check.name:<9} {check.detail}", sep=""
            )
            if check.advice:
                screen.print(f"      {'':<9}{check.advice}")
    raise typer.Exit(ExitCode.REFUSED if failed else ExitCode.DONE)
