"""A first look into a creditor's file: its columns, its first rows, and a guess what each column means.

A guess is shown, never followed unseen: what is loaded is what a person has confirmed.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.portfolio import case_file, lead_file
from dialer.portfolio.lead_file import column_reader, plain_name
from dialer.portfolio.table_file import Line, RowError, open_table
from dialer.store.import_mappings import FileKind
from dialer.store.import_mappings import Mapping as SavedMapping

#: Rows that are shown.
ROWS_SHOWN = 8
_CELL_CHARS = 80
_CHUNK_BYTES = 1 << 20

#: Our columns by their Spanish names, and those a file can't do without.
COLUMNS: Mapping[FileKind, Mapping[str, str]] = {
    FileKind.LEADS: lead_file.SPANISH,
    FileKind.CASES: case_file.SPANISH,
}
REQUIRED: Mapping[FileKind, tuple[str, ...]] = {
    FileKind.LEADS: lead_file.REQUIRED,
    FileKind.CASES: ("external_ref",),
}
#: How collectors' and creditors' files call our columns, plain (`lead_file.plain_name`): a guess, where a file has none
#: of our own names for it.
_OFTEN: Mapping[str, tuple[str, ...]] = {
    "external_ref": (
        *(
            "cedula",
            "documento",
            "identificacion",
            "no_documento",
            "numero_documento",
            "id_cliente",
            "cliente_id",
        ),
        *(
            "codigo_cliente",
            "cod_cliente",
            "rut",
            "dni",
            "nit",
            "cpf",
            "curp",
            "id",
            "customer_id",
            "reference",
        ),
    ),
    "full_name": (
        *(
            "nombre_completo",
            "nombre_cliente",
            "cliente",
            "deudor",
            "titular",
            "nombres",
            "nome",
            "nome_completo",
        ),
        *("name", "customer", "customer_name", "debtor", "razon_social"),
    ),
    "phone1": (
        *(
            "celular",
            "movil",
            "telefono",
            "tel",
            "tel_celular",
            "telefono_celular",
            "telefone",
            "fone",
            "phone",
        ),
        *("mobile", "cell", "numero", "whatsapp"),
    ),
    "phone2": ("telefono_casa", "tel_casa", "tel_fijo", "telefono_fijo", "home_phone", "telefono_residencia"),
    "phone3": ("telefono_trabajo", "tel_trabajo", "tel_oficina", "work_phone", "telefono_oficina"),
    "phone": ("celular", "movil", "tel", "telefone", "mobile", "numero"),
    "debt_ref": (
        *(
            "credito",
            "no_credito",
            "numero_credito",
            "obligacion",
            "no_obligacion",
            "contrato",
            "no_contrato",
        ),
        *("operacion", "prestamo", "no_prestamo", "loan_id", "debt_id", "factura", "contrato_n"),
    ),
    "creditor": ("banco", "entidad", "empresa", "cartera", "credor", "lender", "acreedor_original"),
    "product": ("tipo_producto", "tipo_credito", "produto", "linea", "product_type"),
    "balance": (
        *(
            "monto",
            "monto_adeudado",
            "saldo_total",
            "saldo_actual",
            "saldo_capital",
            "deuda_total",
            "total_deuda",
        ),
        *("valor", "valor_total", "importe", "amount", "amount_due"),
    ),
    "currency": ("divisa", "moeda", "tipo_moneda"),
    "due_on": (
        "fecha_vencimiento",
        "fecha_de_vencimiento",
        "vence",
        "due_date",
        "data_vencimento",
        "fec_venc",
    ),
    "opened_on": ("fecha_apertura", "fecha_desembolso", "opening_date", "fecha_otorgamiento"),
    "account": ("no_cuenta", "numero_cuenta", "conta", "account_number"),
    "city": ("municipio", "cidade"),
    "address": ("domicilio", "endereco", "direccion_casa"),
    "country": ("pais_residencia",),
    "risk_score": ("score", "puntaje", "risk"),
    "note": ("observacion", "observaciones", "comentario", "notes"),
}


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """A column of the file: its name, what it is taken for (None: not used), and whether that is only a guess."""

    name: str
    target: str | None
    guessed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    encoding: str
    delimiter: str
    columns: tuple[ColumnGuess, ...]
    #: The first rows; one that can't be cut into cells holds what is wrong with it.
    rows: tuple[tuple[str, ...], ...]
    #: Columns of ours without which the file can't be loaded, and that it does not have so.
    missing: tuple[str, ...]
    #: The saved mapping by which the columns were taken.
    mapping: str | None


def preview_file(
    path: Path,
    kind: FileKind,
    *,
    saved: Mapping[str, SavedMapping],
    encoding: str | None = None,
    delimiter: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Preview:
    """The file's columns and first rows. `columns` (the file's names to ours, empty: not used) as a person chose them;
    None: by the saved mapping that fits, or as they are usually called. Raises BadInput when it can't be read."""
    ours = COLUMNS[kind]
    # Only ever shown or chosen by its own first guess: refused when it names what we do not have.
    known = column_reader(ours, columns)
    with path.open("rb") as file:
        table = open_table(
            file,
            lambda cell: known(cell) or _guess(cell, ours),
            encoding=encoding or guess_encoding(path),
            delimiter=delimiter,
        )
        rows = tuple(
            _cells(line, table.delimiter, len(table.header)) for _, line in islice(table.lines, ROWS_SHOWN)
        )
    name = None if columns is not None else _fitting(table.header, saved)
    chosen = columns if columns is not None else saved[name].columns if name else {}
    taken = take_columns(table.header, ours, chosen, guess=columns is None)
    targets = {column.target for column in taken}
    needed = (*REQUIRED[kind], *(lead_file.DEBT if kind is FileKind.LEADS and "debt_ref" in targets else ()))
    return Preview(
        encoding=table.encoding,
        delimiter=table.delimiter,
        columns=taken,
        rows=rows,
        missing=tuple(column for column in needed if column not in targets),
        mapping=name,
    )


def take_columns(
    header: Sequence[str], ours: Mapping[str, str], chosen: Mapping[str, str], *, guess: bool
) -> tuple[ColumnGuess, ...]:
    """What each column of the file is taken for; no two for the same."""
    known = column_reader(ours, chosen)
    targets = [known(cell) for cell in header]
    given = set(filter(None, targets))
    columns = []
    for cell, target in zip(header, targets, strict=True):
        guessed = False
        if target is None and guess and (target := _guess(cell, ours)) is not None:
            guessed = target not in given
            target = target if guessed else None
            given.add(target or "")
        columns.append(ColumnGuess(cell, target, guessed))
    return tuple(columns)


def guess_encoding(path: Path) -> str | None:
    """None: UTF-8, or told by its first bytes; else `cp1252`, as spreadsheets of the region save."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith((b"PK\x03\x04", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return None
        chunk = start
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return None


def _guess(cell: str, ours: Mapping[str, str]) -> str | None:
    plain = plain_name(cell.replace(".", " ").replace("#", " ").replace("/", " ").replace("°", " ")).strip(
        "_"
    )
    targets = set(ours.values())
    return next((target for target, names in _OFTEN.items() if target in targets and plain in names), None)


def _fitting(header: Sequence[str], saved: Mapping[str, SavedMapping]) -> str | None:
    """The saved mapping whose columns the file all has; of several, the one that says most."""
    names = {plain_name(cell) for cell in header}
    fitting = [
        (len(mapping.columns), name)
        for name, mapping in saved.items()
        if mapping.columns and all(plain_name(theirs) in names for theirs in mapping.columns)
    ]
    return max(fitting)[1] if fitting else None


def _cells(line: Line, delimiter: str, width: int) -> tuple[str, ...]:
    if isinstance(line, RowError):
        return (line.message,)
    if isinstance(line, str):
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            cells = line.split(delimiter)
    else:
        cells = list(line)
    return tuple(cell.strip()[:_CELL_CHARS] for cell in cells[:width])


def check_columns(kind: FileKind, columns: Mapping[str, str]) -> None:
    """Raise BadInput when a mapping names what we do not have, or one of ours twice."""
    column_reader(COLUMNS[kind], columns)
    targets = [target for target in columns.values() if target]
    if twice := next((target for target in targets if targets.count(target) > 1), None):
        raise BadInput(f"two columns are to be {twice}: choose one")
