"""What the message to a person whom no agent attended must say, and must not.

Whoever hears it may be anybody in the house: who called and where to call back, never why (16 CFR 310.4(b)(4)(iii);
Ofcom's statement of 2008; as policy everywhere else, since telling third parties of a debt is barred).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from dialer.compliance.breach import Fault, Value
from dialer.compliance.provisions import Message, MustNotSay, MustSay
from dialer.domain.campaign import ShownNumber

#: Stems that speak of a debt in the product's languages.
OF_A_DEBT = re.compile(
    r"\b(?:deud|adeud|endeud|acreed|cobr[aoé]|cobran|moros|mora\b|atras[oa]d|atraso|saldo|vencid|embarg|juici|abogad"
    r"|debt|owe[ds]?\b|owing|overdue|past[ -]due|delinquen|collect|creditor|arrears|repay"
    r"|d[ií]vid|devedor|credor|inadimpl|cobran[çc]|d[ée]bito|protesto)\w*",
    re.IGNORECASE,
)
#: Stems that sell something.
OF_AN_OFFER = re.compile(
    r"\b(?:ofert|promoci[oó]n|descuent|gratis|premio|aprovech|offer|discount|promotion|free gift|prize|sale\b"
    r"|promo[çc]|desconto|gr[aá]tis|pr[eê]mio|aproveite)\w*",
    re.IGNORECASE,
)
_DIGITS = {
    **dict.fromkeys(("cero", "zero", "oh"), "0"),
    **dict.fromkeys(("uno", "one", "um"), "1"),
    **dict.fromkeys(("dos", "two", "dois"), "2"),
    **dict.fromkeys(("tres", "three", "três"), "3"),
    **dict.fromkeys(("cuatro", "four", "quatro"), "4"),
    **dict.fromkeys(("cinco", "five"), "5"),
    **dict.fromkeys(("seis", "six", "meia"), "6"),
    **dict.fromkeys(("siete", "seven", "sete"), "7"),
    **dict.fromkeys(("ocho", "eight", "oito"), "8"),
    **dict.fromkeys(("nueve", "nine", "nove"), "9"),
}
_SHOWN_NUMBER = re.compile(
    r"(?:n[uú]mero|number)\b[^.!?]*?\b(?:desde|que aparece|que ve|calling from|shown|display|desta|de onde)\b",
    re.IGNORECASE,
)
#: Of a number at least so many digits are said: fewer are an extension or a price.
_LEAST_DIGITS = 7


def wrong_words(
    rule: Message, text: str, shown: Sequence[ShownNumber]
) -> Iterator[tuple[Fault, Mapping[str, Value]]]:
    """What is missing in the message or must not be in it.

    `shown` are the caller ids: the message names the owner of one of them, and the number to call back is one of them,
    said in digits or words, or referred to as the number that the telephone shows. While none is known neither can be
    judged, and a campaign that shows numbers of nobody on record does not start anyway.
    """
    numbers, owners = [n.number for n in shown], {n.owner for n in shown if n.owner}
    for wanted in rule.must_say:
        match wanted:
            case MustSay.COMPANY_NAME | MustSay.SELLER_NAME:
                if owners and not any(_plain(owner) in _plain(text) for owner in owners):
                    yield (
                        Fault.MESSAGE_NAMELESS,
                        {"owners": " or ".join(sorted(owners)), "wanted": str(wanted)},
                    )
            case MustSay.CALLBACK_NUMBER | MustSay.SELLER_PHONE | MustSay.BASIC_RATE_NUMBER:
                if not _gives_number(text, numbers):
                    yield Fault.MESSAGE_NUMBERLESS, {"wanted": str(wanted)}
    for barred in rule.must_not_say:
        pattern = OF_A_DEBT if barred is MustNotSay.DEBT else OF_AN_OFFER
        if found := pattern.search(text):
            yield Fault.MESSAGE_TELLS, {"words": found[0], "about": str(barred)}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _gives_number(text: str, shown: Sequence[str]) -> bool:
    if _SHOWN_NUMBER.search(text):
        return True
    words = re.findall(r"\d+|[^\W\d_]+", text.lower())
    runs, run = [], ""
    for word in [*words, ""]:
        if digits := _DIGITS.get(word, word if word.isdigit() else ""):
            run += digits
        else:
            runs.append(run)
            run = ""
    said = [run for run in runs if len(run) >= _LEAST_DIGITS]
    return bool(said) and (
        not shown or any(number.removeprefix("+").endswith(digits) for digits in said for number in shown)
    )
