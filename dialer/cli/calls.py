"""`dialer call`: the newest attempts, and the story of one as the log tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, ShowNumbers, console, show_json, shown_number, shown_time, table
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.domain.values import is_ulid
from dialer.store.database import Connection
from dialer.store.users import find_user

app = typer.Typer(help="Calls: what happened.", no_args_is_help=True)

#: What became of the lead is logged with the attempt's end or with the agent's disposition, in the same batch.
_LEAD_EVENTS_AFTER = 100

_ATTEMPT = """
    SELECT a.*, c.name AS campaign, u.login AS agent, r.id AS recording_id, r.duration_ms, r.sha256,
           v.mode AS screening_mode, v.label, v.cause, v.posterior, v.decided_at_ms, v.greeting_end_ms, v.control,
           v.features, v.corrected_label, v.corrected_cause, v.corrected_at_ms
    FROM attempt a
    JOIN campaign c ON c.id = a.campaign_id
    LEFT JOIN app_user u ON u.id = a.agent_id
    LEFT JOIN recording r ON r.attempt_id = a.id
    LEFT JOIN screening_verdict v ON v.attempt_id = a.id
    WHERE a.id = $1
"""
# Ids are ULIDs: their order is the order of planning, so the newest first needs no sort.
_NEWEST = """
    SELECT a.id, a.planned_at, c.name AS campaign, a.lead_id, a.number, a.trunk, a.state, a.outcome, u.login AS agent,
           a.connect_ms, extract(epoch FROM a.ended_at - a.connected_at)::float AS talk_s, a.disposition
    FROM attempt a
    JOIN campaign c ON c.id = a.campaign_id
    LEFT JOIN app_user u ON u.id = a.agent_id
    WHERE ($1::bigint IS NULL OR a.campaign_id = $1)
      AND ($2::bigint IS NULL OR a.agent_id = $2)
      AND ($3::bigint IS NULL OR a.lead_id = $3)
      AND ($4::text IS NULL OR a.outcome = $4)
    ORDER BY a.id DESC
    LIMIT $5
"""
_EVENTS = """
    SELECT seq, at, type, data FROM call_event WHERE attempt_id = $1
    UNION ALL
    SELECT e.seq, e.at, e.type, e.data
    FROM call_event e, (SELECT shard_id, min(seq) AS first, max(seq) AS last
                        FROM call_event WHERE attempt_id = $1 GROUP BY shard_id) AS span
    WHERE e.shard_id = span.shard_id AND e.seq BETWEEN span.first AND span.last + $3
      AND e.type = 'LeadMoved' AND (e.data ->> 'lead_id')::bigint = $2
    ORDER BY at, seq
"""
#: What people wrote may hold anything, a number too.
_FREE_TEXTS = frozenset({"note", "explanation", "reference"})
_HIDDEN = "(hidden)"


@app.callback()
def group() -> None:
    """Calls: what happened."""


@app.command("list")
def list_(
    campaign: Annotated[str | None, typer.Option(help="Only those of this campaign.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only those this agent had, by log-in.")] = None,
    lead: Annotated[int | None, typer.Option(help="Only those of this lead.", min=1)] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only those that ended so.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 20,
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """The newest attempts first, with the ids that `dialer call show` takes."""

    async def work(connection: Connection) -> list[dict[str, Any]]:
        campaign_id = None if campaign is None else (await find_campaign(connection, campaign))["id"]
        agent_id = None if agent is None else await find_user(connection, agent)
        rows = await connection.fetch(_NEWEST, campaign_id, agent_id, lead, outcome, limit)
        return [{**dict(row), "number": shown_number(row["number"], in_full=show_numbers)} for row in rows]

    attempts = with_database(work)
    if as_json:
        show_json(attempts)
        return
    if not attempts:
        typer.echo("no attempt is like that")
        return
    lines = table("ID", "PLANNED (UTC)", "CAMPAIGN", "LEAD", "NUMBER", "OUTCOME", "AGENT", "TALK", "RESULT")
    for attempt in attempts:
        lines.add_row(
            attempt["id"],
            shown_time(attempt["planned_at"]),
            attempt["campaign"],
            str(attempt["lead_id"]),
            attempt["number"],
            attempt["outcome"] or f"({attempt['state']})",
            attempt["agent"] or "",
            "" if attempt["talk_s"] is None else f"{attempt['talk_s']:.0f} s",
            attempt["disposition"] or "",
        )
    console().print(lines)


@app.command("show")
def show(
    attempt_id: Annotated[str, typer.Argument(metavar="ID", help="The attempt's id: 26 letters and digits.")],
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of one attempt, event by event."""
    wanted = attempt_id.upper()
    if not is_ulid(wanted):
        raise BadInput(f"{wanted[:40]!r} is no attempt's id: it has 26 letters and digits")
    attempt, events = with_database(lambda connection: _read(connection, wanted, show_numbers=show_numbers))
    if as_json:
        show_json({"attempt": attempt, "events": events})
        return
    screen = console()
    screen.print(_headline(attempt))
    screen.print()
    began: datetime = attempt["planned_at"]
    lines = table("AT (UTC)", "AFTER", "WHAT")
    for event in events:
        at: datetime = event["at"]
        lines.add_row(
            f"{at:%H:%M:%S.%f}"[:-3],
            f"{(at - began).total_seconds():+.3f} s",
            describe(event["type"], event["data"]),
        )
    screen.print(lines)


async def _read(
    connection: Connection, attempt_id: str, *, show_numbers: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    row = await connection.fetchrow(_ATTEMPT, attempt_id)
    if row is None:
        raise BadInput(f"there is no attempt {attempt_id}")
    rows = await connection.fetch(_EVENTS, attempt_id, row["lead_id"], _LEAD_EVENTS_AFTER)
    attempt = {**dict(row), "verdict": orjson.loads(row["verdict"])}
    if attempt["features"] is not None:
        attempt["features"] = orjson.loads(attempt["features"])
    events = [{**dict(event), "data": orjson.loads(event["data"])} for event in rows]
    attempt["number"] = shown_number(attempt["number"], in_full=show_numbers)
    if not show_numbers:
        # A note may hold anything, a number too.
        for holder in (attempt, *(event["data"] for event in events)):
            for told in (holder, holder.get("details") or {}):
                for name in _FREE_TEXTS & told.keys():
                    told[name] = _HIDDEN if told[name] else told[name]
    return attempt, events


def _headline(attempt: Mapping[str, Any]) -> str:
    outcome = attempt["outcome"] or f"still {attempt['state']}"
    lines = [
        f"attempt {attempt['id']}: {outcome}",
        f"  {attempt['campaign']}, lead {attempt['lead_id']}, try {attempt['n']} of it, mode {attempt['mode']}",
        f"  {attempt['number']} through {attempt['trunk']}, shown as {attempt['caller_id']}",
        f"  planned {shown_time(attempt['planned_at'])}, ended {shown_time(attempt['ended_at']) or 'not yet'}",
    ]
    if attempt["agent"]:
        took = "" if attempt["connect_ms"] is None else f", connected in {attempt['connect_ms']:.1f} ms"
        lines.append(f"  agent {attempt['agent']}{took}")
    if attempt["screening_mode"]:
        heard = attempt["label"] or f"unknown ({attempt['cause']})"
        lines.append(f"  who answered: {heard}" + _clause(", later ", attempt["corrected_label"]))
    if attempt["disposition"]:
        lines.append(f"  disposition {attempt['disposition']}" + _clause(": ", attempt["note"]))
    if attempt["recording_id"]:
        seconds = attempt["duration_ms"] / 1000
        lines.append(f"  recording {attempt['recording_id']}, {seconds:.1f} s, SHA-256 {attempt['sha256']}")
    return "\n".join(lines)


# --- each kind of event in words ----------------------------------------------------------------------------

_STATES = {
    "originating": "the switch was told to dial",
    "ringing": "it rings",
    "answered": "answered",
    "screening": "listening who answered",
    "waiting": "answered, waiting for an agent",
    "machine": "no person: the call ends, or a message is left",
    "message": "nobody was free in time: the customer hears the message",
    "ended": "the call is over",
}


def describe(kind: str, data: Mapping[str, Any]) -> str:
    """One event of the log in a line."""
    teller = _TELLERS.get(kind)
    return teller(data) if teller else f"{kind} {orjson.dumps(data).decode()}"


def _clause(before: str, value: object, after: str = "") -> str:
    return "" if value is None or value == "" else f"{before}{value}{after}"


def _planned(data: Mapping[str, Any]) -> str:
    attempt = data["attempt"]
    verdict = attempt["verdict"]
    checked = ", ".join(verdict["checked"]) or "nothing"
    return (
        f"planned through {attempt['trunk']}"
        + _clause(", agent ", attempt.get("agent_id"), " reserved")
        + f"; allowed by rule set {verdict['rule_set']} {verdict['version']} (checked: {checked})"
    )


def _moved(data: Mapping[str, Any]) -> str:
    if data["state"] == "bridged":
        took = data.get("connect_ms")
        return f"connected to agent {data.get('agent_id')}" + ("" if took is None else f" in {took:.1f} ms")
    return _STATES.get(data["state"], str(data["state"]))


def _ended(data: Mapping[str, Any]) -> str:
    causes = [
        f"{name} {data[key]}"
        for name, key in (("Q.850", "q850"), ("SIP", "sip_status"))
        if data.get(key) is not None
    ]
    return (
        f"ended: {data['outcome']}"
        + _clause(" (", ", ".join(causes), ")")
        + _clause(", hung up by ", data.get("hung_up_by"))
        + ("" if data["burnt"] else "; does not count as a try")
    )


def _lead_moved(data: Mapping[str, Any]) -> str:
    step = data["step"]
    return (
        f"the lead is {step['state']}"
        + _clause(" (", step.get("reason"), ")")
        + _clause(" until ", step.get("next_at"))
        + _clause(", next number id ", step.get("next_phone_id"))
        + _clause("; the number is now ", step.get("phone_status"))
    )


def _details(details: Mapping[str, Any]) -> str:
    """What was said with a disposition."""
    return ", ".join(
        f"{name} {value}" for name, value in details.items() if value not in (None, "", [], False)
    )


def _agent_moved(data: Mapping[str, Any]) -> str:
    return (
        f"agent {data['agent_id']} is {data['state']}"
        + _clause(" (", data.get("reason"), ")")
        + ("" if data.get("leg_up") else ", his phone is not connected")
    )


def _screened(data: Mapping[str, Any]) -> str:
    goes = "goes to an agent" if data["to_agent"] else "does not go to an agent"
    if data.get("label") is None:
        return f"who answered is unknown ({data['cause']}): {goes}"
    if data["mode"] == "shadow":
        goes = "shadow mode, nothing follows"
    elif data["control"]:
        goes = "control sample: goes to an agent, who is not told"
    return (
        f"who answered: {data['label']} by {data['cause']}, P(human) {data['posterior']:.3f}, decided"
        f" {data['decided_at_ms']} ms after the answer"
        + _clause(" (greeting ended at ", data.get("greeting_end_ms"), " ms)")
        + f"; {goes}"
    )


def _corrected(data: Mapping[str, Any]) -> str:
    freed = ", the agent is freed" if data["freed_agent"] else ""
    return f"unmasked {data['at_ms']} ms after the answer: {data['label']} by {data['cause']}{freed}"


_TELLERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "AttemptPlanned": _planned,
    "AttemptMoved": _moved,
    "AttemptEnded": _ended,
    "LeadMoved": _lead_moved,
    "AgentMoved": _agent_moved,
    "CallAbandoned": lambda data: (
        f"abandoned: no agent by {data['deadline_at']}, answered {data['answered_at']}"
    ),
    "AttemptDisposed": lambda data: (
        f"agent {data['agent_id']} says: {data['code']}"
        + _clause(" (", _details(data.get("details") or {}), ")")
        + _clause(" (note: ", data.get("note"), ")")
    ),
    "ContactCeased": lambda data: "the debtor wants no more calls: his leads are blocked everywhere",
    "ScriptStepped": lambda data: (
        f"script version {data['version_id']}, step {data['step']}"
        + _clause(", by the answer ", data.get("answer"))
    ),
    "NoticeGiven": lambda data: (
        "recording notice " + ("spoken by the agent" if data["spoken"] else "played to the customer")
    ),
    "CallScreened": _screened,
    "ScreeningCorrected": _corrected,
    "TextSpoken": lambda data: (
        "message left after the beep" if data["kind"] == "message" else "told an assistant who calls"
    ),
    "RecordingBegan": lambda data: "recording began",
    "RecordingRefused": lambda data: (
        f"the customer did not consent to the recording (agent {data['agent_id']}): stopped"
    ),
    "RecordingClosed": lambda data: "recording files closed",
}
