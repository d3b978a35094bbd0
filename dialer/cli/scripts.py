"""`dialer script`: check, publish, compare and weigh what agents say."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.portfolio.must_say import must_say
from dialer.portfolio.script_graph import Fault, Graph, find_faults, one_page, parse_graph
from dialer.portfolio.script_weighing import compare, judgement_of, rival_of, tally_of
from dialer.portfolio.split import Judgement, difference_of_means, difference_of_shares, wilson
from dialer.store.campaigns import LANGUAGES
from dialer.store.database import Connection
from dialer.store.scripts import Version, list_versions, publish, read_graph, save_draft

app = typer.Typer(help="Scripts: what agents say, version by version.", no_args_is_help=True)

#: A graph of sixty steps is far smaller.
MAX_FILE_BYTES = 1_000_000
File = Annotated[Path, typer.Argument(help="A script: JSON, or Markdown (.md) for one of a single page.")]
Name = Annotated[str, typer.Argument(help="The script's name.")]


@app.callback()
def group() -> None:
    """Scripts: what agents say, version by version."""


@app.command("check")
def check(file: File, as_json: AsJson = False) -> None:
    """Say what would keep a script from being published. Needs no database."""
    graph = _read(file)
    faults = _faults(graph)
    if as_json:
        show_json({"steps": len(graph.steps), "faults": [asdict(fault) for fault in faults]})
    elif not faults:
        typer.echo(f"{file.name}: {len(graph.steps)} steps, nothing wrong")
    if faults:
        raise BadInput(f"{file.name}: {_told(faults)}")


@app.command("publish")
def publish_file(
    file: File,
    name: Annotated[str, typer.Option("--name", help="The script's name; a new one is made.")],
    language: Annotated[str, typer.Option(help="es, en or pt.")] = "es",
    share: Annotated[
        int,
        typer.Option(
            min=1, max=100, help="Per cent of the leads that hear it; the version before, the rest."
        ),
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Check a script, keep it as the next version and let calls hear it. What was published is never changed."""
    graph = _read(file)
    if faults := _faults(graph):
        raise BadInput(f"{file.name}: {_told(faults)}")
    if language not in LANGUAGES:
        raise BadInput(f"language {language!r} is unknown: use one of {', '.join(LANGUAGES)}")

    async def work(connection: Connection) -> int:
        async with connection.transaction():
            number = await save_draft(connection, name, graph.model_dump(mode="json"), language=language)
            await publish(connection, name, number, share=share)
            return number

    number = with_database(work)
    if as_json:
        show_json({"script": name, "version": number, "share": share})
    else:
        typer.echo(f"script {name!r}: version {number} is heard by {share} % of the leads")


@app.command("diff")
def diff(
    name: Name,
    old: Annotated[int, typer.Argument(min=1, help="A version's number.")],
    new: Annotated[int, typer.Argument(min=1, help="Another's.")],
    as_json: AsJson = False,
) -> None:
    """What changed from one version to another, line by line."""

    async def work(connection: Connection) -> tuple[Any, Any]:
        return await read_graph(connection, name, old), await read_graph(connection, name, new)

    lines = compare(*with_database(work), f"{name} {old}", f"{name} {new}")
    if as_json:
        show_json({"script": name, "from": old, "to": new, "diff": lines})
    else:
        typer.echo("\n".join(lines) or "no difference")


@app.command("list")
def list_all(
    name: Annotated[str | None, typer.Argument(help="One script's versions only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Versions, who hears them, and what they brought: promises per lead and handling time, with 95 % intervals."""

    async def work(connection: Connection) -> list[Version]:
        return await list_versions(connection, name)

    versions = with_database(work)
    if as_json:
        show_json([asdict(version) | {"judgement": judgement_of(version, versions)} for version in versions])
        return
    listing = table(
        "SCRIPT", "VERSION", "STATE", "SHARE", "LEADS", "PROMISED", "HANDLING", "AGAINST THE OTHERS"
    )
    for version in versions:
        tally = tally_of(version)
        low_high = wilson(tally.promised, tally.leads)
        share = (
            f"{tally.promised / tally.leads:.1%} ({low_high.low:.1%} to {low_high.high:.1%})"
            if tally.leads
            else ""
        )
        handling = f"{tally.handling_s:.0f} s" if tally.handling_s is not None else ""
        listing.add_row(
            version.name,
            str(version.number),
            version.state,
            f"{version.share} %",
            str(version.leads),
            share,
            handling,
            in_words(version, versions),
        )
    console().print(listing if versions else "no script yet: dialer script publish FILE --name NAME")


def in_words(version: Version, versions: list[Version]) -> str:
    """How it does against its rival, honestly."""
    rival, judgement = rival_of(version, versions), judgement_of(version, versions)
    if rival is None or judgement is None:
        return ""
    gap = difference_of_shares(tally_of(version), tally_of(rival))
    told = {
        Judgement.BETTER: f"converts better than version {rival.number}",
        Judgement.WORSE: f"converts worse than version {rival.number}",
        Judgement.NOT_YET: f"not yet distinguishable from version {rival.number}",
        Judgement.TOO_FEW: f"too few leads to compare with version {rival.number}",
    }[judgement]
    text = f"{told} (difference {gap.low:+.1%} to {gap.high:+.1%})"
    times = difference_of_means(tally_of(version), tally_of(rival))
    return text if times is None else f"{text}; handling {times.low:+.0f} to {times.high:+.0f} s"


# --- reading --------------------------------------------------------------------------------------------------


def _read(file: Path) -> Graph:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{file.name} has more than {MAX_FILE_BYTES} bytes: that is no script")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file.name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"can't read {file}: {error.strerror}") from None
    if file.suffix.lower() in (".md", ".txt"):
        return parse_graph(one_page(file.stem, text).model_dump())
    try:
        return parse_graph(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{file.name}, line {error.lineno}: {error.msg}") from None


def _faults(graph: Graph) -> list[Fault]:
    return find_faults(graph, [notice for rule_set in graph.rule_sets for notice in must_say(rule_set)])


def _told(faults: list[Fault]) -> str:
    return "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
