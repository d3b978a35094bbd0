"""A script as a graph: steps that say something and lead on, by an answer or straight.

People who are not programmers write it, as JSON or in the editor. Two gates: `parse_graph` takes nothing that is not
of this shape; `find_faults` lists, each with its place, what would leave an agent stranded in a call or the law unsaid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialer.domain.dispositions import FIELDS, FieldKind
from dialer.domain.errors import BadInput
from dialer.portfolio.scripts import MAX_BODY_CHARS, check_script

MAX_STEPS = 60
#: Number keys.
MAX_ANSWERS = 9
MAX_OBJECTIONS = 40

StepId = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Title = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\u0000-\u001f\u007f]*$")]
#: No database keeps a NUL.
_NO_NUL = r"^[^\u0000]*$"
Text = Annotated[str, Field(max_length=8_000, pattern=_NO_NUL)]
#: A field of a result that an answer may fill in: text or one of the choices; amounts and days the agent types.
FILLABLE = frozenset(
    field.name
    for fields in FIELDS.values()
    for field in fields
    if field.kind in (FieldKind.CHOICE, FieldKind.TEXT)
)


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(Part):
    """What an answer or an end proposes: a disposition's code and fields of it. The agent confirms it."""

    disposition: Annotated[str, Field(min_length=1, max_length=40, pattern=_NO_NUL)]
    fields: dict[
        Annotated[str, Field(max_length=40, pattern=_NO_NUL)],
        Annotated[str, Field(max_length=500, pattern=_NO_NUL)],
    ] = {}


class Answer(Part):
    """What the debtor may say, and where that leads."""

    label: Title
    to: StepId
    result: Result | None = None


class Step(Part):
    """One thing to say or ask. Without answers and without `to` it is an end."""

    id: StepId
    title: Title
    say: Text
    #: What the law wants said and this step says: codes such as `debt_collector_disclosure`.
    notices: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")], ...] = ()
    answers: Annotated[tuple[Answer, ...], Field(max_length=MAX_ANSWERS)] = ()
    to: StepId | None = None
    result: Result | None = None


class Objection(Part):
    """Something debtors say at any moment, and the answer to it."""

    title: Title
    say: Text


class Graph(Part):
    """A whole script."""

    start: StepId
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS)]
    objections: Annotated[tuple[Objection, ...], Field(max_length=MAX_OBJECTIONS)] = ()
    #: Rule sets whose compulsory words this script must hold, e.g. `US`.
    rule_sets: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=40, pattern=_NO_NUL)], ...], Field(max_length=20)
    ] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where: a step's id, `objection 2`, or `script`."""

    where: str
    what: str


def parse_graph(data: object) -> Graph:
    """The graph of a JSON value. Raises BadInput, which names the place."""
    try:
        return Graph.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInput(f"script: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from None


def one_page(title: str, body: str) -> Graph:
    """A text of one page as a graph of one step."""
    return Graph(start="page", steps=(Step(id="page", title=title[:80], say=body),))


def find_faults(graph: Graph, must_say: Sequence[str] = ()) -> list[Fault]:
    """All that keeps the script from being published; empty when nothing does. `must_say`: notices it must hold."""
    return [*_texts(graph), *_edges(graph), *_walks(graph), *_results(graph), *_notices(graph, must_say)]


def _texts(graph: Graph) -> Iterator[Fault]:
    texts = [(step.id, step.say) for step in graph.steps]
    texts += [(f"objection {n}", objection.say) for n, objection in enumerate(graph.objections, 1)]
    size = sum(len(text) for _, text in texts)
    if size > MAX_BODY_CHARS:
        yield Fault("script", f"all its texts have {size} characters; shorten them to {MAX_BODY_CHARS}")
    for where, text in texts:
        if not text.strip():
            yield Fault(where, "says nothing: write what the agent says")
        elif (error := check_script(text)) is not None:
            yield Fault(where, error)


def _edges(graph: Graph) -> Iterator[Fault]:
    ids = [step.id for step in graph.steps]
    known = set(ids)
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        yield Fault(id_, "two steps have this name: rename one")
    if graph.start not in known:
        yield Fault("script", f"it starts at {graph.start!r}, and there is no such step")
    for step in graph.steps:
        if step.answers and step.to is not None:
            yield Fault(step.id, "has answers and a next step: one of the two decides")
        labels = [answer.label for answer in step.answers]
        if len(set(labels)) < len(labels):
            yield Fault(step.id, "two answers have the same words")
        for target in _targets(step):
            if target not in known:
                yield Fault(step.id, f"leads to {target!r}, and there is no such step")


def _walks(graph: Graph) -> Iterator[Fault]:
    """Every step must be reached from the start, and from every step an end."""
    ways = {step.id: _targets(step) for step in graph.steps}
    back: dict[str, list[str]] = {}
    for id_, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(id_)
    reached = _spread([graph.start], ways)
    ending = _spread([step.id for step in graph.steps if not _targets(step)], back)
    for step in graph.steps:
        if step.id not in reached:
            yield Fault(step.id, "no way leads here from the start")
        elif step.id not in ending:
            yield Fault(step.id, "no way leads from here to an end: the agent goes round in circles")


def _results(graph: Graph) -> Iterator[Fault]:
    for step in graph.steps:
        for result in (step.result, *(answer.result for answer in step.answers)):
            for name in result.fields if result else ():
                if name not in FILLABLE:
                    yield Fault(
                        step.id, f"fills in {name!r}; a script can fill in: {', '.join(sorted(FILLABLE))}"
                    )


def _notices(graph: Graph, must_say: Sequence[str]) -> Iterator[Fault]:
    said = {notice for step in graph.steps for notice in step.notices}
    for notice in must_say:
        if notice not in said:
            yield Fault(
                "script",
                f"nowhere says {notice}, which the law wants said: write it in a step and tick it there",
            )


def _targets(step: Step) -> list[str]:
    return [answer.to for answer in step.answers] or ([step.to] if step.to is not None else [])


def _spread(from_: Iterable[str], ways: dict[str, list[str]]) -> set[str]:
    """All that can be reached."""
    seen = set(from_)
    ahead = list(seen)
    while ahead:
        for target in ways.get(ahead.pop(), []):
            if target not in seen:
                seen.add(target)
                ahead.append(target)
    return seen
