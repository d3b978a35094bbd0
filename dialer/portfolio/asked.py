"""What is asked of the process that works on a file (`python -m dialer.portfolio`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import orjson

from dialer.store.import_mappings import FileKind
from dialer.store.import_mappings import Mapping as SavedMapping


class Work(StrEnum):
    PREVIEW = "preview"
    #: Judge and compare everything, bad rows and good ones, and load nothing.
    CHECK = "check"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with a file; what a kind of work has no use for stays empty."""

    work: Work
    kind: FileKind
    path: Path
    dsn: str = ""
    #: The saved mappings, of which a preview takes one that fits.
    saved: Mapping[str, SavedMapping] = field(default_factory=dict)
    #: The file's column names to ours (empty: not used); None: not chosen yet.
    columns: Mapping[str, str] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    region: str | None = None
    campaign_id: int = 0
    list_name: str | None = None
    skip_bad: bool = False
    close_missing: bool = False
    entered_by: str | None = None
    findings: Path | None = None

    def as_json(self) -> bytes:
        return orjson.dumps(asdict(self), default=str)

    @staticmethod
    def read(text: bytes) -> Asked:
        told = orjson.loads(text)
        return Asked(
            **told
            | {
                "work": Work(told["work"]),
                "kind": FileKind(told["kind"]),
                "path": Path(told["path"]),
                "findings": told["findings"] and Path(told["findings"]),
                "saved": {
                    name: SavedMapping(**mapping | {"kind": FileKind(mapping["kind"])})
                    for name, mapping in told["saved"].items()
                },
            }
        )
