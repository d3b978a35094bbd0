"""A campaign's leads as a file that any spreadsheet opens, and runs nothing of."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.portfolio.spreadsheet import plain_cell
from dialer.store.database import connect
from dialer.store.portfolio_reading import EXPORTED, read_campaign_leads


async def export_leads(
    dsn: str, campaign_id: int, path: Path, progress: Callable[[int], None] = lambda rows: None
) -> int:
    """Write the campaign's leads as CSV (UTF-8 with a byte order mark); how many.

    The file appears when it is whole, readable by its owner only: it holds names and numbers. Raises BadInput when it
    can't be written or is there already.
    """
    if path.exists():  # noqa: ASYNC240
        raise BadInput(f"{path} is there already: move it away, or choose another name")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    connection = await connect(dsn)
    rows = 0
    try:
        with open(  # noqa: ASYNC230
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
            "w",
            encoding="utf-8-sig",
            newline="",
        ) as file:
            write = csv.writer(file).writerow
            write(EXPORTED)
            async for row in read_campaign_leads(connection, campaign_id):
                write([_cell(value) for value in row])
                rows += 1
                if rows % 1000 == 0:
                    progress(rows)
        os.link(unfinished, path)  # unlike a rename it never takes another file's place
    except OSError as error:
        raise BadInput(f"the file can't be written: {error}") from None
    finally:
        connection.terminate()
        unfinished.unlink(missing_ok=True)
    return rows


def _cell(value: object) -> object:
    """Numbers stay numbers; a text never begins like a formula (a telephone's + included)."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return plain_cell(value) if isinstance(value, str) else value
