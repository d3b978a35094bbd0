"""`dialer user`: who may log in."""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.domain.errors import BadInput
from dialer.store.campaigns import add_user, ensure_group
from dialer.store.database import Connection
from dialer.store.teams import find_group, move_agent, read_moves
from dialer.store.users import find_user, list_users, set_active, set_password

app = typer.Typer(help="Users: agents, supervisors, QA reviewers, administrators.", no_args_is_help=True)

#: NIST SP 800-63B-4 asks for 8 at least and 64 accepted; the API takes 256.
MIN_PASSWORD, MAX_PASSWORD = 8, 256


Login = Annotated[str, typer.Argument(help="What the user types to log in.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    QA = "qa"
    ADMIN = "admin"


@app.callback()
def group() -> None:
    """Users: agents, supervisors, QA reviewers, administrators."""


@app.command("add")
def add(
    login: Login,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    name: Annotated[str | None, typer.Option(help="The name others see; without it the log-in.")] = None,
    agent_group: Annotated[
        str | None, typer.Option("--group", help="The agent group; agents need one. Made when it is new.")
    ] = None,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Add a user. Without --password-stdin a password is made, and printed this once."""
    if role is Role.AGENT and agent_group is None:
        raise BadInput("an agent works in a group: add --group NAME")
    password = _password(password_stdin)
    password_hash = _hash(password)

    async def work(connection: Connection) -> int:
        async with connection.transaction():
            group_id = None if agent_group is None else await ensure_group(connection, agent_group)
            return await add_user(
                connection,
                login=login,
                display_name=name or login,
                role=role,
                password_hash=password_hash,
                group_id=group_id,
            )

    user_id = with_database(work)
    made = None if password_stdin else password
    if as_json:
        show_json({"id": user_id, "login": login, "role": role, **({"password": made} if made else {})})
        return
    typer.echo(f"user {login} ({role}) added")
    _tell(made)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Everybody who may log in or once might, and who is logged in."""
    users = with_database(list_users)
    if as_json:
        show_json(users)
        return
    if not users:
        typer.echo("nobody may log in yet: dialer user add LOGIN --role ...")
        return
    lines = table("LOG-IN", "NAME", "ROLE", "GROUP", "MAY LOG IN", "SESSION UNTIL")
    for user in users:
        lines.add_row(
            user["login"],
            user["display_name"],
            user["role"],
            user["agent_group"] or "",
            "yes" if user["active"] else "no",
            shown_time(user["session_until"]),
        )
    console().print(lines)


@app.command("password")
def password(login: Login, password_stdin: PasswordStdin = False, as_json: AsJson = False) -> None:
    """Give a user a new password; whoever is logged in with the old one has to log in again."""
    given = _password(password_stdin)
    password_hash = _hash(given)

    async def work(connection: Connection) -> None:
        async with connection.transaction():
            await set_password(connection, login, password_hash)

    with_database(work)
    made = None if password_stdin else given
    if as_json:
        show_json({"login": login, **({"password": made} if made else {})})
        return
    typer.echo(f"user {login} has a new password")
    _tell(made)


@app.command("disable")
def disable(login: Login, as_json: AsJson = False) -> None:
    """Let a user log in no more, and end what is open of him within seconds. What he did stays in the records."""
    _set_active(login, active=False, as_json=as_json)


@app.command("enable")
def enable(login: Login, as_json: AsJson = False) -> None:
    """Let a disabled user log in again, with the password he had."""
    _set_active(login, active=True, as_json=as_json)


@app.command("move")
def move(
    login: Login,
    agent_group: Annotated[str, typer.Option("--group", help="The agent group to go to.")],
    as_json: AsJson = False,
) -> None:
    """Send an agent to another group: at once or, when he is in a call, after it. His own group takes a wait back."""

    async def work(connection: Connection) -> bool:
        async with connection.transaction():
            group_id = await find_group(connection, agent_group)
            user_id = await find_user(connection, login)
            try:
                return await move_agent(connection, user_id, group_id, user_id=None)
            except LookupError:
                raise BadInput(
                    f"{login!r} is no agent, or may not log in: only agents work in groups"
                ) from None

    now_there = with_database(work)
    if as_json:
        show_json({"login": login, "group": agent_group, "now": now_there})
        return
    when = "works in" if now_there else "goes, when his call is over, to"
    typer.echo(f"agent {login} {when} {agent_group!r}")


@app.command("moves")
def moves(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Agents who went to another group, the newest first, and who wanted it."""
    found = with_database(lambda connection: read_moves(connection, limit))
    if as_json:
        show_json([asdict(each) for each in found])
        return
    if not found:
        typer.echo("nobody has changed groups yet: dialer user move LOGIN --group NAME")
        return
    lines = table("ASKED", "AGENT", "FROM", "TO", "BY", "DONE")
    for each in found:
        lines.add_row(
            shown_time(each.asked_at),
            f"{each.agent_name} ({each.agent_login})",
            each.from_group,
            each.to_group,
            each.user_name or "command",
            shown_time(each.done_at) if each.done_at else "when his call is over",
        )
    console().print(lines)


def _set_active(login: str, *, active: bool, as_json: bool) -> None:
    async def work(connection: Connection) -> bool:
        async with connection.transaction():
            return await set_active(connection, login, active=active)

    changed = with_database(work)
    if as_json:
        show_json({"login": login, "active": active, "changed": changed})
        return
    state = "may log in" if active else "may log in no more"
    typer.echo(f"user {login} {state}" + ("" if changed else "; it was so before"))


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return secrets.token_urlsafe(12)
    password = sys.stdin.readline().rstrip("\r\n")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadInput(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password


def _hash(password: str) -> str:
    # Argon2 lives in the API, and with it the web framework: half a second that other commands need not wait.
    from dialer.api.passwords import hash_password

    return hash_password(password)


def _tell(password: str | None) -> None:
    if password is not None:
        typer.echo(f"password: {password}")
        typer.echo("It is not kept anywhere: give it to the user now.", err=True)
