"""Scripts: their versions and what each brought, checked and previewed while they are written, drafted, published."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

import structlog
from anyio import to_thread
from fastapi import APIRouter

from dialer.api.auth import Database, Supervisor
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId
from dialer.api.script_schemas import (
    CheckedScript,
    DraftSaved,
    DraftSettings,
    FaultView,
    Publication,
    ScriptCheck,
    ScriptDiff,
    ScriptInterval,
    ScriptVersionView,
    VersionText,
)
from dialer.api.script_views import show_script
from dialer.domain.errors import BadInput
from dialer.portfolio.must_say import must_say
from dialer.portfolio.script_graph import Fault, Graph, find_faults, parse_graph
from dialer.portfolio.script_weighing import compare, judgement_of, rival_of, tally_of
from dialer.portfolio.scripts import ScriptCall, ScriptDebt
from dialer.portfolio.split import Interval, difference_of_means, difference_of_shares, wilson
from dialer.store.scripts import StoredVersion, Version, list_versions, publish, read_version, save_draft

log = structlog.get_logger()

router = APIRouter(prefix="/scripts", tags=["scripts"])

#: Nobody: for the preview.
_FICTIONAL = ScriptDebt("D-000", "Banco Ficticio", "Tarjeta", 4_835_025, "DOP", date(2026, 1, 15), 97)


@router.get("")
async def list_script_versions(user: Supervisor, pool: Database) -> list[ScriptVersionView]:
    """All versions of all scripts, oldest first, each with its results and how it does against its rival."""
    versions = await list_versions(pool)
    return [_show(version, versions) for version in versions]


@router.post("/check")
async def check_graph(asked: ScriptCheck, user: Supervisor) -> CheckedScript:
    """What is wrong with a script, and how an agent would see it. Keeps nothing."""
    return await to_thread.run_sync(_checked, asked)


@router.put("/draft")
async def put_draft(draft: DraftSettings, user: Supervisor, pool: Database) -> DraftSaved:
    """Keep the graph as the script's draft, faults and all; what was published is never changed."""
    async with pool.acquire() as connection, connection.transaction():
        graph = draft.graph.model_dump(mode="json")
        number = await save_draft(
            connection, draft.name.strip() or draft.name, graph, language=draft.language, user_id=user.me.id
        )
        id_ = await connection.fetchval(
            "SELECT v.id FROM script_version v JOIN script s ON s.id = v.script_id WHERE s.name = $1 AND v.number = $2",
            draft.name.strip() or draft.name,
            number,
        )
    log.info("script_drafted", user_id=user.me.id, version_id=id_)
    return DraftSaved(id=id_, number=number)


@router.get("/versions/{id}")
async def read_script_version(id: RowId, user: Supervisor, pool: Database) -> VersionText:
    """One version's graph."""
    found = await _find(pool, id)
    return VersionText(
        id=id,
        name=found.name,
        language=found.language,
        number=found.number,
        state=found.state,
        graph=parse_graph(found.graph),
    )


@router.get("/versions/{id}/diff/{other_id}")
async def diff_versions(id: RowId, other_id: RowId, user: Supervisor, pool: Database) -> ScriptDiff:
    """What changed from version `id` to `other_id`, line by line."""
    old, new = await _find(pool, id), await _find(pool, other_id)
    names = (f"{old.name} {old.number}", f"{new.name} {new.number}")
    return ScriptDiff(lines=compare(old.graph, new.graph, *names))


@router.post("/versions/{id}/publish", status_code=HTTPStatus.NO_CONTENT)
async def publish_version(id: RowId, wanted: Publication, user: Supervisor, pool: Database) -> None:
    """Let calls hear a version that nothing is wrong with; also another share for one that they hear."""
    found = await _find(pool, id)
    if faults := await to_thread.run_sync(_faults, parse_graph(found.graph)):
        told = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
        raise ProblemError(HTTPStatus.CONFLICT, "script_faulty", told)
    async with pool.acquire() as connection:
        try:
            await publish(connection, found.name, found.number, share=wanted.share, user_id=user.me.id)
        except BadInput as error:
            raise ProblemError(HTTPStatus.CONFLICT, "not_published", str(error)) from error
    log.info("script_published", user_id=user.me.id, version_id=id, share=wanted.share)


async def _find(pool: Database, id_: int) -> StoredVersion:
    found = await read_version(pool, id_)
    if found is None:
        raise not_found("version", id_)
    return found


def _faults(graph: Graph) -> list[Fault]:
    return find_faults(graph, [notice for rule_set in graph.rule_sets for notice in must_say(rule_set)])


def _checked(asked: ScriptCheck) -> CheckedScript:
    call = ScriptCall(
        debtor_name="Ana Ejemplo",
        debtor_reference="C-000",
        number="+18095550100",
        agent_name="Luis Ejemplo",
        campaign_name="Ejemplo",
        debt=_FICTIONAL,
        language=asked.language,
    )
    return CheckedScript(
        faults=[FaultView(where=fault.where, what=fault.what) for fault in _faults(asked.graph)],
        preview=show_script(asked.graph, call, version_id=0, number=0),
    )


def _show(version: Version, versions: list[Version]) -> ScriptVersionView:
    tally, rival = tally_of(version), rival_of(version, versions) if version.share > 0 else None
    other = tally_of(rival) if rival else None
    measured = other is not None and tally.leads > 0 and other.leads > 0
    return ScriptVersionView(
        id=version.id,
        script_id=version.script_id,
        name=version.name,
        language=version.language,
        number=version.number,
        state=version.state,
        share=version.share,
        leads=version.leads,
        promised=version.promised,
        conversion=_interval(wilson(tally.promised, tally.leads)) if tally.leads else None,
        handling_s=version.handling_s,
        judgement=judgement_of(version, versions),
        rival=rival.number if rival else None,
        conversion_gap=_interval(difference_of_shares(tally, other)) if measured and other else None,
        handling_gap_s=_interval(difference_of_means(tally, other)) if measured and other else None,
    )


def _interval(interval: Interval | None) -> ScriptInterval | None:
    return None if interval is None else ScriptInterval(low=interval.low, high=interval.high)
