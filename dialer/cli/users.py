"""`dialer user`: who may log in."""

from __future__ import annotations

import asyncio
import secrets
import sys
from enum import StrEnum
from typing import Annotated

import typer

from dialer.cli.output import AsJson, show_json
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.store.campaigns import add_user, ensure_group
from dialer.store.database import connect

app = typer.Typer(help="Users: agents, supervisors, QA reviewers, administrators.", no_args_is_help=True)

#: NIST SP 800-63B-4 asks for 8 at least and 64 accepted; the API takes 256.
MIN_PASSWORD, MAX_PASSWORD = 8, 256


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
    login: Annotated[str, typer.Argument(help="What the user types to log in.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    name: Annotated[str | None, typer.Option(help="The name others see; without it the log-in.")] = None,
    agent_group: Annotated[
        str | None, typer.Option("--group", help="The agent group; agents need one. Made when it is new.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a user. Without --password-stdin a password is made, and printed this once."""
    password = _read_password() if password_stdin else secrets.token_urlsafe(12)
    if role is Role.AGENT and agent_group is None:
        raise BadInput("an agent works in a group: add --group NAME")
    user_id = asyncio.run(_add(login, role, name or login, agent_group, password))
    if as_json:
        given = {} if password_stdin else {"password": password}
        show_json({"id": user_id, "login": login, "role": role, **given})
        return
    typer.echo(f"user {login} ({role}) added")
    if not password_stdin:
        typer.echo(f"password: {password}")
        typer.echo("It is not kept anywhere: give it to the user now.", err=True)


async def _add(login: str, role: Role, name: str, agent_group: str | None, password: str) -> int:
    # Argon2 lives in the API, and with it the web framework: half a second that other commands need not wait.
    from dialer.api.passwords import hash_password

    dsn = Settings.load().database_dsn.get_secret_value()
    connection = await connect(dsn)
    try:
        password_hash = await asyncio.to_thread(hash_password, password)
        async with connection.transaction():
            group_id = None if agent_group is None else await ensure_group(connection, agent_group)
            return await add_user(
                connection,
                login=login,
                display_name=name,
                role=role,
                password_hash=password_hash,
                group_id=group_id,
            )
    finally:
        await connection.close()


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadInput(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password
