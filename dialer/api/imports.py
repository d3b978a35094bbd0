"""Files brought by supervisors: looked into, checked, loaded, and what came of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

import anyio
import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect, HTTPConnection

from dialer.api.auth import Config, Database, Supervisor, User
from dialer.api.import_schemas import (
    CasesReport,
    ColumnChoice,
    FilePreview,
    FindingPage,
    FindingView,
    ImportParts,
    ImportSettings,
    ImportView,
    LeadsReport,
    LoadedAsView,
    MappingName,
    MappingView,
    PreviewRequest,
)
from dialer.api.importer import MAX_UPLOAD_BYTES, MOST_WAITING, Importer, Refused
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import LINE, RowId
from dialer.domain.errors import BadInput
from dialer.portfolio.asked import Asked, Work
from dialer.portfolio.findings import read_findings
from dialer.portfolio.lead_file import DEBT
from dialer.portfolio.preview import COLUMNS, REQUIRED, check_columns
from dialer.store import uploads
from dialer.store.database import Connection
from dialer.store.import_mappings import FileKind, Mapping, delete_mapping, read_mappings, save_mapping
from dialer.store.lead_lists import forget_runs
from dialer.store.uploads import BUSY, Upload, UploadState

log = structlog.get_logger()

router = APIRouter(prefix="/imports", tags=["imports"])

FileName = Annotated[
    str, Query(min_length=1, max_length=200, pattern=LINE, description="as the sender calls it")
]
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def importer_of(connection: HTTPConnection) -> Importer:
    importer: Importer = connection.app.state.importer
    return importer


Works = Annotated[Importer, Depends(importer_of)]


@router.get("/parts")
async def read_import_parts(user: Supervisor) -> ImportParts:
    """The columns that files may have, and how large a file may be."""
    return ImportParts(
        columns={
            kind: [ColumnChoice(name=name, required=name in REQUIRED[kind]) for name in ours.values()]
            for kind, ours in COLUMNS.items()
        },
        of_a_debt=list(DEBT),
        max_bytes=MAX_UPLOAD_BYTES,
    )


@router.get("")
async def list_imports(
    user: Supervisor, pool: Database, works: Works, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[ImportView]:
    """The newest files first, with what came of each."""
    async with pool.acquire() as connection:
        return [
            await _show(connection, works, each) for each in await uploads.read_uploads(connection, limit)
        ]


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=BODY)
async def add_import(
    request: Request,
    user: Supervisor,
    pool: Database,
    works: Works,
    name: FileName,
    kind: FileKind = FileKind.LEADS,
) -> ImportView:
    """Bring a file: its bytes are the body, as they are. Nothing of it is read yet."""
    works.folder  # noqa: B018 (without one nothing is taken)
    async with pool.acquire() as connection:
        if await uploads.count_unloaded(connection) >= MOST_WAITING:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "too_many_files",
                f"{MOST_WAITING} files wait already: load or delete some of them first",
            )
    received = await works.receive(_chunks(request))
    try:
        if received.size_bytes == 0:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "empty_file", "the file is empty")
        async with pool.acquire() as connection, connection.transaction():
            id_ = await uploads.add_upload(
                connection,
                kind=kind,
                name=name,
                sha256=received.sha256,
                size_bytes=received.size_bytes,
                user_id=user.me.id,
            )
            works.keep(received, id_)
        log.info("file_brought", user_id=user.me.id, upload_id=id_, bytes=received.size_bytes)
        async with pool.acquire() as connection:
            return await _show(connection, works, await _find(connection, id_))
    finally:
        received.path.unlink(missing_ok=True)


@router.get("/mappings")
async def list_mappings(user: Supervisor, pool: Database) -> list[MappingView]:
    """The saved ways to read creditors' files."""
    async with pool.acquire() as connection:
        return [
            MappingView(name=name, **asdict(mapping))
            for name, mapping in (await read_mappings(connection)).items()
        ]


@router.put("/mappings", status_code=HTTPStatus.NO_CONTENT)
async def put_mapping(mapping: MappingView, user: Supervisor, pool: Database) -> None:
    """Save a way to read a creditor's files, in place of an older one of that name."""
    with _refusing():
        check_columns(mapping.kind, mapping.columns)
    async with pool.acquire() as connection:
        await save_mapping(
            connection,
            mapping.name,
            Mapping(mapping.columns, mapping.encoding, mapping.delimiter, mapping.region, mapping.kind),
        )
    log.info("mapping_saved", user_id=user.me.id)


@router.delete("/mappings/{name}", status_code=HTTPStatus.NO_CONTENT)
async def delete_one_mapping(name: MappingName, user: Supervisor, pool: Database) -> None:
    """Forget a mapping; lists that were loaded by it stay."""
    async with pool.acquire() as connection:
        if not await delete_mapping(connection, name):
            raise ProblemError(HTTPStatus.NOT_FOUND, "not_found", "there is no such mapping")
    log.info("mapping_deleted", user_id=user.me.id)


@router.get("/{id}")
async def read_import(id: RowId, user: Supervisor, pool: Database, works: Works) -> ImportView:
    """One file, and how it stands."""
    async with pool.acquire() as connection:
        return await _show(connection, works, await _find(connection, id))


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_import(id: RowId, user: Supervisor, pool: Database, works: Works) -> None:
    """Forget a file that was not loaded, and what an interrupted work had staged of it; 409 otherwise."""
    async with pool.acquire() as connection:
        found = await _find(connection, id)
        if not await uploads.delete_upload(connection, id):
            raise _busy(found)
        works.remove(id)
        if await uploads.find_same(connection, found) is None:
            await forget_runs(connection, found.content_sha256)
    log.info("file_deleted", user_id=user.me.id, upload_id=id)


@router.post("/{id}/preview")
async def preview_import(
    id: RowId, asked: PreviewRequest, user: Supervisor, pool: Database, works: Works
) -> FilePreview:
    """The file's columns and first rows, and what its columns are taken for. Changes nothing."""
    async with pool.acquire() as connection:
        found = await _unloaded(connection, id)
        saved = {
            name: mapping
            for name, mapping in (await read_mappings(connection)).items()
            if mapping.kind is found.kind
        }
    with _refusing():
        if asked.columns is not None:
            check_columns(found.kind, asked.columns)
    try:
        seen = await works.look(
            Asked(
                Work.PREVIEW,
                found.kind,
                works.file_of(id),
                saved=saved,
                columns=asked.columns,
                encoding=asked.encoding,
                delimiter=asked.delimiter,
            )
        )
    except Refused as error:
        raise _bad(str(error)) from None
    return FilePreview.model_validate(seen)


@router.post("/{id}/check", status_code=HTTPStatus.ACCEPTED)
async def check_import(
    id: RowId, settings: ImportSettings, user: Supervisor, pool: Database, works: Works, config: Config
) -> ImportView:
    """Judge and compare everything, good rows and bad, and load nothing; the report follows in the import."""
    return await _begin(Work.CHECK, id, settings, user, pool, works, config.database_dsn.get_secret_value())


@router.post("/{id}/load", status_code=HTTPStatus.ACCEPTED)
async def load_import(
    id: RowId, settings: ImportSettings, user: Supervisor, pool: Database, works: Works, config: Config
) -> ImportView:
    """Load all of the file, or nothing of it; one that was interrupted goes on where it stopped."""
    return await _begin(Work.LOAD, id, settings, user, pool, works, config.database_dsn.get_secret_value())


@router.post("/{id}/stop")
async def stop_import(id: RowId, user: Supervisor, pool: Database, works: Works) -> ImportView:
    """End the work on a file; what was read of it is kept, and loading it again goes on from there."""
    await works.stop(id)
    log.info("import_stopped", user_id=user.me.id, upload_id=id)
    async with pool.acquire() as connection:
        return await _show(connection, works, await _find(connection, id))


@router.get("/{id}/findings")
async def list_findings(
    id: RowId,
    user: Supervisor,
    pool: Database,
    works: Works,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> FindingPage:
    """The rows that are worth a look, with their cells: what is wrong, repeated, shared, or not to be called."""
    async with pool.acquire() as connection:
        await _find(connection, id)
    try:
        listed = await anyio.to_thread.run_sync(read_findings, works.findings_of(id), limit)
    except FileNotFoundError:
        return FindingPage(header=[], findings=[])
    return FindingPage(
        header=list(listed.header), findings=[FindingView.model_validate(each) for each in listed.findings]
    )


@router.get("/{id}/findings.csv", response_class=FileResponse, responses=CSV)
async def read_findings_file(id: RowId, user: Supervisor, pool: Database, works: Works) -> FileResponse:
    """All of them, as a CSV that no spreadsheet takes for formulas."""
    async with pool.acquire() as connection:
        await _find(connection, id)
    path = works.findings_of(id)
    if not await anyio.Path(path).is_file():
        raise not_found("list of findings", id)
    log.info("findings_downloaded", user_id=user.me.id, upload_id=id)
    return FileResponse(path, media_type="text/csv", filename=f"findings-{id}.csv")


async def _begin(
    work: Work, id_: int, settings: ImportSettings, user: User, pool: Any, works: Importer, dsn: str
) -> ImportView:
    async with pool.acquire() as connection:
        found = await _unloaded(connection, id_)
        with _refusing():
            check_columns(found.kind, settings.columns)
        if found.kind is FileKind.LEADS:
            await _demand_campaign(connection, settings)
        if not works.has_room():
            raise ProblemError(
                HTTPStatus.CONFLICT, "imports_busy", "other files are being read now: wait for one to end"
            )
        state = UploadState.CHECKING if work is Work.CHECK else UploadState.LOADING
        if not await uploads.begin_work(connection, id_, state, settings.model_dump(mode="json")):
            raise _busy(found)
        works.start(
            id_,
            Asked(
                work,
                found.kind,
                works.file_of(id_),
                dsn=dsn,
                columns=settings.columns,
                encoding=settings.encoding,
                delimiter=settings.delimiter,
                region=settings.region,
                campaign_id=settings.campaign_id or 0,
                list_name=settings.list_name or found.name,
                skip_bad=settings.skip_bad,
                close_missing=settings.close_missing,
                entered_by=user.me.login,
                findings=works.findings_of(id_),
            ),
        )
        log.info(
            "import_begun", user_id=user.me.id, upload_id=id_, work=work, campaign_id=settings.campaign_id
        )
        return await _show(connection, works, await _find(connection, id_))


async def _demand_campaign(connection: Connection, settings: ImportSettings) -> None:
    if settings.campaign_id is None:
        raise _bad("say into which campaign the leads go")
    if await connection.fetchval("SELECT 1 FROM campaign WHERE id = $1", settings.campaign_id) is None:
        raise not_found("campaign", settings.campaign_id)


async def _find(connection: Connection, id_: int) -> Upload:
    found = await uploads.read_upload(connection, id_)
    if found is None:
        raise not_found("import", id_)
    return found


async def _unloaded(connection: Connection, id_: int) -> Upload:
    found = await _find(connection, id_)
    if found.state is UploadState.LOADED or found.state in BUSY:
        raise _busy(found)
    return found


def _busy(found: Upload) -> ProblemError:
    if found.state is UploadState.LOADED:
        return ProblemError(
            HTTPStatus.CONFLICT, "already_loaded", "this file is loaded: nothing is left to do"
        )
    return ProblemError(
        HTTPStatus.CONFLICT, "at_work", "somebody is at work on this file: wait for the end, or stop it"
    )


async def _show(connection: Connection, works: Importer, found: Upload) -> ImportView:
    report = found.report
    leads, cases = FileKind.LEADS, FileKind.CASES
    return ImportView(
        id=found.id,
        kind=found.kind,
        name=found.name,
        size_bytes=found.size_bytes,
        user_name=found.user_name,
        created_at=found.created_at,
        changed_at=found.changed_at,
        state=found.state,
        settings=None if found.settings is None else ImportSettings.model_validate(found.settings),
        progress=works.progress_of(found.id),
        leads=LeadsReport(**_fields(LeadsReport, report)) if report and found.kind is leads else None,
        cases=CasesReport(**_fields(CasesReport, report)) if report and found.kind is cases else None,
        problem=found.problem,
        same_as=await uploads.find_same(connection, found),
        loaded_as=[
            LoadedAsView.model_validate(each)
            for each in await uploads.read_loaded_as(connection, found.content_sha256)
        ],
    )


def _fields(view: type[LeadsReport] | type[CasesReport], report: dict[str, Any]) -> dict[str, Any]:
    return {name: report[name] for name in view.model_fields}


class _refusing:
    """What a mapping asks for and can't have, as the problem `bad_file`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, BadInput):
            raise _bad(str(error)) from None


def _bad(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_file", detail)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises ProblemError when the sender goes away."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "upload_broken_off", "the file did not arrive whole"
        ) from None
