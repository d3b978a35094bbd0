"""`dialer lists`: the files a campaign's leads came in, and how its calls are divided among them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.list_mix import LeadList, read_lists, set_share, use_list

app = typer.Typer(help="Lists: the mix that a campaign calls from.", no_args_is_help=True)

Campaign = Annotated[str, typer.Argument(help="The campaign's name.")]


@app.callback()
def group() -> None:
    """Lists: the mix that a campaign calls from. Changes hold from the next claim on."""


@app.command("show")
def show(
    campaign: Annotated[str | None, typer.Argument(help="Of this campaign; else of all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lists with their share of the calls and the leads they have left."""

    async def work(connection: Connection) -> list[LeadList]:
        campaign_id = (await find_campaign(connection, campaign))["id"] if campaign else None
        return await read_lists(connection, campaign_id)

    _show(with_database(work), as_json=as_json)


@app.command("share")
def share(
    campaign: Campaign,
    shares: Annotated[
        list[str],
        typer.Argument(help="LIST=SHARE, e.g. 'enero.csv=3' 'mora.csv=1'; LIST=none: before all shares."),
    ],
    as_json: AsJson = False,
) -> None:
    """Divide a campaign's calls among its lists: 3 and 1 are three calls of one for each of the other.

    A list without a share comes first. Between campaigns of one group: dialer campaign set NAME --share.
    """
    wanted = dict(map(_share, shares))

    async def work(connection: Connection) -> list[LeadList]:
        campaign_id = (await find_campaign(connection, campaign))["id"]
        async with connection.transaction():
            for name, value in wanted.items():
                await set_share(connection, campaign_id, name, value)
        return await read_lists(connection, campaign_id)

    _show(with_database(work), as_json=as_json)


@app.command("use")
def use(
    campaign: Campaign,
    name: Annotated[str, typer.Argument(help="The list's name.")],
    on: Annotated[bool, typer.Option("--on/--off", help="Whether its leads are called.")] = True,
    as_json: AsJson = False,
) -> None:
    """Call a list's leads, or let them rest."""

    async def work(connection: Connection) -> list[LeadList]:
        campaign_id = (await find_campaign(connection, campaign))["id"]
        await use_list(connection, campaign_id, name, active=on)
        return await read_lists(connection, campaign_id)

    _show(with_database(work), as_json=as_json)


def _share(text: str) -> tuple[str, float | None]:
    """`LIST=SHARE` as typed. Raises BadInput."""
    name, separator, value = text.rpartition("=")
    if not separator or not name:
        raise BadInput(f"{text!r} is not LIST=SHARE")
    if value == "none":
        return name, None
    try:
        number = float(value)
    except ValueError:
        raise BadInput(f"{text!r}: a share is a number, or none") from None
    if not 0.01 <= number <= 1000:
        raise BadInput(f"{text!r}: a share is 0.01 to 1000")
    return name, number


def _show(lists: list[LeadList], *, as_json: bool) -> None:
    if as_json:
        show_json([asdict(each) for each in lists])
        return
    shown = table("CAMPAIGN", "LIST", "SHARE", "OF ITS CALLS", "LEADS LEFT", "OF", "CALLED")
    whole: dict[str, float] = {}
    for each in lists:
        if each.active and each.share is not None and each.left:
            whole[each.campaign] = whole.get(each.campaign, 0.0) + each.share
    for each in lists:
        counted = each.active and each.share is not None and each.left
        shown.add_row(
            each.campaign,
            each.name,
            "first" if each.share is None else f"{each.share:g}",
            f"{each.share / whole[each.campaign]:.0%}" if counted and each.share is not None else "",
            str(each.left),
            str(each.leads),
            "yes" if each.active else "no",
        )
    console().print(shown if lists else "no list yet: dialer leads import FILE --campaign NAME")
