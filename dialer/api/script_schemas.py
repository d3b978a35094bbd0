"""What crosses the wire of scripts: versions with what they brought, drafts, faults and a preview."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dialer.api.schemas import LINE
from dialer.api.script_views import ScriptView
from dialer.api.wire import Wire
from dialer.portfolio.script_graph import Graph
from dialer.portfolio.split import Judgement

Language = Literal["es", "en", "pt"]


class ScriptInterval(Wire):
    """A 95 % interval."""

    low: float
    high: float


class ScriptVersionView(Wire):
    """A version of a script; of its `share` per cent of the leads, those that heard it and promised, a share with its
    interval, and the mean seconds from the bridge to the result. `judgement` against the version `rival`."""

    id: int
    script_id: int
    name: str
    language: str
    number: int
    state: str
    share: int
    leads: int
    promised: int
    conversion: ScriptInterval | None
    handling_s: float | None
    judgement: Judgement | None
    rival: int | None
    conversion_gap: ScriptInterval | None
    handling_gap_s: ScriptInterval | None


class FaultView(Wire):
    """What is wrong and where: a step's id, `objection 2`, or `script`."""

    where: str
    what: str


class ScriptCheck(Wire):
    graph: Graph
    language: Language = "es"


class CheckedScript(Wire):
    """All that keeps a script from being published, and how an agent would see it, of a fictional debtor."""

    faults: list[FaultView]
    preview: ScriptView


class VersionText(Wire):
    """A version to read or to go on from."""

    id: int
    name: str
    language: str
    number: int
    state: str
    graph: Graph


class DraftSettings(Wire):
    """The graph to keep as the script's draft; a name nobody has makes a new script."""

    name: str = Field(min_length=1, max_length=80, pattern=LINE)
    language: Language
    graph: Graph


class DraftSaved(Wire):
    id: int
    number: int


class Publication(Wire):
    """`share` per cent of the leads hear it; the newest of the other versions, the rest."""

    share: int = Field(default=100, ge=1, le=100)


class ScriptDiff(Wire):
    lines: list[str]
