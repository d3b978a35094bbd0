"""`dialer segment`: who is in which segment, how it is treated, who moved; `dialer order`: the order of the leads."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.cli.amounts import read_amount, write_amount
from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.leads import progress_bar
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.domain.errors import BadInput
from dialer.domain.segments import (
    KINDS,
    PRESETS,
    Conditions,
    Field,
    Kind,
    Match,
    NumberOrder,
    Treatment,
    read_conditions,
)
from dialer.store.database import Connection
from dialer.store.nights import Night, read_nights
from dialer.store.ordering import Scored, refresh_order
from dialer.store.segments import Run, count_leads, read_runs, read_segments, run_now, save_segment

app = typer.Typer(help="Segments: leads by conditions, each with a treatment.", no_args_is_help=True)
orders = typer.Typer(help="The order in which leads are called.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The segment's name.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="A condition, e.g. 'days_past_due >= 30', 'product = Tarjeta,Préstamo', 'risk_score <= 0.3',"
        " 'balance >= 1,500.00 MXN', 'promise != kept', 'disputed = no', 'risk_score is unknown'; may be repeated.",
    ),
]
AnyOf = Annotated[bool, typer.Option("--any", help="One condition is enough; else all must hold.")]

_CONDITION = re.compile(r"\s*([a-z_]+)\s*(>=|<=|!=|=|is)\s*(.+?)\s*")
_TESTS = {">=": "at_least", "<=": "at_most", "=": "is_one_of", "!=": "is_none_of"}
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


@app.callback()
def group() -> None:
    """Segments: leads by conditions, each with a treatment."""


@orders.callback()
def order_group() -> None:
    """The order in which leads are called."""


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """The segments in the order in which they are tried; the first whose conditions fit has the lead."""
    found = with_database(read_segments)
    if as_json:
        show_json([asdict(each) for each in found])
        return
    if not found:
        typer.echo("there are no segments; see `dialer segment presets --save`")
        return
    shown = table("name", "leads", "conditions", "priority", "numbers", "target", "")
    for each in found:
        treatment = each.treatment
        target = f"{treatment.target_handling_s} s" if treatment.target_handling_s else ""
        shown.add_row(
            each.name,
            str(each.leads),
            _words(each.conditions),
            "" if treatment.priority is None else str(treatment.priority),
            treatment.number_order,
            target,
            "" if each.active else "off",
        )
    console().print(shown)


@app.command("presets")
def presets(
    save: Annotated[bool, typer.Option("--save", help="Take over those whose name is free.")] = False,
    as_json: AsJson = False,
) -> None:
    """Segments ready to be taken over."""
    added: list[str] = []

    async def take_over(connection: Connection) -> None:
        known = {each.name for each in await read_segments(connection)}
        for preset in PRESETS:
            if preset.name not in known:
                await save_segment(connection, preset.name, preset.conditions, preset.treatment)
                added.append(preset.name)

    if save:
        with_database(take_over)
    if as_json:
        listed = [{"name": preset.name, "conditions": preset.conditions.as_json()} for preset in PRESETS]
        show_json({"presets": listed, "saved": added})
        return
    shown = table("name", "conditions", "saved")
    for preset in PRESETS:
        shown.add_row(preset.name, _words(preset.conditions), "now" if preset.name in added else "")
    console().print(shown)


@app.command("save")
def save(
    name: Name,
    where: Where = None,
    any_of: AnyOf = False,
    campaign: Annotated[
        str | None, typer.Option(help="Work its leads in this campaign, and so in its mode.")
    ] = None,
    priority: Annotated[int | None, typer.Option(min=-1000, max=1000)] = None,
    number_order: Annotated[
        NumberOrder, typer.Option(help="Numbers as listed, or the likeliest first.")
    ] = NumberOrder.LISTED,
    caller_id: Annotated[
        str | None, typer.Option(help="The number shown, one of the trunk's (E.164).")
    ] = None,
    target: Annotated[
        int | None, typer.Option("--target", help="Seconds a call of it should take, talk and wrap-up.")
    ] = None,
    position: Annotated[int | None, typer.Option(help="Its place; the first that fits has the lead.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep it, and put nobody into it.")] = False,
) -> None:
    """Make a segment, or give one other conditions and treatment. Its leads move with the next run."""
    conditions = _conditions(where, any_of=any_of)

    async def keep(connection: Connection) -> None:
        known = {each.name: each for each in await read_segments(connection)}
        old = known.get(name)
        campaign_id = (await find_campaign(connection, campaign))["id"] if campaign else None
        treatment = Treatment(
            campaign_id=campaign_id,
            priority=priority,
            script_id=old.treatment.script_id if old else None,
            number_order=number_order,
            caller_id=caller_id,
            target_handling_s=target,
        )
        await save_segment(
            connection,
            name,
            conditions,
            treatment,
            id_=old.id if old else None,
            position=position,
            active=not off,
        )

    with_database(keep)
    typer.echo(f"segment {name!r} saved: {_words(conditions)}; `dialer segment run` moves leads into it")


@app.command("preview")
def preview(
    name: Annotated[str | None, typer.Argument(help="A saved segment; else give --where.")] = None,
    where: Where = None,
    any_of: AnyOf = False,
    campaign: Annotated[str | None, typer.Option(help="Of this campaign only.")] = None,
    as_json: AsJson = False,
) -> None:
    """How many open leads meet a segment's conditions, and what they owe. Changes nothing."""

    async def count(connection: Connection) -> dict[str, object]:
        conditions = _conditions(where, any_of=any_of)
        if name is not None:
            found = next((each for each in await read_segments(connection) if each.name == name), None)
            if found is None:
                raise BadInput(f"there is no segment {name!r}; see `dialer segment list`")
            if found.conditions is None:
                raise BadInput(f"segment {name!r} has no conditions: only files name it")
            conditions = found.conditions
        campaign_id = (await find_campaign(connection, campaign))["id"] if campaign else None
        return asdict(await count_leads(connection, conditions, campaign_id)) | {
            "conditions": conditions.as_json()
        }

    counted = with_database(count)
    if as_json:
        show_json(counted)
        return
    typer.echo(
        f"{counted['leads']} of {counted['of']} open leads: {_words(read_conditions(counted['conditions']))}"
    )
    balances = counted["balances_minor"]
    assert isinstance(balances, dict)
    for currency, minor in balances.items():
        typer.echo(f"  {write_amount(minor, currency)}")


@app.command("run")
def run(as_json: AsJson = False) -> None:
    """Put every open lead into the first segment that fits, and tell who moved. Dialling goes on meanwhile."""
    with progress_bar("segments") as advance:
        made = with_database(
            lambda connection: run_now(connection, lambda leads: advance("judging", leads, 0, leads))
        )
    if as_json:
        show_json(asdict(made))
    else:
        _show_run(made)


@app.command("moves")
def moves(
    last: Annotated[int, typer.Option(min=1, max=100, help="Of so many runs, the newest first.")] = 1,
    campaign: Annotated[
        str | None, typer.Option(help="Of this campaign's own runs, which are its nights'.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who moved from which segment to which."""

    async def read(connection: Connection) -> list[Run]:
        campaign_id = (await find_campaign(connection, campaign))["id"] if campaign else None
        return await read_runs(connection, last, campaign_id=campaign_id)

    made = with_database(read)
    if as_json:
        show_json([asdict(each) for each in made])
        return
    if not made:
        typer.echo("segments were never run; see `dialer segment run --help`")
    for each in made:
        _show_run(each)


@app.command("nights")
def nights(as_json: AsJson = False) -> None:
    """Each campaign's night: when it begins, the last one done, and who moved in it."""

    async def read(connection: Connection) -> list[tuple[Night, Run | None]]:
        found = []
        for night in await read_nights(connection):
            runs = await read_runs(connection, 1, campaign_id=night.campaign_id)
            found.append((night, runs[0] if runs else None))
        return found

    found = with_database(read)
    if as_json:
        show_json([asdict(night) | {"run": run and asdict(run)} for night, run in found])
        return
    if not found:
        typer.echo("there is no campaign yet; see `dialer campaign create --help`")
        return
    shown = table("CAMPAIGN", "NIGHT BEGINS", "LAST", "FINISHED (UTC)")
    for night, _ in found:
        hour = "never" if night.hour is None else f"{night.hour:02}:00 {night.zone}"
        shown.add_row(night.campaign, hour, str(night.last_done or "none yet"), shown_time(night.finished_at))
    console().print(shown)
    for _, run in found:
        if run is not None:
            _show_run(run)


@orders.command("refresh")
def refresh(
    campaign: Annotated[str, typer.Option(help="The campaign's name.")],
    as_json: AsJson = False,
) -> None:
    """Learn when people answer and judge what every lead is worth. Dialling goes on meanwhile."""

    async def judge(connection: Connection) -> Scored:
        campaign_id = (await find_campaign(connection, campaign))["id"]
        with progress_bar(campaign) as advance:
            return await refresh_order(
                connection, campaign_id, datetime.now(UTC), lambda leads: advance("judging", leads, 0, leads)
            )

    done = with_database(judge)
    if as_json:
        show_json(asdict(done))
    else:
        typer.echo(f"{done.leads} leads of {campaign!r} judged, {done.changed} are worth something else now")


def _show_run(made: Run) -> None:
    whose = f", {made.campaign!r}" if made.campaign else ""
    whose += f", night of {made.night}" if made.night else ""
    unfinished = "" if made.finished_at else "; not finished"
    typer.echo(
        f"{shown_time(made.started_at)}{whose}: {made.leads} leads judged, {made.moved} moved{unfinished}"
    )
    if made.moves:
        shown = table("from", "to", "leads")
        for move in made.moves:
            shown.add_row(move.from_name or "(none)", move.to_name or "(none)", str(move.leads))
        console().print(shown)


def _conditions(where: list[str] | None, *, any_of: bool) -> Conditions:
    """Conditions as typed; one that names an amount is of debts in that currency alone. Raises BadInput."""
    parsed = [_parse(text) for text in where or ()]
    asked = [value for field, sign, value in parsed if field is Field.CURRENCY and sign == "="]
    bound = asked[0].strip().upper() if len(asked) == 1 and "," not in asked[0] else None
    listed, currency = [], bound
    for text, (field, sign, value) in zip(where or (), parsed, strict=True):
        if KINDS[field] is Kind.AMOUNT and sign in (">=", "<="):
            minor, currency = read_amount(value, currency)
            listed.append({"field": field, "test": _TESTS[sign], "value": minor})
        else:
            listed.append(_condition(text, field, sign, value))
    if currency is not None and bound is None:
        if any_of:
            raise BadInput(
                "with --any, amounts of one currency would let in debts of others: leave --any out, or make"
                " a segment of each condition"
            )
        listed.append({"field": Field.CURRENCY, "test": _TESTS["="], "value": [currency]})
    return replace(read_conditions({"conditions": listed}), match=Match.ANY if any_of else Match.ALL)


def _parse(text: str) -> tuple[Field, str, str]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise BadInput(f"--where {text!r} is not FIELD >= VALUE (or <=, =, !=, is known, is unknown)")
    field, sign, value = found.groups()
    if field not in list(Field):
        raise BadInput(f"--where {text!r}: there is no field {field!r}; choose from {', '.join(Field)}")
    return Field(field), sign, value


def _condition(text: str, field: Field, sign: str, value: str) -> dict[str, object]:
    if sign == "is":
        return {"field": field, "test": f"is_{value}"}
    kind = KINDS[field]
    if kind is Kind.YES_NO and sign == "=" and value.lower() in _YES_NO:
        return {"field": field, "test": "is", "value": _YES_NO[value.lower()]}
    if kind in (Kind.TEXT, Kind.CODE):
        return {"field": field, "test": _TESTS[sign], "value": [each.strip() for each in value.split(",")]}
    try:
        number = float(value) if kind is Kind.SCORE else int(value)
    except ValueError:
        raise BadInput(f"--where {text!r}: {field} needs a number") from None
    return {"field": field, "test": _TESTS[sign], "value": number}


def _words(conditions: Conditions | None) -> str:
    """The conditions as `--where` takes them."""
    if conditions is None:
        return "(named by files)"
    signs = {test: sign for sign, test in _TESTS.items()}
    asked = [each.value for each in conditions.conditions if each.field is Field.CURRENCY]
    currency = asked[0][0] if len(asked) == 1 and isinstance(asked[0], tuple) and len(asked[0]) == 1 else None
    parts = []
    for each in conditions.conditions:
        if each.value is None:
            parts.append(f"{each.field} {each.test.replace('_', ' ')}")
        else:
            value = ",".join(each.value) if isinstance(each.value, tuple) else str(each.value)
            if KINDS[each.field] is Kind.AMOUNT and isinstance(each.value, int):
                value = write_amount(each.value, currency) if currency else f"{each.value} (minor units)"
            parts.append(f"{each.field} {signs.get(each.test, '=')} {value}")
    return (" and " if conditions.match is Match.ALL else " or ").join(parts) or "everybody"
