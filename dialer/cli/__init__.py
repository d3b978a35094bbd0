"""The command line `dialer`. With `bootstrap`, the only place that may import everything.

Exit codes, the same for every command:

| 0 | done |
| 1 | refused, or a check failed; the reason is on stderr |
| 2 | wrong usage |
| 3 | something can't be reached: the database, the switch, a running dialer |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import structlog
import typer

from dialer import __version__
from dialer.cli import (
    book,
    calls,
    campaigns,
    cases,
    database,
    duties,
    explaining,
    law,
    leads,
    ledger,
    lists,
    overlays,
    payments,
    persons,
    plans,
    retention,
    rules,
    screening,
    scripts,
    segments,
    serving,
    settings,
    staffing,
    trunks,
    users,
)
from dialer.cli.doctor import examine
from dialer.cli.output import AsJson, exit_code, first_error, show_error, show_json
from dialer.cli.replay import replay

EXIT_CODES = (
    "Exit codes: 0 done; 1 refused, or a check failed; 2 wrong usage;"
    " 3 the database, the switch or a running dialer can't be reached."
)

app = typer.Typer(
    name="dialer",
    help="Cadencia: predictive dialer and call-centre engine. Settings come from CADENCIA_... variables.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve", epilog=EXIT_CODES)(serving.serve)
app.command("doctor", epilog=EXIT_CODES)(examine)
app.command("may-call", epilog=EXIT_CODES)(law.may_call)
app.command("replay", epilog=EXIT_CODES)(replay)
app.add_typer(leads.app, name="leads")
app.add_typer(payments.app, name="payments")
app.add_typer(segments.app, name="segment")
app.add_typer(segments.orders, name="order")
campaigns.app.command("plan")(plans.plan)
campaigns.app.command("set")(settings.change)
for order in (book.copy, book.rename, book.archive, book.restore):
    campaigns.app.command(order.__name__)(order)
campaigns.app.command("check")(duties.check)
campaigns.app.command("message")(duties.message)
app.add_typer(campaigns.app, name="campaign")
app.add_typer(lists.app, name="lists")
app.add_typer(trunks.app, name="trunk")
app.add_typer(staffing.app, name="staffing")
app.add_typer(users.app, name="user")
app.add_typer(calls.app, name="call")
app.add_typer(screening.app, name="screening")
app.add_typer(scripts.app, name="script")
app.add_typer(persons.app, name="person")
app.add_typer(cases.app, name="case")
app.add_typer(ledger.app, name="ledger")
rules.app.add_typer(overlays.overlay_app, name="overlay")
rules.app.add_typer(overlays.holiday_app, name="holiday")
app.add_typer(rules.app, name="rules")
app.add_typer(retention.app, name="retention")
app.add_typer(explaining.app, name="explain")
app.add_typer(database.app, name="db")


@app.command("version", epilog=EXIT_CODES)
def version(as_json: AsJson = False) -> None:
    """Print the version of this program."""
    if as_json:
        show_json({"version": __version__})
    else:
        typer.echo(f"Cadencia {__version__}")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit; what went wrong is one line on stderr, without a traceback unless it is our bug."""
    # Logs are not a command's output: `--json` must stay JSON. `serve` sets its own.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app(args=None if arguments is None else list(arguments), prog_name="dialer")
    except BrokenPipeError:  # `dialer ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except Exception as error:
        known = first_error(error)
        if known is None:
            raise
        show_error(str(known))
        raise SystemExit(exit_code(known)) from None
    raise SystemExit(0)
