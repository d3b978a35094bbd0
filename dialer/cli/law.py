"""`dialer may-call`: the contact law asked from outside, without a database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from dialer.cli.output import AsJson, show_json
from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.compliance.case_file import (
    DEBTOR_KEYS,
    GivenDebtor,
    parse_channel,
    parse_debtor,
    parse_history,
    parse_moment,
    place_name,
)
from dialer.compliance.preset import policy, sources
from dialer.domain.errors import BadInput

#: Where a rule comes from that no statute gives.
POLICY_SOURCE = "policy_defaults"


def may_call(
    jurisdiction: Annotated[
        str, typer.Option(help="Country (ISO 3166-1) or preset: CO, MX, US, strict, ...")
    ],
    at: Annotated[str, typer.Option(help="The moment, with its offset: 2026-11-21T14:59:30-05:00.")],
    subdivision: Annotated[
        str | None, typer.Option(help="State, province (ISO 3166-2) or city: BR-SP, US-MA, US-NY-NYC.")
    ] = None,
    channel: Annotated[
        str, typer.Option(help="voice, visit, sms, email, chat, letter, voicemail or prerecorded.")
    ] = "voice",
    history: Annotated[
        Path | None,
        typer.Option(help="JSON list of {at, channel, counts: [...], phone, debt, account}; - = stdin."),
    ] = None,
    debtor: Annotated[
        Path | None,
        typer.Option(help=f"JSON object of the debtor and the new contact: {', '.join(DEBTOR_KEYS)}."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the law allows a contact at a moment, and if not: the rule, its norm, and when it clears.

    Exit code 0 whatever the answer; 1 when a file or value can't be understood.
    """
    name = place_name(jurisdiction, subdivision)
    rules = load_rule_set(name)
    moment = parse_moment(at, "--at")
    contacts, unused = parse_history(_read(history), str(history)) if history else ((), ())
    given = parse_debtor(_read(debtor), str(debtor)) if debtor else GivenDebtor(Debtor(), False, ())
    verdict = judge(
        rules,
        given.debtor,
        at=moment,
        channel=parse_channel(channel, "--channel"),
        history=contacts,
        agent_reserved=given.agent_reserved,
    )
    ignored = [*(f"history.{key}" for key in unused), *(f"debtor.{key}" for key in given.ignored)]
    if ignored:
        typer.echo(f"dialer: not used, no such key: {', '.join(ignored)}", err=True)
    zone = ZoneInfo(given.debtor.zone) if given.debtor.zone else None
    if zone is None and len(rules.zones) == 1:
        zone = ZoneInfo(rules.zones[0])
    denial = verdict if isinstance(verdict, Deny) else None
    clears = denial.until.astimezone(zone or moment.tzinfo) if denial and denial.until else None
    answer = {
        "allowed": denial is None,
        "rule": denial.rule if denial else None,
        "norm": (denial.norm or _policy_norm(denial)) if denial else None,
        "source": (list(denial.src) or [POLICY_SOURCE]) if denial else [],
        "clears_at": clears.isoformat() if clears else None,
        "confidence": denial.conf or None if denial else None,
        "note": denial.note or None if denial else None,
        "cited": [{"id": src, **sources()[src].model_dump()} for src in denial.src] if denial else [],
        "rule_set": {"name": rules.name, "version": rules.version},
        "ignored": ignored,
    }
    if as_json:
        show_json(answer)
        return
    if denial is None:
        typer.echo(f"allowed by {rules.name} {rules.version}")
        return
    typer.echo(f"not allowed by {rules.name} {rules.version}: {denial.rule}")
    typer.echo(f"  norm     {answer['norm']} ({answer['confidence'] or 'policy'})")
    for src in denial.src:
        typer.echo(f"  source   {src} {sources()[src].ref} ({sources()[src].url})")
    if denial.note:
        typer.echo(f"  note     {denial.note}")
    typer.echo(f"  clears   {answer['clears_at'] or 'not by waiting'}")


def _policy_norm(denial: Deny) -> str:
    return f"policy {policy().version}: {denial.rule}"


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None
