"""`python -m dialer.portfolio`: work on one file, asked on stdin, its progress and result as JSON lines on stdout.

A process of its own, so that a large or hostile file costs nobody else memory or time, and can be ended at any moment:
what it has staged stays, and the next one goes on from there. In: `{"work": "preview" | "check" | "load", "kind": ...,
"path": ..., ...}` (`Asked`). Out: `{"kind": "progress", "what": ..., "done": ..., "total": ..., "rows": ...}` ..., and
last `{"kind": "result", ...}` or `{"kind": "refused", "detail": ...}`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from dialer.domain.errors import BadInput
from dialer.portfolio.asked import Asked, Work
from dialer.portfolio.case_importing import CaseOptions, import_cases
from dialer.portfolio.importing import BadFile, ImportOptions, import_leads
from dialer.portfolio.preview import check_columns, guess_encoding, preview_file
from dialer.store.import_mappings import FileKind

#: Progress is told no more often.
_TOLD_EVERY_S = 0.2


async def carry_out(asked: Asked) -> Mapping[str, Any]:
    """The work's result. Raises BadInput when the file, or what is said of it, is at fault."""
    if asked.work is Work.PREVIEW:
        return asdict(
            preview_file(
                asked.path,
                asked.kind,
                saved=asked.saved,
                encoding=asked.encoding,
                delimiter=asked.delimiter,
                columns=asked.columns,
            )
        )
    columns = asked.columns or {}
    check_columns(asked.kind, columns)
    dry_run = asked.work is Work.CHECK
    encoding = asked.encoding or guess_encoding(asked.path)
    if asked.kind is FileKind.CASES:
        cases = CaseOptions(
            encoding=encoding,
            delimiter=asked.delimiter,
            default_region=asked.region,
            mapping=columns,
            entered_by=asked.entered_by,
            skip_bad=asked.skip_bad or dry_run,
            findings_file=asked.findings,
            dry_run=dry_run,
        )
        return asdict(await import_cases(asked.dsn, asked.path, cases))
    leads = ImportOptions(
        encoding=encoding,
        delimiter=asked.delimiter,
        skip_bad=asked.skip_bad or dry_run,
        findings_file=asked.findings,
        list_name=asked.list_name,
        default_region=asked.region,
        mapping=columns,
        close_missing=asked.close_missing,
        dry_run=dry_run,
    )
    return asdict(await import_leads(asked.dsn, asked.campaign_id, asked.path, leads, _tell_now_and_then()))


class _tell_now_and_then:
    """Tells the progress, but not of every block."""

    def __init__(self) -> None:
        self._told: tuple[str, float] = ("", 0.0)

    def __call__(self, what: str, done: int, total: int, rows: int) -> None:
        now = time.monotonic()
        if what != self._told[0] or now - self._told[1] >= _TOLD_EVERY_S:
            self._told = (what, now)
            _say({"kind": "progress", "what": what, "done": done, "total": total, "rows": rows})


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(message, default=str) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    os.nice(5)  # calls go before files
    asked = Asked.read(sys.stdin.buffer.read())
    try:
        result = asyncio.run(carry_out(asked))
    except BadFile as error:
        rows = "1 row is" if error.count == 1 else f"{error.count} rows are"
        _say({"kind": "refused", "detail": f"{rows} wrong, nothing was loaded"})
    except BadInput as error:
        _say({"kind": "refused", "detail": str(error)})
    else:
        _say({"kind": "result", "result": result})


if __name__ == "__main__":
    main()
