"""What commands print, and what their failures mean to a script."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import IntEnum
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from dialer.asterisk.errors import LinkFailed, NotConnected
from dialer.domain.errors import DialerError, InvalidTransition
from dialer.domain.values import PhoneNumber
from dialer.ports import FenceLost, LogUnavailable
from dialer.store.database import DatabaseUnreachable

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ShowNumbers = Annotated[
    bool,
    typer.Option(
        "--show-numbers", help="Print telephone numbers and notes in full; they are hidden otherwise."
    ),
]


class ExitCode(IntEnum):
    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3


class Unanswered(DialerError):
    """Nobody is there, or answered in time, to carry out what was asked for."""


#: What is told in one line; anything else is our bug and keeps its traceback.
_KNOWN = (DialerError, FenceLost, LogUnavailable)
_UNREACHABLE = (DatabaseUnreachable, LinkFailed, NotConnected, LogUnavailable, Unanswered)


def console() -> Console:
    """Where results go. Texts from the database are never markup; in a pipe nothing is cut to a width."""
    width = None if sys.stdout.isatty() else 200
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False, width=width, soft_wrap=True)


def show_json(data: object) -> None:
    typer.echo(orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


def show_error(message: str) -> None:
    typer.echo(f"dialer: {message}", err=True)


def table(*columns: str) -> Table:
    """A plain table: headings, no lines, nothing wrapped."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, no_wrap=True)
    return made


def first_error(error: BaseException) -> Exception | None:
    """The failure to tell: the first known one of a group, the error itself, or None when it is a bug of ours."""
    if isinstance(error, BaseExceptionGroup):
        found = [first_error(inner) for inner in error.exceptions]
        # One bug among them is what must be seen.
        return None if None in found else next(iter(found), None)
    return error if isinstance(error, _KNOWN) and not isinstance(error, InvalidTransition) else None


def exit_code(error: Exception) -> ExitCode:
    return ExitCode.UNREACHABLE if isinstance(error, _UNREACHABLE) else ExitCode.REFUSED


def shown_number(e164: str | None, *, in_full: bool) -> str | None:
    """A number as it may be printed. What is not E.164 (a lead's bad number) is hidden entirely."""
    if e164 is None or in_full:
        return e164
    try:
        return f"+…{PhoneNumber(e164).digits[-2:]}"
    except ValueError:
        return "…"


def shown_time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"
