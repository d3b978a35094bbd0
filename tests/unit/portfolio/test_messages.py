"""What a call may say to whoever hears it: nothing of a debt, in no language."""

from __future__ import annotations

import pytest

from dialer.domain.errors import BadInput
from dialer.domain.screening import SpokenText
from dialer.portfolio.messages import MOST_CHARS, check_text, speak_of
from dialer.portfolio.scripts import ScriptCall


def call(name: str = "María Núñez-Peña", language: str = "es", campaign: str = "Avisos") -> ScriptCall:
    return ScriptCall(name, "R-1", None, "", campaign, None, language)


@pytest.mark.parametrize("kind", list(SpokenText))
@pytest.mark.parametrize("language", ["es", "en", "pt"])
def test_the_languages_own_texts_pass(kind: SpokenText, language: str) -> None:
    text = speak_of(kind, None, call(language=language))
    assert ("María" in text) == (kind is not SpokenText.ABANDONED)


def test_fields_are_spoken_as_they_are_not_as_markdown() -> None:
    text = speak_of(SpokenText.MESSAGE, "Hola, {{ debtor.name }}.\n\nHasta luego.", call("Ana-Luz *Paz*"))
    assert text == "Hola, Ana-Luz *Paz*. Hasta luego."


@pytest.mark.parametrize(
    "text",
    [
        "Le llamamos por su deuda.",
        "Llame al departamento de cobranzas.",
        "Su cuenta está en mora.",
        "Tiene un saldo pendiente.",
        "This is an attempt to collect.",
        "Your account is past due.",
        "You owe us.",
        "Ligue para falar da sua dívida.",
        "Setor de cobrança.",
        "{{ campaign.name }}",
    ],
)
def test_what_tells_of_a_debt_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="tells of a debt"):
        speak_of(SpokenText.MESSAGE, text, call(campaign="Cobranza temprana"))


@pytest.mark.parametrize("text", ["{{ debt.balance }}", "{% if debt %}Hola{% endif %}"])
def test_nor_may_a_field_of_the_debt_be_used(text: str) -> None:
    with pytest.raises(BadInput, match="no field of the debt"):
        check_text(SpokenText.MESSAGE, text, "es")


@pytest.mark.parametrize("text", ["", "   ", "a" * (MOST_CHARS + 1), "{{ nobody }}", "{{ debtor.name"])
def test_what_cannot_be_spoken_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        check_text(SpokenText.MESSAGE, text, "es")


@pytest.mark.parametrize("text", ["Hable con Cobo Torres.", "Le llama Moraima.", "Llame a Juan Demora"])
def test_names_that_only_sound_alike_pass(text: str) -> None:
    check_text(SpokenText.MESSAGE, text, "es")
