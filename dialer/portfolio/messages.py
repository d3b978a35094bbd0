"""What a call says by itself, to a voicemail or to an assistant that asks who calls: a Liquid text, and its lint.

Whoever lives in the house hears a voicemail. So no word of a debt may be in it: neither in the template nor in what the
fields bring (15 U.S.C. 1692c(b) forbids telling third parties; 12 CFR 1006.2(j) says what a limited-content message may
hold; Latin American data-protection law asks the same of collectors).
"""

from __future__ import annotations

import re

from dialer.compliance.wording import OF_A_DEBT
from dialer.domain.errors import BadInput
from dialer.domain.screening import SpokenText
from dialer.portfolio.scripts import ScriptCall, render_script

#: What a text may take, in characters: half a minute of speech.
MOST_CHARS = 600

#: The language's own texts, for a campaign without one.
DEFAULTS: dict[SpokenText, dict[str, str]] = {
    SpokenText.MESSAGE: {
        "es": "Este es un mensaje para {{ debtor.first_name }}. Por favor, llámenos cuando pueda al número desde el que"
        " le llamamos. Gracias.",
        "en": "This is a message for {{ debtor.first_name }}. Please call us back, when you can, at the number we are"
        " calling from. Thank you.",
        "pt": "Esta é uma mensagem para {{ debtor.first_name }}. Por favor, ligue para o número que aparece nesta"
        " chamada quando puder. Obrigado.",
    },
    SpokenText.ANNOUNCEMENT: {
        "es": "Buenos días. Quisiera hablar con {{ debtor.first_name }} de un asunto personal.",
        "en": "Hello. I would like to speak with {{ debtor.first_name }} about a personal matter.",
        "pt": "Olá. Gostaria de falar com {{ debtor.first_name }} sobre um assunto pessoal.",
    },
    SpokenText.ABANDONED: {
        "es": "En este momento no pudimos atenderle. Puede devolvernos la llamada al número desde el que le llamamos.",
        "en": "We could not attend to you at this moment. You may call us back at the number we are calling from.",
        "pt": "Neste momento não pudemos atender você. Ligue de volta para o número que aparece nesta chamada.",
    },
}

_DEBT_FIELD = re.compile(r"{[{%][^}]*\bdebt\b")
_ESCAPED = re.compile(r"\\([!#&()*+\-.:<>@\[\\\]_`{|}~/])")


class TellsOfDebt(BadInput):
    """A spoken text has words of a debt in it."""

    def __init__(self, words: str) -> None:
        super().__init__(f"{words!r} tells of a debt to whoever hears it: say that it is a personal matter")
        self.words = words


def speak_of(kind: SpokenText, template: str | None, call: ScriptCall) -> str:
    """The text to be spoken; `template` None: the language's own. Raises BadInput when it is faulty, too long, or tells
    of a debt."""
    body = template if template is not None else DEFAULTS[kind][call.language]
    if _DEBT_FIELD.search(body):
        raise BadInput("a spoken text may use no field of the debt: whoever hears it may be somebody else")
    rendered = render_script(body, call)
    if rendered.error is not None:
        raise BadInput(rendered.error)
    text = " ".join(_ESCAPED.sub(r"\1", rendered.markdown).split())
    if not text or len(text) > MOST_CHARS:
        raise BadInput(f"a spoken text has 1 to {MOST_CHARS} characters, this one {len(text)}")
    if found := OF_A_DEBT.search(text):
        raise TellsOfDebt(found[0])
    return text


def check_text(kind: SpokenText, template: str, language: str) -> None:
    """Raises BadInput when the template could not be spoken to a debtor with a plain name."""
    speak_of(kind, template, ScriptCall("Ana", "1", None, "", "", None, language))
