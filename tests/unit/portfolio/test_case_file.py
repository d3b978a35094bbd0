"""Rows of a case file: what they say, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from dialer.domain.contact import Place
from dialer.domain.debtor import AddressKind, Channel, ConsentPurpose, PartyRole, Provenance, Wish
from dialer.domain.errors import BadInput
from dialer.portfolio.case_file import CaseFile, read_cases

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def read(folder: Path, header: str, *rows: str) -> CaseFile:
    path = folder / "casos.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return read_cases(path, NOW, region="CO")


def test_a_row_says_several_matters_in_spanish(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Referencia;Origen;Teléfono;Lugar;Consentimiento;Canal;Finalidad;Consentimiento desde;Deseo;Deseo días;"
        "Deseo de;Deseo a;Deuda;Rol;Dirección;Tipo dirección;Nota;Otra cosa",
        "C-1;deudor;3001234567;Trabajo;Sí;Voz;Contacto;2026-11-01;Permite;1-5, 6;08:00;12:30;D-9;Fiador;Calle 1;"
        "trabajo;prefiere la tarde;x",
    )
    assert (found.errors, found.ignored) == ([], ("Otra cosa",))
    (row,) = found.rows
    assert (row.phone, row.place, row.source) == ("+573001234567", Place.WORKPLACE, Provenance.DEBTOR)
    assert (row.granted, row.channel, row.purpose) == (True, Channel.VOICE, ConsentPurpose.CONTACT)
    assert row.given_at == datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    assert (row.wish, row.weekdays) == (Wish.ALLOW, [1, 2, 3, 4, 5, 6])
    assert (row.starts, row.ends, row.valid_from) == (time(8), time(12, 30), NOW)
    assert (row.debt_ref, row.role) == ("D-9", PartyRole.GUARANTOR)
    assert (row.address_kind, row.note) == (AddressKind.WORK, "prefiere la tarde")


def test_what_is_said_of_today_lies_not_in_the_future(tmp_path: Path) -> None:
    header = "external_ref,consent,consent_channel,consent_since"
    (row,) = read(tmp_path, header, "C-1,no,sms,2026-11-22").rows
    assert (row.granted, row.given_at) == (False, NOW)


@pytest.mark.parametrize(
    ("header", "cells", "column", "said"),
    [
        ("note", "", None, "says nothing of the person"),
        ("phone", "12", "phone", "12"),
        ("phone,place", "3001234567,luna", "place", "workplace"),
        ("note,place", "hola,casa", "phone", "is empty, but place is given"),
        ("consent,consent_channel", "si,voz", "consent", "needs consent_channel and consent_since"),
        ("consent,consent_channel,consent_since", "quizas,voz,2026-11-01", "consent", "not one of yes"),
        ("consent,consent_channel,consent_since", "si,voz,2026-11-23", "consent_since", "in the future"),
        ("consent,consent_channel,consent_since", "si,voz,1/11/2026", "consent_since", "not a date"),
        ("role", "fiador", "role", "needs debt_ref"),
        ("note,debt_ref,role", "x,D-1,jefe", "role", "co_debtor"),
        ("phone,debt_ref", "3001234567,D-1", "debt_ref", "without role, note or document"),
        ("wish,wish_days", "nunca,0-7", "wish_days", "Monday is 1"),
        ("wish,wish_days", "nunca,5-2", "wish_days", "backwards"),
        ("wish,wish_from,wish_to", "solo,10:00,09:00", "wish_to", "not after"),
        ("wish,wish_from", "solo,25:00", "wish_from", "not an hour"),
        ("wish,wish_until", "solo,2026-11-01", "wish_until", "is over"),
        ("wish,wish_since", "solo,2026-12-01", "wish_since", "in the future"),
        ("wish", "permite", "wish", "only the debtor himself"),
        ("document", "../contrato.pdf", "document", "plain name"),
        ("document", ".oculto", "document", "plain name"),
        ("note", "x" * 4001, "note", "at most 4000"),
        ("note", "${EVIL}", "note", "may not stand"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, header: str, cells: str, column: str | None, said: str) -> None:
    found = read(tmp_path, f"external_ref,{header}", f"C-1,{cells}")
    assert found.rows == []
    (error,) = found.errors
    assert (error.row, error.column) == (2, column)
    assert said in error.message


def test_a_file_that_says_nothing_of_anybody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column says anything of a person"):
        read(tmp_path, "external_ref,full_name", "C-1,Ana")
    with pytest.raises(BadInput, match="missing columns: external_ref"):
        read(tmp_path, "note", "hola")
