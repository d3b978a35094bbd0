"""What every command shares: help, exit codes, one line for a failure."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
import structlog
import typer

from dialer import __version__
from dialer.asterisk.errors import LoginRefused, Unreachable
from dialer.cli import app, main
from dialer.cli.output import ExitCode, Unanswered, exit_code, first_error
from dialer.domain.errors import BadInput, InvalidTransition, Refused
from dialer.ports import FenceLost
from dialer.store.database import DatabaseUnreachable


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_the_commands_are_those_that_are_documented() -> None:
    leaves = {" ".join(path) for path in ALL if not any(other[:-1] == path for other in ALL if other)}
    assert leaves == {
        *("serve", "doctor", "version", "may-call", "replay", "db upgrade", "leads import"),
        *("call list", "call show", "user add", "user list", "user password", "user disable", "user enable"),
        *("user move", "user moves"),
        *("ledger verify", "ledger show", "ledger report"),
        *("rules list", "rules show", "rules approve", "rules withdraw", "explain lead"),
        "explain campaign",
        *("campaign create", "campaign start", "campaign pause", "campaign stop", "campaign list"),
        *("campaign status", "trunk add", "trunk set", "trunk disable", "trunk enable", "trunk list"),
        *("leads mapping save", "leads mapping list", "leads mapping delete", "order refresh"),
        *("screening show", "screening set", "screening prompts export", "screening prompts import"),
        *("segment list", "segment presets", "segment save", "segment preview", "segment run"),
        *("segment moves", "segment nights"),
        *("retention run", "retention log"),
        *("rules overlay set", "rules overlay show", "rules overlay remove"),
        *("rules holiday add", "rules holiday remove", "rules holiday list", "person place"),
        *("lists show", "lists share", "lists use", "campaign set"),
        *("campaign plan", "campaign check", "campaign message", "campaign copy", "campaign rename"),
        *("campaign archive", "campaign restore"),
        *("trunk own", "trunk disown", "trunk numbers"),
        *("person show", "person note", "person consent", "person address", "person party"),
        *("person document add", "person document save", "person import", "payments reverse"),
        *("case list", "case resolve", "case withdraw"),
        *("script check", "script publish", "script diff", "script list"),
        *("leads export", "payments import"),
        *("staffing break", "staffing shift-end", "staffing inbound", "staffing list", "staffing drop"),
        *("staffing changes", "staffing undo"),
    }


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "dialer")
def test_every_command_has_help(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*path, "--help") == ExitCode.DONE
    assert "Usage:" in capsys.readouterr().out


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    assert "Exit codes" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("version") == ExitCode.DONE
    assert capsys.readouterr().out == f"Cadencia {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("call", "show"), ("user", "add", "ana", "--role", "boss")]
)
def test_wrong_usage_is_two(arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == ExitCode.USAGE


def test_a_failure_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CADENCIA_DATABASE_DSN", raising=False)
    monkeypatch.delenv("CADENCIA_DATABASE_DSN_FILE", raising=False)
    assert run("campaign", "list") == ExitCode.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err == "dialer: set CADENCIA_DATABASE_DSN (or CADENCIA_DATABASE_DSN_FILE): it is missing\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("x"), ExitCode.REFUSED),
        (Refused("forbidden"), ExitCode.REFUSED),
        (FenceLost("x"), ExitCode.REFUSED),
        (DatabaseUnreachable("x"), ExitCode.UNREACHABLE),
        (Unreachable("x"), ExitCode.UNREACHABLE),
        (LoginRefused("x"), ExitCode.UNREACHABLE),
        (Unanswered("x"), ExitCode.UNREACHABLE),
    ],
)
def test_an_exit_code_means_something(error: Exception, code: ExitCode) -> None:
    assert exit_code(error) is code
    assert first_error(ExceptionGroup("tasks", [ExceptionGroup("inner", [error])])) is error


def test_a_bug_of_ours_keeps_its_traceback() -> None:
    assert first_error(KeyError("x")) is None
    assert first_error(ExceptionGroup("tasks", [BadInput("x"), KeyError("y")])) is None
    assert first_error(InvalidTransition("call", "ended", "rang", [])) is None
