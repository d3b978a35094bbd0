"""Scripts as they go to screens: every step already filled with the call's fields, as Markdown."""

from __future__ import annotations

from dialer.api.wire import Wire
from dialer.portfolio.script_graph import Graph, Result
from dialer.portfolio.scripts import ScriptCall, render_script


class ResultView(Wire):
    """The disposition that an answer or an end proposes, with fields of its form."""

    disposition: str
    fields: dict[str, str]


class AnswerView(Wire):
    label: str
    to: str
    result: ResultView | None


class StepView(Wire):
    id: str
    title: str
    markdown: str
    #: What the law wants said and this step says.
    notices: list[str]
    answers: list[AnswerView]
    to: str | None
    result: ResultView | None


class ObjectionView(Wire):
    title: str
    markdown: str


class ScriptView(Wire):
    """One version of a script, for one call."""

    version_id: int
    number: int
    start: str
    steps: list[StepView]
    objections: list[ObjectionView]
    #: Set when a text could not be filled in and is shown with its gaps: what its author has to mend.
    error: str | None


def show_script(graph: Graph, call: ScriptCall, *, version_id: int, number: int) -> ScriptView:
    """The whole script for this call. A faulty text shows unfilled; the first such error is in `error`."""
    errors: list[str] = []

    def fill(text: str, where: str) -> str:
        rendered = render_script(text, call)
        if rendered.error is not None:
            errors.append(f"{where}: {rendered.error}")
        return rendered.markdown

    return ScriptView(
        version_id=version_id,
        number=number,
        start=graph.start,
        steps=[
            StepView(
                id=step.id,
                title=step.title,
                markdown=fill(step.say, step.id),
                notices=list(step.notices),
                answers=[AnswerView(label=a.label, to=a.to, result=_result(a.result)) for a in step.answers],
                to=step.to,
                result=_result(step.result),
            )
            for step in graph.steps
        ],
        objections=[
            ObjectionView(title=objection.title, markdown=fill(objection.say, objection.title))
            for objection in graph.objections
        ],
        error=errors[0] if errors else None,
    )


def _result(result: Result | None) -> ResultView | None:
    return None if result is None else ResultView(disposition=result.disposition, fields=result.fields)
