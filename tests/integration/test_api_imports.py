"""Files that a supervisor brings: looked into, checked, loaded, stopped and taken up again; real PostgreSQL below."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from api_harness import Api, Office, serve
from openpyxl import Workbook

from dialer.api.guard import MAX_BODY_BYTES
from dialer.api.importer import MOST_WAITING, Importer

pytestmark = pytest.mark.integration

#: A creditor's own words, semicolons, an old code page, and one of each that is worth a look.
HEADER = "Cédula;Nombre completo;Celular;Obligación;Banco;Tipo producto;Monto;Moneda;=cmd"
ROWS = (
    "A1;Ana Peña;8095550101;D-100;Banco Mirador;Tarjeta;1500.50;DOP;x",
    "A2;Luis Mota;8095550102;D-200;Banco Mirador;Tarjeta;700;DOP;x",
    "A2;Luis Mota;8095550102;D-200;Banco Mirador;Tarjeta;700;DOP;x",
    "A3;Rosa Gil;123;D-300;Banco Mirador;Tarjeta;900;DOP;=1+1",
    "A4;Juan Paz;8095550101;D-400;Banco Mirador;Tarjeta;40;DOP;x",
    "C-1;Ana Pérez Mota;+18095550199;D-500;Banco Mirador;Tarjeta;5;DOP;x",
)
COLUMNS = {
    "Cédula": "external_ref",
    "Nombre completo": "full_name",
    "Celular": "phone1",
    "Obligación": "debt_ref",
    "Banco": "creditor",
    "Tipo producto": "product",
    "Monto": "balance",
    "Moneda": "currency",
    "=cmd": "",
}
#: A wait ends when what is waited for comes; this only ends a hopeless one.
GENEROUS_S = 90


def creditor_file(*rows: str, header: str = HEADER, encoding: str = "cp1252") -> bytes:
    return "\r\n".join([header, *rows, ""]).encode(encoding)


@pytest_asyncio.fixture
async def api(dsn: str, office: Office, tmp_path: Path) -> AsyncIterator[Api]:
    async with serve(dsn, uploads_dir=tmp_path / "uploads") as api:
        yield api


async def bring(
    client: httpx2.AsyncClient, content: bytes, name: str = "mora.csv", kind: str = "leads"
) -> Any:
    answer = await client.post(
        "/api/v1/imports", params={"name": name, "kind": kind}, content=content, timeout=GENEROUS_S
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def preview(client: httpx2.AsyncClient, id_: int, **reading: object) -> httpx2.Response:
    return await client.post(f"/api/v1/imports/{id_}/preview", json=reading, timeout=GENEROUS_S)


async def until(client: httpx2.AsyncClient, id_: int, reached: Callable[[Any], bool]) -> Any:
    """The import, as soon as it is what `reached` says."""
    async with asyncio.timeout(GENEROUS_S):
        while not reached(file := (await client.get(f"/api/v1/imports/{id_}")).json()):
            await asyncio.sleep(0.05)
        return file


async def work(client: httpx2.AsyncClient, id_: int, what: str, settings: dict[str, object]) -> Any:
    begun = await client.post(f"/api/v1/imports/{id_}/{what}", json=settings)
    assert begun.status_code == 202, begun.text
    return await until(client, id_, lambda file: file["state"] not in ("checking", "loading"))


async def test_from_the_file_to_the_reconciliation(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office, tmp_path: Path
) -> None:
    await pool.execute(
        "INSERT INTO do_not_call (person_id, reason, source, created_at) VALUES ($1, 'asked', 'call', now())",
        office.person_id,
    )
    brought = await bring(supervisor, creditor_file(*ROWS), name="../../etc/cartera.csv")
    assert (brought["state"], brought["same_as"], brought["loaded_as"]) == ("waiting", None, [])
    # What the sender calls it is told and never a path.
    assert brought["name"] == "../../etc/cartera.csv"
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {f"{brought['id']}.upload"}

    seen = (await preview(supervisor, brought["id"])).json()
    assert (seen["encoding"], seen["delimiter"], seen["missing"], seen["mapping"]) == (
        "cp1252",
        ";",
        [],
        None,
    )
    assert {each["name"]: each["target"] or "" for each in seen["columns"]} == COLUMNS
    assert all(each["guessed"] for each in seen["columns"] if each["target"] not in ("currency", None))
    assert seen["rows"][0][:3] == ["A1", "Ana Peña", "8095550101"]

    settings: dict[str, object] = {"columns": COLUMNS, "region": "DO", "campaign_id": office.campaign_id}
    checked = await work(supervisor, brought["id"], "check", settings)
    assert checked["state"] == "checked", checked
    report = checked["leads"]
    assert (report["rows"], report["bad_rows"], report["leads"], report["known_leads"]) == (6, 1, 3, 1)
    assert report["findings"] == {"bad_number": 1, "repeated": 1, "shared_number": 2, "do_not_call": 1}
    book = next(each for each in report["books"] if each["currency"] == "DOP")
    assert (book["new_debts"], book["new_minor"], book["after_minor"]) == (4, 224550, 224550)
    assert await pool.fetchval("SELECT count(*) FROM person") == 1, "a check loads nothing"

    listed = (await supervisor.get(f"/api/v1/imports/{brought['id']}/findings")).json()
    assert listed["header"][:2] == ["Cédula", "Nombre completo"]
    kinds = [(each["row"], each["kind"]) for each in listed["findings"]]
    assert kinds == [
        (2, "shared_number"),
        (4, "repeated"),
        (5, "bad_number"),
        (6, "shared_number"),
        (7, "do_not_call"),
    ]
    assert listed["findings"][2]["column"] == "Celular"
    assert listed["findings"][2]["cells"][:3] == ["A3", "Rosa Gil", "123"]
    sheet = await supervisor.get(f"/api/v1/imports/{brought['id']}/findings.csv")
    assert sheet.headers["content-disposition"] == f'attachment; filename="findings-{brought["id"]}.csv"'
    cells = [cell for row in csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]

    refused = await work(supervisor, brought["id"], "load", settings)
    assert (refused["state"], refused["problem"]) == ("refused", "1 row is wrong, nothing was loaded")
    loaded = await work(supervisor, brought["id"], "load", settings | {"skip_bad": True})
    assert (loaded["state"], loaded["leads"]["leads"], loaded["leads"]["bad_rows"]) == ("loaded", 3, 1)
    assert await pool.fetchval("SELECT count(*) FROM lead WHERE campaign_id = $1", office.campaign_id) == 4
    assert not (tmp_path / "uploads" / f"{brought['id']}.upload").exists(), "the file goes when it is loaded"
    again = await supervisor.post(f"/api/v1/imports/{brought['id']}/load", json=settings)
    assert (again.status_code, again.json()["type"]) == (409, "already_loaded")

    # A second time the same file says so, and can't be loaded again.
    second = await bring(supervisor, creditor_file(*ROWS), name="otro nombre.csv")
    assert second["same_as"] == brought["id"]
    assert [each["campaign_name"] for each in second["loaded_as"]] == ["Tarjetas"]
    twice = await work(supervisor, second["id"], "load", settings | {"skip_bad": True})
    assert twice["state"] == "refused"
    assert "this very file was loaded into the campaign" in twice["problem"]
    assert [each["id"] for each in (await supervisor.get("/api/v1/imports")).json()] == [
        second["id"],
        brought["id"],
    ]
    assert (await supervisor.delete(f"/api/v1/imports/{second['id']}")).status_code == 204
    assert (await supervisor.delete(f"/api/v1/imports/{brought['id']}")).json()["type"] == "already_loaded"


async def test_a_saved_mapping_reads_the_creditors_next_file(supervisor: httpx2.AsyncClient) -> None:
    odd = {"Clave": "external_ref", "Quién": "full_name", "Línea": "phone1", "Nombre": ""}
    mapping = {"name": "Mirador", "kind": "leads", "columns": odd, "encoding": "utf-8", "region": "DO"}
    assert (await supervisor.put("/api/v1/imports/mappings", json=mapping)).status_code == 204
    assert [each["name"] for each in (await supervisor.get("/api/v1/imports/mappings")).json()] == ["Mirador"]
    brought = await bring(supervisor, "Clave,Quién,Línea,Nombre\n1,Ana,8095550101,x\n".encode())
    seen = (await preview(supervisor, brought["id"])).json()
    assert (seen["mapping"], seen["missing"]) == ("Mirador", [])
    assert [each["target"] for each in seen["columns"]] == ["external_ref", "full_name", "phone1", None]
    wrong = mapping | {"columns": {"A": "no_such_column"}}
    refused = await supervisor.put("/api/v1/imports/mappings", json=wrong)
    assert (refused.status_code, refused.json()["type"]) == (422, "bad_file")
    assert (await supervisor.delete("/api/v1/imports/mappings/Mirador")).status_code == 204
    assert (await supervisor.delete("/api/v1/imports/mappings/Mirador")).status_code == 404


async def test_a_load_that_was_stopped_goes_on_where_it_stopped(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, dsn: str, office: Office
) -> None:
    many = 9000
    header = "referencia,nombre,telefono1"
    rows = [f"R{n},Persona {n},+1809555{n:04d}" for n in range(many)]
    brought = await bring(supervisor, creditor_file(*rows, header=header, encoding="utf-8"))
    columns = {"referencia": "external_ref", "nombre": "full_name", "telefono1": "phone1"}
    settings: dict[str, object] = {"columns": columns, "campaign_id": office.campaign_id, "skip_bad": True}
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            # Nobody can be added: the file is read to its end and can't be loaded.
            await holder.execute("LOCK TABLE person IN EXCLUSIVE MODE")
            begun = await supervisor.post(f"/api/v1/imports/{brought['id']}/load", json=settings)
            assert begun.json()["state"] == "loading"
            at_work = await supervisor.post(f"/api/v1/imports/{brought['id']}/load", json=settings)
            assert (at_work.status_code, at_work.json()["type"]) == (409, "at_work")
            busy = await until(
                supervisor, brought["id"], lambda file: (file["progress"] or {"rows": 0})["rows"] == many
            )
            assert busy["state"] == "loading"
            stopped = (await supervisor.post(f"/api/v1/imports/{brought['id']}/stop")).json()
            assert (stopped["state"], stopped["progress"]) == ("interrupted", None)
    finally:
        await holder.close()
    assert await pool.fetchval("SELECT count(*) FROM person") == 1
    loaded = await work(supervisor, brought["id"], "load", settings)
    assert loaded["state"] == "loaded", loaded
    assert loaded["leads"]["resumed_rows"] == many
    assert loaded["leads"]["leads"] + loaded["leads"]["bad_rows"] == many
    assert await pool.fetchval("SELECT count(*) FROM person") == 1 + loaded["leads"]["leads"]


async def test_what_was_at_work_when_the_server_ended_is_interrupted(
    dsn: str, office: Office, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    folder = tmp_path / "uploads"
    async with serve(dsn, uploads_dir=folder) as api, api.client("supervisor") as client:
        brought = await bring(client, creditor_file(*ROWS))
    await pool.execute("UPDATE upload SET state = 'loading'")
    (folder / "half.part").write_bytes(b"half a file")
    async with serve(dsn, uploads_dir=folder) as api, api.client("supervisor") as client:
        assert (await client.get(f"/api/v1/imports/{brought['id']}")).json()["state"] == "interrupted"
    assert not (folder / "half.part").exists()


async def test_case_files(supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office) -> None:
    content = b"referencia,nota,telefono\nC-1,Prefiere la tarde,\nC-1,,12\nNADIE,hola,\n"
    brought = await bring(supervisor, content, kind="cases")
    seen = (await preview(supervisor, brought["id"])).json()
    assert [each["target"] for each in seen["columns"]] == ["external_ref", "note", "phone"]
    settings: dict[str, object] = {"columns": {each["name"]: each["target"] for each in seen["columns"]}}
    checked = await work(supervisor, brought["id"], "check", settings)
    assert (checked["state"], checked["cases"]["rows"], checked["cases"]["bad_rows"]) == ("checked", 3, 2), (
        checked
    )
    assert checked["cases"]["findings"] == {"bad_number": 1, "bad_row": 1}
    loaded = await work(supervisor, brought["id"], "load", settings | {"skip_bad": True})
    assert (loaded["state"], loaded["cases"]["deltas"]["notes"]) == (
        "loaded",
        {"new": 1, "changed": 0, "known": 0},
    )
    assert (
        await pool.fetchval("SELECT body FROM note WHERE person_id = $1", office.person_id)
        == "Prefiere la tarde"
    )


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def bomb() -> bytes:
    """A workbook whose sheet unpacks a thousand times."""
    file = io.BytesIO(workbook(("referencia", "nombre", "telefono1")))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * (64 << 20))
    return file.getvalue()


async def test_files_that_are_refused(supervisor: httpx2.AsyncClient, tmp_path: Path) -> None:
    good = await bring(
        supervisor, workbook(("referencia", "nombre", "telefono1"), ("1", "Ana", "+18095550101"))
    )
    seen = (await preview(supervisor, good["id"])).json()
    assert (seen["encoding"], seen["rows"]) == ("xlsx", [["1", "Ana", "+18095550101"]])
    for content, words in {
        bomb(): "unpacks",
        b"\xd0\xcf\x11\xe0 old workbook": "old workbook",
        b"\n\n\n": "no header",
        b"PK\x03\x04 nothing of a zip": "no workbook",
    }.items():
        brought = await bring(supervisor, content)
        refused = await preview(supervisor, brought["id"])
        assert (refused.status_code, refused.json()["type"]) == (422, "bad_file")
        assert words in refused.json()["detail"]
        assert (await supervisor.delete(f"/api/v1/imports/{brought['id']}")).status_code == 204
    empty = await supervisor.post("/api/v1/imports", params={"name": "nada.csv"}, content=b"")
    assert (empty.status_code, empty.json()["type"]) == (422, "empty_file")
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {f"{good['id']}.upload"}
    # Two columns for one of ours, and a campaign that is not there.
    twice = {"columns": {"referencia": "external_ref", "nombre": "external_ref"}, "campaign_id": 1}
    assert (await supervisor.post(f"/api/v1/imports/{good['id']}/check", json=twice)).json()[
        "type"
    ] == "bad_file"
    nowhere = {"columns": {"referencia": "external_ref"}, "campaign_id": 999_999}
    assert (await supervisor.post(f"/api/v1/imports/{good['id']}/check", json=nowhere)).status_code == 404


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 10_000):
        yield content[start : start + 10_000]


async def test_a_file_may_be_large_and_nothing_else(
    supervisor: httpx2.AsyncClient, agent: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    beyond = b"x" * (MAX_BODY_BYTES + 1)
    assert (await bring(supervisor, beyond))["size_bytes"] == len(beyond)
    elsewhere = await supervisor.post("/api/v1/imports/1/check", content=beyond)
    assert (elsewhere.status_code, elsewhere.json()["type"]) == (413, "too_large")
    monkeypatch.setattr("dialer.api.guard.MAX_UPLOAD_BYTES", len(beyond) - 1)
    for content in (beyond, in_pieces(beyond)):  # with its length told, and without
        refused = await supervisor.post("/api/v1/imports", params={"name": "x"}, content=content)
        assert refused.status_code == 413
    assert len((await supervisor.get("/api/v1/imports")).json()) == 1
    assert (await agent.get("/api/v1/imports")).status_code == 403
    assert (await agent.post("/api/v1/imports?name=x", content=b"x")).status_code == 403


async def test_files_wait_in_bounded_number_and_work_is_bounded(
    supervisor: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, office: Office
) -> None:
    brought = await bring(supervisor, creditor_file(*ROWS))
    for n in range(MOST_WAITING - 1):
        await bring(supervisor, b"referencia,nombre,telefono1\n%d,a,b\n" % n)
    more = await supervisor.post("/api/v1/imports", params={"name": "x"}, content=b"x")
    assert (more.status_code, more.json()["type"]) == (409, "too_many_files")
    monkeypatch.setattr(Importer, "has_room", lambda _: False)
    settings = {"columns": COLUMNS, "campaign_id": office.campaign_id}
    busy = await supervisor.post(f"/api/v1/imports/{brought['id']}/check", json=settings)
    assert (busy.status_code, busy.json()["type"]) == (409, "imports_busy")


async def test_without_a_folder_no_file_is_taken(dsn: str, office: Office) -> None:
    async with serve(dsn) as api, api.client("supervisor") as client:
        refused = await client.post("/api/v1/imports", params={"name": "x"}, content=b"x")
        assert (refused.status_code, refused.json()["type"]) == (503, "uploads_not_configured")
        assert (await client.get("/api/v1/imports")).json() == []
