"""Numbers judged by compiled plans are judged as the library judges them."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from dialer.domain.debtor import PhoneKind
from dialer.domain.errors import BadInput
from dialer.portfolio.numbers import _slow, judge_number

REGIONS = "DO MX CO PE CL AR BR EC US PR GT CR PA VE UY PY BO ES GB IT DE FR KZ RU JM SM"


def outcome(judge: object, text: str) -> object:
    try:
        return judge(text, None)  # type: ignore[operator]
    except BadInput:
        return "refused"


@pytest.mark.parametrize("region", REGIONS.split())
def test_both_ways_give_one_answer(region: str) -> None:
    chance = random.Random(region)
    country = phonenumbers.country_code_for_region(region)
    candidates = []
    for kind in range(11):
        if example := phonenumbers.example_number_for_type(region, kind):
            national = phonenumbers.national_significant_number(example)
            candidates.append(national)
            # Near misses: another digit somewhere, one more, one less.
            for _ in range(30):
                digits = list(national)
                digits[chance.randrange(len(digits))] = str(chance.randrange(10))
                candidates.append("".join(digits))
            candidates += [national + "0", national[:-1], "0" + national, "1" + national, "9" + national]
    candidates += ["".join(chance.choices("0123456789", k=chance.randint(6, 12))) for _ in range(300)]
    for national in candidates:
        text = f"+{country}{national}"
        assert outcome(judge_number, text) == outcome(_slow, text), text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+573001234567", PhoneKind.MOBILE),
        ("+57 601 234 5678", PhoneKind.FIXED),
        ("+18095550101", PhoneKind.FIXED_OR_MOBILE),
        ("+56 9 6123 4567", PhoneKind.FIXED_OR_MOBILE),
        ("+18005550199", PhoneKind.OTHER),
    ],
)
def test_a_number_tells_its_kind(text: str, kind: PhoneKind) -> None:
    assert judge_number(text)[1] == kind
