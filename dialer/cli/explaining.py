"""`dialer explain`: why a lead is not called, and what holds a campaign's leads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, ShowNumbers, show_json, shown_number
from dialer.compliance.case_file import parse_moment
from dialer.compliance.preset import cite
from dialer.domain.errors import BadInput
from dialer.portfolio.callability import (
    JUDGED,
    CampaignCallability,
    explain_campaign,
    explain_lead,
)
from dialer.store.database import Connection

app = typer.Typer(help="Why a lead is, or is not, called.", no_args_is_help=True)

At = Annotated[
    str | None, typer.Option(help="As of this moment, with its offset; else now. The ledger is that of now.")
]


@app.callback()
def group() -> None:
    """Why a lead is, or is not, called."""


@app.command("lead")
def lead(
    lead_id: Annotated[int, typer.Argument(metavar="ID", help="The lead's number.")],
    at: At = None,
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """Say what stands between a lead and its next call: the first rule, its norm and sources, and when it clears."""
    moment = parse_moment(at, "--at") if at else datetime.now(UTC)
    found = with_database(lambda connection: explain_lead(connection, lead_id, moment))
    if found is None:
        raise BadInput(f"no lead {lead_id}")
    phones = [
        {
            "phone_id": phone.phone_id,
            "number": shown_number(phone.number, in_full=show_numbers),
            "callable": phone.denial is None,
            "rule": phone.denial.rule if phone.denial else None,
            "clears_at": phone.denial.until if phone.denial else None,
        }
        for phone in found.phones
    ]
    answer = {
        "lead_id": found.lead_id,
        "campaign": found.campaign,
        "state": found.state,
        "callable": found.rule is None,
        "rule": found.rule,
        "norm": found.norm or None,
        "source": list(found.src),
        "confidence": found.conf or None,
        "clears_at": found.clears_at,
        "rule_set": {"name": found.rule_set, "version": found.version},
        "phones": phones,
    }
    if as_json:
        show_json(answer)
        return
    if found.rule is None:
        typer.echo(
            f"lead {lead_id} of {found.campaign!r} may be called now ({found.rule_set} {found.version})"
        )
    else:
        typer.echo(f"lead {lead_id} of {found.campaign!r} ({found.state}) is not called now: {found.rule}")
        if found.norm:
            typer.echo(f"  norm     {found.norm} ({found.conf})")
        for src in found.src:
            typer.echo(f"  source   {src} {cite(src)}")
        typer.echo(f"  clears   {found.clears_at.isoformat() if found.clears_at else 'not by waiting'}")
    for phone in phones:
        word = (
            "may be called"
            if phone["callable"]
            else f"{phone['rule']}, clears {phone['clears_at'] or 'never'}"
        )
        typer.echo(f"  {phone['number']}  {word}")


@app.command("campaign")
def campaign(
    name: Annotated[str, typer.Argument(help="The campaign's name.")],
    at: At = None,
    most: Annotated[
        int, typer.Option("--judge", min=1, help="So many of the due leads are judged by the law.")
    ] = JUDGED,
    as_json: AsJson = False,
) -> None:
    """Count a campaign's leads by what holds them back; of those that are due, by the law's first rule."""
    moment = parse_moment(at, "--at") if at else datetime.now(UTC)

    async def work(connection: Connection) -> CampaignCallability:
        row = await find_campaign(connection, name)
        return await explain_campaign(connection, row["id"], moment, most)

    found = with_database(work)
    answer: dict[str, Any] = {
        "campaign": name,
        "due": found.due,
        "judged": found.judged,
        "law": found.law,
        "not_due": found.states,
    }
    if as_json:
        show_json(answer)
        return
    typer.echo(f"{name!r}: {found.due} leads are due, {found.judged} of them judged by the law")
    for reason, count in found.law.items():
        typer.echo(f"  {count:>9}  {reason}")
    if found.states:
        typer.echo("not due")
    for reason, count in found.states.items():
        typer.echo(f"  {count:>9}  {reason}")
