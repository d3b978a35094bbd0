"""`dialer rules`: the contact law as it is in force here, and who stands behind its doubtful parts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.compliance.preset import sources
from dialer.compliance.provisions import Sourced
from dialer.compliance.rule_set import RuleSet, load_rule_set, rule_set_names
from dialer.domain.errors import BadInput
from dialer.store import approvals as store

app = typer.Typer(help="The contact law: what is in force, and who approved it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A rule set: CO, BR-SP, US-NY-NYC, ...")]


@app.callback()
def group() -> None:
    """The contact law: what is in force, and who approved it."""


@app.command("list")
def list_sets(as_json: AsJson = False) -> None:
    """The rule sets there are, and what in each needs a name behind it."""
    sets = [load_rule_set(name) for name in rule_set_names()]
    if as_json:
        show_json([{"name": r.name, "version": r.version, "to_approve": list(r.to_approve)} for r in sets])
        return
    shown = table("name", "version", "to approve")
    for rules in sets:
        shown.add_row(rules.name, rules.version, ", ".join(rules.to_approve) or "-")
    console().print(shown)


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Every rule of a set with its norm, sources and confidence, and the approvals it has."""
    rules = load_rule_set(name)
    given = with_database(lambda connection: store.approvals(connection, name))
    known = {f"{row['rule_id']}@{row['version']}" for row in given if row["withdrawn_at"] is None}
    missing = rules.unapproved(known)
    rows = [{**_told(rule_id, rule), "unapproved": rule_id in missing} for rule_id, rule in _rules(rules)]
    if as_json:
        answer = {
            "name": name,
            "version": rules.version,
            "rules": rows,
            "approvals": [dict(r) for r in given],
        }
        show_json(answer)
        return
    typer.echo(f"{name} {rules.version}")
    shown = table("rule", "norm", "confidence", "sources", "")
    for row in rows:
        doubt = "needs approval" if row["unapproved"] else ""
        shown.add_row(row["rule"], row["norm"] or "-", row["confidence"], " ".join(row["source"]), doubt)
    console().print(shown)
    for told in given:
        state = f", withdrawn {shown_time(told['withdrawn_at'])}" if told["withdrawn_at"] else ""
        typer.echo(
            f"{told['rule_id']} approved {shown_time(told['created_at'])} by {told['approved_by']}: {told['reason']}"
            f" (version {told['version']}{state})"
        )


@app.command("approve")
def approve(
    name: Name,
    rule: Annotated[str, typer.Argument(help="The rule, as `dialer rules show` names it.")],
    by: Annotated[str, typer.Option(help="Who stands behind it: name and office.")],
    reason: Annotated[str, typer.Option(help="On what grounds.")],
) -> None:
    """Stand behind a rule whose sources disagree or that is this project's own, in the version of today.

    A campaign starts only when each such rule of its set is approved; a changed figure asks again. An exemption that a
    rule grants to some is claimed the same way.
    """
    rules = load_rule_set(name)
    claimable = {exemption.id: exemption for exemption in rules.exemptions()}
    if rule not in rules.to_approve and rule not in claimable:
        raise BadInput(
            f"{rule!r} needs no approval in {name}; these do: {', '.join(rules.to_approve) or 'none'}"
            + (f"; and these exemptions may be claimed: {', '.join(claimable)}" if claimable else "")
        )
    for what, text in (("--by", by), ("--reason", reason)):
        if not text.strip() or not text.isprintable() or len(text) > 500:
            raise BadInput(f"{what}: 1 to 500 printable characters")
    version = rules.version
    with_database(
        lambda connection: store.approve(
            connection, name, rule, version, by=by.strip(), reason=reason.strip()
        )
    )
    typer.echo(f"{rule} of {name} {version} approved by {by.strip()}")


@app.command("withdraw")
def withdraw(name: Name, rule: Annotated[str, typer.Argument(help="The approved rule.")]) -> None:
    """Take an approval back: the next start of a campaign on the set is refused. Running ones go on: pause them."""
    load_rule_set(name)
    if not with_database(lambda connection: store.withdraw(connection, name, rule)):
        raise BadInput(f"{rule!r} of {name} has no approval")
    typer.echo(f"approval of {rule} of {name} withdrawn")


def _rules(rules: RuleSet) -> list[tuple[str, Sourced]]:
    """What decides, by the names it is told under; the layers' hours under their approvals' names."""
    hours = [name for name in rules.to_approve if name.endswith("-hours")]
    named: list[tuple[str, Sourced]] = [
        (hours[0] if hours and rules.to_approve[hours[0]] is rule else "hours", rule) for rule in rules.hours
    ]
    named += [(cap.limit.id, cap.limit) for cap in rules.caps]
    named += [("channel_consent", rule) for rule in rules.consents]
    named += [("contact_scope", rule) for rule in rules.scopes]
    named += [("after_abandoned_call", rule) for rule in rules.redial_abandoned]
    named += [("after_amd_machine", rule) for rule in rules.redial_machine]
    named += [("caller_id", rule) for rule in rules.caller_ids]
    named += [("min_ring_s", rule) for rule in rules.min_rings]
    named += [("abandonment", rule) for rule in rules.abandonments]
    named += [("abandoned_message", rule) for rule in rules.messages]
    named += [("recording", rule) for rule in rules.recordings]
    named += [("retention", rule) for rule in rules.retentions]
    return named


def _told(rule_id: str, rule: Sourced) -> dict[str, Any]:
    return {
        "rule": rule_id,
        "norm": rule.norm,
        "confidence": str(rule.conf),
        "source": list(rule.src),
        "cited": {src: sources()[src].ref for src in rule.src},
        "note": rule.note,
        "alternative": rule.alternative,
    }
