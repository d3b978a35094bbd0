"""`dialer person`: a debtor's file and story, and what people enter into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Any

import typer
from babel.numbers import get_currency_precision
from rich.table import Table

from dialer.cli.case_files import import_file
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, ShowNumbers, console, show_json, shown_number, shown_time, table
from dialer.domain.contact import Place
from dialer.domain.debtor import AddressKind, Channel, ConsentPurpose, PartyRole, Provenance
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.overlays import set_place
from dialer.store.person_file import (
    MAX_DOCUMENT,
    Address,
    Consent,
    add_address,
    add_consent,
    add_document,
    add_note,
    find_debt,
    find_person,
    find_user,
    read_document,
    set_party,
)
from dialer.store.timelines import Entry, read_story

app = typer.Typer(help="Persons: what happened with a debtor.", no_args_is_help=True)
documents = typer.Typer(help="Papers of a person.", no_args_is_help=True)
app.add_typer(documents, name="document")
app.command("import")(import_file)

Reference = Annotated[str, typer.Argument(help="The creditor's own reference of the person.")]
Debt = Annotated[str | None, typer.Option(help="The creditor's reference of the debt that it is about.")]
By = Annotated[str | None, typer.Option("--as", help="The log-in of whoever enters it.")]
Source = Annotated[Provenance, typer.Option(help="Who said so.")]


@app.callback()
def persons() -> None:
    """Persons: what happened with a debtor."""


@app.command("show")
def show(
    reference: Reference,
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """A person's numbers with what calling them taught, and all that happened, the newest first."""
    story = with_database(lambda connection: read_story(connection, reference))
    for entry in story.entries:
        if entry.more.get("number"):
            entry.more["number"] = shown_number(entry.more["number"], in_full=show_numbers)
    shown = [
        asdict(number)
        | {"number": shown_number(number.number, in_full=show_numbers), "demoted": number.demoted}
        for number in story.numbers
    ]
    if as_json:
        show_json(asdict(story) | {"numbers": shown})
        return
    screen = console()
    blocked = "; asked not to be called" if story.do_not_call else ""
    screen.print(
        f"{story.full_name} ({story.external_ref}), {story.language}, {story.time_zone or 'zone unknown'}{blocked}"
    )
    screen.print(_numbers(shown) if shown else "no number")
    lines = table("AT (UTC)", "WHAT", "STATE", "WHO", "")
    for entry in story.entries:
        lines.add_row(shown_time(entry.at), entry.kind, entry.state or "", entry.who or "", describe(entry))
    screen.print(lines if story.entries else "nothing happened yet")


@app.command("place")
def place(
    reference: Annotated[str, typer.Argument(help="The creditor's own reference of the person.")],
    number: Annotated[str, typer.Argument(help="One of his numbers, E.164.")],
    rings_at: Annotated[Place, typer.Argument(help="Where it rings.")],
) -> None:
    """Say where a number rings: many laws bar the workplace or limit it apart."""
    with_database(lambda connection: set_place(connection, reference, number, rings_at))
    typer.echo(f"{shown_number(number, in_full=False)} of {reference} rings at: {rings_at}")


@app.command("note")
def note(
    reference: Reference,
    text: Annotated[str, typer.Argument(help="What to remember.")],
    debt: Debt = None,
    author: By = None,
    as_json: AsJson = False,
) -> None:
    """Write a note into a person's file."""

    async def work(connection: Connection) -> int:
        person_id = await find_person(connection, reference)
        return await add_note(
            connection,
            person_id,
            text,
            debt_id=await find_debt(connection, person_id, debt),
            author_id=await find_user(connection, author),
        )

    _entered(as_json, "note", with_database(work), reference)


class Word(StrEnum):
    """What is said of a consent."""

    GRANT = "grant"
    WITHDRAW = "withdraw"


@app.command("consent")
def consent(
    reference: Reference,
    word: Annotated[Word, typer.Argument(help="What the person says now.")],
    channel: Annotated[Channel, typer.Option(help="For which way to him.")],
    purpose: Annotated[ConsentPurpose, typer.Option(help="For what.")] = ConsentPurpose.CONTACT,
    number: Annotated[str | None, typer.Option(help="For this number alone; else for all of his.")] = None,
    source: Source = Provenance.DEBTOR,
    evidence: Annotated[
        str | None, typer.Option(help="Where the proof is, e.g. a recording's id or a clause.")
    ] = None,
    author: By = None,
    as_json: AsJson = False,
) -> None:
    """Keep what a person allows or takes back. The newest word holds, from this moment, also for a call on its way."""

    async def work(connection: Connection) -> int:
        return await add_consent(
            connection,
            await find_person(connection, reference),
            Consent(channel, word is Word.GRANT, purpose, number, source, evidence),
            datetime.now(UTC),
            recorded_by=await find_user(connection, author),
        )

    _entered(as_json, "consent", with_database(work), reference)


@app.command("address")
def address(
    reference: Reference,
    line: Annotated[str, typer.Argument(help="Street and number.")],
    kind: Annotated[AddressKind, typer.Option(help="What is there.")] = AddressKind.HOME,
    city: Annotated[str | None, typer.Option(help="Its city.")] = None,
    subdivision: Annotated[str | None, typer.Option(help="ISO 3166-2, e.g. CO-ANT.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166, e.g. CO.")] = None,
    postal_code: Annotated[str | None, typer.Option(help="Its postal code.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA, e.g. America/Bogota.")] = None,
    source: Source = Provenance.DEBTOR,
    lives_here: Annotated[
        bool, typer.Option("--lives-here", help="His lawful hours are those of this place from now on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an address to a person's file."""
    given = Address(line, kind, city, subdivision, country, postal_code, time_zone, source)

    async def work(connection: Connection) -> int:
        person_id = await find_person(connection, reference)
        return await add_address(connection, person_id, given, lives_here=lives_here)

    _entered(as_json, "address", with_database(work), reference)


@app.command("party")
def party(
    reference: Reference,
    debt: Annotated[str, typer.Option(help="The creditor's reference of somebody else's debt.")],
    role: Annotated[PartyRole | None, typer.Option(help="Why he may be asked to pay it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="He no longer may.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that a person owes another's debt, too: a co-debtor or a guarantor. Both files show it."""
    if (role is None) is not remove:
        raise BadInput("say --role co_debtor, --role guarantor, or --remove")

    async def work(connection: Connection) -> None:
        await set_party(connection, debt, await find_person(connection, reference), role)

    with_database(work)
    if as_json:
        show_json({"person": reference, "debt": debt, "role": role})
    else:
        typer.echo(f"{reference} is {role or 'nothing'} in debt {debt}")


@documents.callback()
def papers() -> None:
    """Papers of a person: contracts, statements, agreements."""


@documents.command("add")
def add_paper(
    reference: Reference,
    file: Annotated[Path, typer.Argument(help="The file, 10 MB at most.")],
    title: Annotated[str | None, typer.Option(help="What it is; else the file's name.")] = None,
    debt: Debt = None,
    author: By = None,
    as_json: AsJson = False,
) -> None:
    """Keep a paper in a person's file."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}") from None

    async def work(connection: Connection) -> int:
        person_id = await find_person(connection, reference)
        return await add_document(
            connection,
            person_id,
            title or file.name,
            guess_type(file.name)[0] or "application/octet-stream",
            content,
            debt_id=await find_debt(connection, person_id, debt),
            added_by=await find_user(connection, author),
        )

    _entered(as_json, "document", with_database(work), reference)


@documents.command("save")
def save_paper(
    document: Annotated[int, typer.Argument(help="Its id, as `dialer person show` tells it.")],
    file: Annotated[Path, typer.Argument(help="Where to; never over a file that is there.")],
) -> None:
    """Write a paper to a file."""
    content = with_database(lambda connection: read_document(connection, document))
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except OSError as error:
        raise BadInput(f"{file} can't be written: {error.strerror}") from None
    typer.echo(f"document {document}: {len(content)} bytes written to {file}")


def _entered(as_json: bool, what: str, id_: int, reference: str) -> None:
    if as_json:
        show_json({"id": id_, "kind": what, "person": reference})
    else:
        typer.echo(f"{what} {id_} stands in the file of {reference}")


def _numbers(shown: list[dict[str, Any]]) -> Table:
    """What is known of each number, in the creditor's order."""
    lines = table("NUMBER", "KIND", "STATUS", "HIS OWN", "SPOKEN TO", "WRONG", "TRIES", "LAST")
    for number in shown:
        lines.add_row(
            number["number"],
            number["kind"],
            "demoted" if number["status"] == "active" and number["demoted"] else number["status"],
            f"{number['confidence']:.0%}",
            _times(number["right_party"], number["right_party_at"]),
            _times(number["wrong_number"], number["wrong_number_at"]),
            str(number["tries"]),
            number["last_outcome"] or "",
        )
    return lines


def _times(count: int, last: Any) -> str:
    return f"{count}, last {last:%Y-%m-%d}" if count and last else str(count)


def describe(entry: Entry) -> str:
    """What only its kind has, in a line."""
    more: Mapping[str, Any] = entry.more
    match entry.kind:
        case "attempt":
            said = f", says {more['disposition']}" if more["disposition"] else ""
            return f"{more['number']} for {more['campaign']}{said}"
        case "promise":
            return f"{_money(more)} by {more['due_on']} (id {more['id']})"
        case "payment":
            back = f"; taken back: {entry.text}" if entry.text else ""
            return f"{_money(more)}, reference {more['reference']}{back}"
        case "dispute":
            answered = f": {more['resolution']}" if more["resolution"] else ""
            return f"{more['reason']} (id {more['id']}){answered}"
        case "consent":
            number = f", {more['number']}" if more["number"] else ""
            proof = f": {entry.text}" if entry.text else ""
            return f"{more['channel']} for {more['purpose']}{number}, says {more['source']}{proof}"
        case "wish":
            hours = f" {more['starts'] or '00:00'} to {more['ends'] or '24:00'}"
            return (more["channel"] or "any channel") + (hours if more["starts"] or more["ends"] else "")
        case "contact":
            return f"{', '.join(more['counts'])}{' (taken back)' if more['withdrawn'] else ''}"
        case "party":
            return f"{more['beside']} for debt {more['debt']} of {more['debtor']}"
        case "document":
            return f"{entry.text} (id {more['id']}, {more['media_type']})"
        case _:
            return entry.text or ""


def _money(more: Mapping[str, Any]) -> str:
    digits = get_currency_precision(more["currency"])
    return f"{more['amount_minor'] / 10**digits:,.{digits}f} {more['currency']}"
