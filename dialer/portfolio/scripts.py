"""The script an agent reads: a segment's Liquid template filled with the call's fields, as Markdown.

Scripts are written by people who are not programmers, and the fields come from creditors' files. So the
language is cut down to what cannot eat time or memory, everything unknown is an error instead of an empty gap
in a sentence read aloud, and values are escaped: a debtor named `**[free](http://...)**` shows as just that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from liquid import Environment, Mode, StrictDefaultUndefined
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

if TYPE_CHECKING:
    from liquid.context import RenderContext

#: A script is a page or two of text.
MAX_BODY_CHARS = 32_000

#: `content`, `output` and `illegal` are the parser's own names for text, `{{ }}` and syntax errors.
TAGS = frozenset(
    {
        "content",
        "output",
        "illegal",
        "if",
        "unless",
        "case",
        "for",
        "break",
        "continue",
        "assign",
        "comment",
        "#",
    }
)
#: None of these gives much more than it takes, so no chain of them fills the memory.
FILTERS = frozenset(
    {"upcase", "downcase", "capitalize", "strip", "truncate", "default", "append", "prepend"}
    | {"plus", "minus", "times", "divided_by", "round", "size"}
)

#: How amounts and dates are written in each language of the product.
LOCALES = {"es": "es_419", "en": "en_US", "pt": "pt_BR"}

_MARKDOWN = re.compile(r"([!#&()*+\-.:<>@\[\\\]_`{|}~/])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TAG = re.compile(r"{%.*?%}", re.DOTALL)
_OUTPUT = re.compile(r"{{-?\s*(.*?)\s*-?}}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RenderedScript:
    """What the agent sees; `error` (for the script's author) is set when it is only the unfilled text."""

    markdown: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ScriptDebt:
    """The debt a script speaks of. `balance_minor` in the currency's minor units."""

    reference: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None
    days_past_due: int | None


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """The fields of one call, before they are written for a language."""

    debtor_name: str
    debtor_reference: str
    number: str | None
    agent_name: str
    campaign_name: str
    debt: ScriptDebt | None
    language: str


def escape_markdown(text: str) -> str:
    """`text` so that CommonMark and its GitHub extensions (autolinks, tables) show it as it is."""
    return _MARKDOWN.sub(r"\\\1", _CONTROL.sub(" ", text))


def name_fields(call: ScriptCall) -> dict[str, object]:
    """The names a script can use: `debtor.name`, `debt.balance` ... `debt` is nil when there is none."""
    locale = LOCALES[call.language]
    debt: dict[str, object] | None = None
    if call.debt is not None:
        amount = Decimal(call.debt.balance_minor).scaleb(-get_currency_precision(call.debt.currency))
        due_on = call.debt.due_on
        debt = {
            "reference": call.debt.reference,
            "creditor": call.debt.creditor,
            "product": call.debt.product,
            "balance": format_currency(amount, call.debt.currency, locale=locale),
            "due_on": None if due_on is None else format_date(due_on, format="long", locale=locale),
            "days_past_due": call.debt.days_past_due,
        }
    return {
        "debtor": {
            "name": call.debtor_name,
            "first_name": call.debtor_name.split(" ", 1)[0],
            "reference": call.debtor_reference,
        },
        "debt": debt,
        "agent": {"name": call.agent_name},
        "campaign": {"name": call.campaign_name},
        "call": {"number": call.number},
    }


def render_script(body: str, call: ScriptCall) -> RenderedScript:
    """The script filled in for `call`. Never raises: a faulty script shows unfilled, its error beside it.

    Bounded: 32,000 characters of template, 1,000 loop turns, 64 kB of output.
    """
    if len(body) > MAX_BODY_CHARS:
        error = f"the script has {len(body)} characters; shorten it to {MAX_BODY_CHARS}"
        return RenderedScript(show_unfilled(body), error)
    try:
        return RenderedScript(_parse(body).render(**name_fields(call)).strip())
    except LiquidError as error:
        return RenderedScript(show_unfilled(body), _say(error, body))


def check_script(body: str) -> str | None:
    """What is wrong with a script, to be shown where it is written; None when it renders with every field."""
    debt = ScriptDebt("1", "-", "-", 100, "USD", date(2026, 1, 1), 30)
    return render_script(body, ScriptCall("-", "1", "+18095550100", "-", "-", debt, "es")).error


def show_unfilled(body: str) -> str:
    """The script's text with `[debtor.name]` where a value belongs: the agent can still read it aloud."""
    text = _TAG.sub("", body[:MAX_BODY_CHARS])
    return _OUTPUT.sub(lambda output: escape_markdown(f"[{output[1]}]"), text).strip()


def _say(error: LiquidError, body: str) -> str:
    where = "" if error.token is None else f" (line {body.count(chr(10), 0, error.token.start_index) + 1})"
    return f"{error.args[0] if error.args else 'the script is faulty'}{where}"


class _MarkdownOutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if value is None:
            return 0
        if not isinstance(value, str | int | float | Decimal):
            raise LiquidError("only texts and numbers can be shown", token=self.token)
        return buffer.write(escape_markdown(str(value)))


class _MarkdownOutput(Output):
    node_class = _MarkdownOutputNode


class _Scripts(Environment):
    loop_iteration_limit = 1_000
    output_stream_limit = 64_000
    local_namespace_limit = 64_000
    block_nesting_limit = 10

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_MarkdownOutput)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: apply for name, apply in self.filters.items() if name in FILTERS}


_SCRIPTS = _Scripts(tolerance=Mode.STRICT, undefined=StrictDefaultUndefined, strict_filters=True)


@lru_cache(maxsize=256)
def _parse(body: str) -> BoundTemplate:
    return _SCRIPTS.from_string(body)
