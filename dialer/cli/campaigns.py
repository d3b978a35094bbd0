"""`dialer campaign`: make, start, pause, stop, look."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import asyncpg
import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, Unanswered, console, show_json, shown_time, table
from dialer.compliance.duties import start_breaches
from dialer.config import Settings
from dialer.domain.campaign import AbandonWindow, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.errors import BadInput, Refused
from dialer.domain.screening import OnMachine, Screening
from dialer.portfolio.campaign_setup import add_campaign
from dialer.store.database import Connection, open_pool
from dialer.store.person_file import find_user
from dialer.store.shard_state import read_campaign

app = typer.Typer(help="Campaigns: whom to call, how, and when to begin.", no_args_is_help=True)

#: How long a running dialer may take to carry an order out, and how often we look.
SETTLE_S, LOOK_EVERY_S = 5.0, 0.05

Name = Annotated[str, typer.Argument(help="The campaign's name.")]
AsLogin = Annotated[
    str | None,
    typer.Option(
        "--as", help="The supervisor or administrator who gives the order; else the first administrator."
    ),
]


class Order(StrEnum):
    START = "start_campaign"
    PAUSE = "pause_campaign"
    STOP = "stop_campaign"


@app.callback()
def group() -> None:
    """Campaigns: whom to call, how, and when to begin."""


@app.command("create")
def create(
    name: Name,
    agent_group: Annotated[str, typer.Option("--group", help="Who works it; made when it is new.")],
    mode: Annotated[DialMode, typer.Option(help="Who starts a call, and how many.")] = DialMode.PROGRESSIVE,
    language: Annotated[str, typer.Option(help="es, en or pt: what the switch says to customers.")] = "es",
    rule_set: Annotated[
        str, typer.Option("--rule-set", help="The law that every attempt is judged by.")
    ] = "strict",
    notice: Annotated[
        RecordingNotice, typer.Option(help="Who says that the call is recorded: the switch, or the agent.")
    ] = RecordingNotice.PLAYED,
    ratio: Annotated[float, typer.Option(min=1, max=10, help="Mode power: calls for each free agent.")] = 1.5,
    policy: Annotated[
        PacingPolicy, typer.Option(help="Mode predictive: how it is paced.")
    ] = PacingPolicy.PREDICTIVE,
    share: Annotated[
        float,
        typer.Option(min=0.01, max=100, help="Of the group's calls, against campaigns of its priority."),
    ] = 1.0,
    abandon_window: Annotated[
        AbandonWindow, typer.Option(help="Over which window abandonment is counted.")
    ] = AbandonWindow.DAY,
    abandon_cap: Annotated[
        float,
        typer.Option(
            "--abandon-cap", min=0, max=1, help="Highest share of live answers left without an agent."
        ),
    ] = 0.03,
    ring_timeout_s: Annotated[int, typer.Option("--ring-timeout", min=15, max=120, help="Seconds.")] = 25,
    wrap_up_s: Annotated[int, typer.Option("--wrap-up", min=0, max=3600, help="Seconds after a call.")] = 60,
    connect_limit_s: Annotated[
        float, typer.Option("--connect-limit", min=1, max=10, help="Seconds to an agent.")
    ] = 2.0,
    lines: Annotated[
        float, typer.Option("--lines-per-agent", min=1, max=15, help="Calls at once, at most.")
    ] = 3.0,
    priority: Annotated[int, typer.Option(min=-1000, max=1000, help="Higher first within the group.")] = 0,
    by: Annotated[str | None, typer.Option("--as", help="The log-in that it is booked on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a campaign, in state draft: load leads, then start it."""

    async def work(connection: Connection) -> int:
        wanted = {
            "name": name,
            "agent_group": agent_group,
            "mode": mode,
            "language": language,
            "rule_set": rule_set,
            "recording_notice": notice,
            "ratio": ratio,
            "max_lines_per_agent": lines,
            "policy": policy,
            "share": share,
            "abandon_window": abandon_window,
            "abandon_cap": abandon_cap,
            "connect_limit_s": connect_limit_s,
            "ring_timeout_s": ring_timeout_s,
            "wrap_up_s": wrap_up_s,
            "priority": priority,
            "screening": Screening.OFF,
            "on_machine": OnMachine.HANG_UP,
            "message_text": None,
            "abandoned_text": None,
        }
        return await add_campaign(connection, wanted, user_id=await find_user(connection, by))

    campaign_id = with_database(work)
    if as_json:
        show_json({"id": campaign_id, "name": name})
    else:
        typer.echo(f"campaign {name!r} made, id {campaign_id}; next: dialer leads import FILE --campaign ...")


@app.command("start")
def start(name: Name, as_login: AsLogin = None, as_json: AsJson = False) -> None:
    """Begin dialling, or go on after a pause."""
    _order(Order.START, name, as_login, as_json=as_json)


@app.command("pause")
def pause(name: Name, as_login: AsLogin = None, as_json: AsJson = False) -> None:
    """Dial nobody new; calls go on. Also the way out of state halted."""
    _order(Order.PAUSE, name, as_login, as_json=as_json)


@app.command("stop")
def stop(name: Name, as_login: AsLogin = None, as_json: AsJson = False) -> None:
    """Let the calls end and close the campaign."""
    _order(Order.STOP, name, as_login, as_json=as_json)


@app.command("list")
def list_all(
    archived: Annotated[bool, typer.Option("--archived", help="Those in the archive instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """All campaigns, but for those in the archive."""

    async def work(connection: Connection) -> list[dict[str, Any]]:
        rows = await connection.fetch(
            """
            SELECT c.id, c.name, c.state, c.state_reason, c.mode, g.name AS agent_group, c.rule_set, c.version
            FROM campaign c JOIN agent_group g ON g.id = c.agent_group_id
            WHERE c.archived = $1
            ORDER BY c.name
            """,
            archived,
        )
        return [dict(row) for row in rows]

    rows = with_database(work)
    if as_json:
        show_json(rows)
        return
    listing = table("ID", "NAME", "STATE", "MODE", "GROUP", "RULES")
    for row in rows:
        listing.add_row(
            str(row["id"]), row["name"], _state(row), row["mode"], row["agent_group"], row["rule_set"]
        )
    none = (
        "the archive is empty" if archived else "no campaign yet: dialer campaign create NAME --group GROUP"
    )
    console().print(listing if rows else none)


@app.command("status")
def status(name: Name, as_json: AsJson = False) -> None:
    """How a campaign stands: its leads, its last 24 hours, its agents."""

    async def work(connection: Connection) -> dict[str, Any]:
        return await _status(connection, await find_campaign(connection, name))

    data = with_database(work)
    if as_json:
        show_json(data)
        return
    lines = table("", "")
    lines.show_header = False
    live, abandoned = data["live_answers"], data["abandoned"]
    rate = f"{abandoned / live:.1%} of {live} live answers" if live else "no live answer"
    owner = "runs" if data["dialer_up"] else "does not run: dialer serve"
    link = "" if not data["dialer_up"] or data["switch_up"] else ", without its switch"
    for title, text in (
        ("campaign", f"{data['name']} (id {data['id']}, settings version {data['version']})"),
        ("state", _state(data)),
        ("mode", data["mode"]),
        ("dialer", f"{owner}{link}"),
        ("agents", _counts(data["agents"])),
        ("leads", _counts(data["leads"])),
        ("callable now", str(data["due"])),
        ("attempts (24 h)", _counts(data["outcomes"])),
        ("open calls", str(data["open"])),
        ("abandoned (24 h)", f"{abandoned}, {rate}; cap {data['abandon_cap']:.1%}"),
        ("last attempt", shown_time(data["last_attempt_at"]) or "none"),
    ):
        lines.add_row(title, text)
    console().print(lines)


# --- shared -------------------------------------------------------------------------------------------------


async def find_campaign(connection: Connection, name: str) -> asyncpg.Record:
    """The campaign of this name. Raises BadInput, naming those there are."""
    row = await connection.fetchrow("SELECT * FROM campaign WHERE name = $1", name)
    if row is None:
        names = [
            r["name"] for r in await connection.fetch("SELECT name FROM campaign ORDER BY name LIMIT 10")
        ]
        raise BadInput(f"no campaign {name!r}; there are: {', '.join(names) or 'none yet'}")
    return row


# --- orders -------------------------------------------------------------------------------------------------


def _order(order: Order, name: str, login: str | None, *, as_json: bool) -> None:
    state = asyncio.run(_give(order, name, login))
    if as_json:
        show_json({"campaign": name, "state": state})
    else:
        typer.echo(f"campaign {name!r} is {state}")


async def _give(order: Order, name: str, login: str | None) -> str:
    """Hand the order to the group's dialer as a console does, and wait for its word: the campaign's new state.

    Raises Refused with the dialer's reason, Unanswered when no dialer runs or none answers in time; the order
    then stays and the next dialer carries it out.
    """
    from dialer.api.intents import store_intent

    pool = await open_pool(Settings.load().database_dsn.get_secret_value(), size=1)
    try:
        async with pool.acquire() as connection:
            campaign = await find_campaign(connection, name)
            user_id = await _who(connection, login)
            if order is Order.START:
                await _check_start(connection, campaign["id"])
        accepted = await store_intent(
            pool,
            shard_id=campaign["agent_group_id"],
            user_id=user_id,
            key=secrets.token_urlsafe(16),
            type_=order,
            data={"campaign_id": campaign["id"]},
        )
        runs = await pool.fetchval(
            "SELECT lease_until > now() FROM shard WHERE agent_group_id = $1", campaign["agent_group_id"]
        )
        if not runs:
            raise Unanswered(
                f"no dialer runs this agent group: start one (dialer serve); order {accepted.id} waits for it"
            )
        return await _wait(pool, accepted.id, campaign["id"])
    finally:
        await pool.close()


async def _check_start(connection: Connection, campaign_id: int) -> None:
    """The dialer would refuse it with a code alone: here is what is wrong, and by which norm."""
    campaign = await read_campaign(connection, campaign_id)
    if found := start_breaches(campaign, datetime.now(UTC).date()):
        said = "\n".join(f"  {breach}" for breach in found)
        raise Refused("breaks_rules", f"{campaign.rule_set} does not let it start:\n{said}")


async def _wait(pool: asyncpg.Pool, intent_id: int, campaign_id: int) -> str:
    try:
        async with asyncio.timeout(SETTLE_S):
            while True:
                row = await pool.fetchrow("SELECT done_at, error FROM intent WHERE id = $1", intent_id)
                if row is not None and row["done_at"] is not None:
                    break
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise Unanswered(
            f"the dialer did not answer within {SETTLE_S:g} s; order {intent_id} waits (see dialer doctor)"
        ) from None
    state: str = await pool.fetchval("SELECT state FROM campaign WHERE id = $1", campaign_id)
    if row["error"]:
        raise Refused(row["error"], f"the dialer refused: {row['error']} (the campaign is {state})")
    return state


async def _who(connection: Connection, login: str | None) -> int:
    """The user an order is booked on."""
    if login is None:
        user_id: int | None = await connection.fetchval(
            "SELECT id FROM app_user WHERE role = 'admin' AND active ORDER BY id LIMIT 1"
        )
        if user_id is None:
            raise BadInput(
                "there is no administrator: name a supervisor with --as, or dialer user add LOGIN --role admin"
            )
        return user_id
    row = await connection.fetchrow("SELECT id, role, active FROM app_user WHERE login = $1", login)
    if row is None or not row["active"]:
        raise BadInput(f"no active user {login!r}")
    if row["role"] not in ("supervisor", "admin"):
        raise Refused(
            "forbidden", f"{login!r} is {row['role']}; only supervisors and administrators give orders"
        )
    return int(row["id"])


# --- status -------------------------------------------------------------------------------------------------

_FIGURES = """
    SELECT count(*) FILTER (WHERE ended_at IS NULL) AS open,
           count(*) FILTER (WHERE outcome IN ('connected', 'customer_hung_up', 'abandoned')) AS live_answers,
           count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
           max(planned_at) AS last_attempt_at
    FROM attempt WHERE campaign_id = $1 AND planned_at > now() - interval '24 hours'
"""
_OUTCOMES = """
    SELECT coalesce(outcome, 'open') AS what, count(*) FROM attempt
    WHERE campaign_id = $1 AND planned_at > now() - interval '24 hours' GROUP BY 1 ORDER BY 2 DESC, 1
"""
_LEADS = "SELECT state AS what, count(*) FROM lead WHERE campaign_id = $1 GROUP BY 1 ORDER BY 2 DESC, 1"
_DUE = """
    SELECT count(*) FROM lead
    WHERE campaign_id = $1 AND state IN ('callable', 'resting', 'callback') AND next_at <= now()
"""
_AGENTS = """
    SELECT coalesce(s.state, 'logged_out') AS what, count(*)
    FROM app_user u LEFT JOIN agent_session s ON s.user_id = u.id
    WHERE u.agent_group_id = $1 AND u.role = 'agent' AND u.active GROUP BY 1 ORDER BY 2 DESC, 1
"""
_SHARD = "SELECT lease_until > now() AS dialer_up, switch_up FROM shard WHERE agent_group_id = $1"


async def _status(connection: Connection, campaign: asyncpg.Record) -> dict[str, Any]:
    async def counts(statement: str, id_: int) -> dict[str, int]:
        return {row["what"]: row["count"] for row in await connection.fetch(statement, id_)}

    shard = await connection.fetchrow(_SHARD, campaign["agent_group_id"])
    figures = await connection.fetchrow(_FIGURES, campaign["id"])
    assert figures is not None
    shown = ("id", "name", "state", "state_reason", "mode", "rule_set", "abandon_cap", "version")
    return {
        **{name: campaign[name] for name in shown},
        "dialer_up": bool(shard and shard["dialer_up"]),
        "switch_up": bool(shard and shard["dialer_up"] and shard["switch_up"]),
        "agents": await counts(_AGENTS, campaign["agent_group_id"]),
        "leads": await counts(_LEADS, campaign["id"]),
        "due": await connection.fetchval(_DUE, campaign["id"]),
        "outcomes": await counts(_OUTCOMES, campaign["id"]),
        **dict(figures),
    }


def _state(row: Any) -> str:
    return f"{row['state']} ({row['state_reason']})" if row["state_reason"] else str(row["state"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "none"
