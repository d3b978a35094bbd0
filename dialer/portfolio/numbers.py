"""Telephone numbers as people write them, as E.164, by the numbering plans of libphonenumber.

A file of a million debtors holds three million numbers, nearly all of them written as `+` and digits. Those are judged
by the library's own patterns, compiled once a plan; whatever is written otherwise, or could mean something else, goes
through the library itself. Both ways give the same answer (`tests/unit/portfolio/test_numbers.py` compares them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from dialer.domain.debtor import PhoneKind
from dialer.domain.errors import BadInput
from dialer.domain.values import PhoneNumber

_WRITTEN = re.compile(r"[0-9+() .\-]*")
_PLAIN = re.compile(r"\+[1-9][0-9]{7,14}")
_SPACING = str.maketrans("", "", " ().-")
_KINDS = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.FIXED_OR_MOBILE,
    PhoneNumberType.VOIP: PhoneKind.VOIP,
}


def parse_number(text: str, region: str | None = None) -> PhoneNumber:
    """A number as people write it, as E.164. Raises BadInput that says what is wrong with it.

    It must be possible and valid by the numbering plans; the fictional 555-01XX are valid there.
    """
    return PhoneNumber(judge_number(text, region)[0])


def judge_number(text: str, region: str | None = None) -> tuple[str, PhoneKind]:
    """The number in E.164 and what its plan says of it. `region` (ISO 3166-1) reads numbers without a country code.

    Raises BadInput.
    """
    if text.startswith("+"):
        plain = text if text[1:].isdigit() else text.translate(_SPACING)
        if _PLAIN.fullmatch(plain) and (kind := _quick(plain)):
            return plain, kind
    return _slow(text, region)


def _slow(text: str, region: str | None) -> tuple[str, PhoneKind]:
    """The library's own reading."""
    if not _WRITTEN.fullmatch(text) or len(text) > 40:
        raise BadInput(
            f"{text[:40]!r} is not a phone number: only digits, spaces and + ( ) - . may stand in it"
        )
    if region is None and not text.lstrip().startswith("+"):
        raise BadInput(f"{text!r} has no country code: write + and the code, or give the region of the file")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise BadInput(f"{text!r} is not a phone number") from None
    if not phonenumbers.is_valid_number(number):
        raise BadInput(f"{text!r} is no number of its country's numbering plan")
    e164 = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
    try:
        PhoneNumber(e164)
    except ValueError as error:
        raise BadInput(f"{text!r}: {error}") from None
    return e164, _KINDS.get(phonenumbers.number_type(number), PhoneKind.OTHER)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One kind of number in a plan: how long, and how it looks."""

    lengths: frozenset[int]  # empty: as the plan's
    look: str


#: What a number can look like, as far as we tell kinds apart.
_LOOKS = ("voip", "other", "fixed", "mobile")


@dataclass(frozen=True, slots=True)
class _Plan:
    """A region's numbering plan."""

    begins: re.Pattern[str] | None
    general: _Pattern
    kinds: tuple[tuple[str, _Pattern], ...]  # of _LOOKS
    #: Fixed and mobile numbers do not look the same.
    mobile_differs: bool
    prefix: re.Pattern[str] | None
    #: By length, all that can be asked of a number in one expression; None: no number is that long.
    _looks: dict[int, re.Pattern[str] | None] = field(default_factory=dict)

    def kind(self, national: str) -> PhoneKind | None:
        """None: no number of this plan."""
        length = len(national)
        try:
            look = self._looks[length]
        except KeyError:
            look = self._looks[length] = self._look(length)
        found = look.match(national) if look else None
        if found is None:
            return None
        # In the order in which libphonenumber asks.
        voip, other, fixed, mobile = found.group(*_LOOKS)
        if voip is not None:
            return PhoneKind.VOIP
        if other is not None:
            return PhoneKind.OTHER
        if fixed is not None:
            return (
                PhoneKind.FIXED_OR_MOBILE
                if mobile is not None or not self.mobile_differs
                else PhoneKind.FIXED
            )
        return PhoneKind.MOBILE if mobile is not None and self.mobile_differs else None

    def _look(self, length: int) -> re.Pattern[str] | None:
        if self.general.lengths and length not in self.general.lengths:
            return None
        # A group each, empty, that is there when the number looks so; the lookaheads take nothing of the number.
        asked = [f"(?=(?:{self.general.look})\\Z)"]
        for name in _LOOKS:
            looks = [
                pattern.look
                for kind, pattern in self.kinds
                if kind == name and (not pattern.lengths or length in pattern.lengths)
            ]
            either = "|".join(f"(?:{look})" for look in looks) or "(?!)"
            asked.append(f"(?=(?:(?:{either})\\Z(?P<{name}>))?)")
        return re.compile("".join(asked))


def _quick(e164: str) -> PhoneKind | None:
    """The kind of a number written as + and digits; None when the library should look at it."""
    digits, plans = _plans(e164[1:4])
    national = e164[1 + digits :]
    if not plans or (plans[0].prefix and plans[0].prefix.match(national)):
        return None  # it may begin with a national prefix, which the library takes off
    for plan in plans:
        if plan.begins is not None:
            if plan.begins.match(national):
                return plan.kind(national)
        elif kind := plan.kind(national):
            return kind
    return None


@lru_cache(maxsize=1200)
def _plans(beginning: str) -> tuple[int, tuple[_Plan, ...]]:
    """Of the first three digits: how many are the country code, and its plans in the library's order; none when there
    is no such code, or it is no country's."""
    for digits in (1, 2, 3):
        if plans := _plans_of(int(beginning[:digits])):
            return digits, plans
    return 3, ()


@lru_cache(maxsize=1200)
def _plans_of(country_code: int) -> tuple[_Plan, ...]:
    regions = COUNTRY_CODE_TO_REGION_CODE.get(country_code, ())
    found = [PhoneMetadata.metadata_for_region(region, None) for region in regions]
    return tuple(_plan(metadata) for metadata in found if metadata is not None)


def _plan(metadata: PhoneMetadata) -> _Plan:
    general = _pattern(metadata.general_desc)
    assert general is not None
    others = (
        *(metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.personal_number),
        *(metadata.pager, metadata.uan, metadata.voicemail),
    )
    kinds = (
        ("voip", metadata.voip),
        *(("other", other) for other in others),
        ("fixed", metadata.fixed_line),
        ("mobile", metadata.mobile),
    )
    return _Plan(
        begins=re.compile(metadata.leading_digits) if metadata.leading_digits is not None else None,
        general=general,
        kinds=tuple((name, found) for name, kind in kinds if (found := _pattern(kind))),
        mobile_differs=not metadata.same_mobile_and_fixed_line_pattern,
        prefix=re.compile(metadata.national_prefix_for_parsing)
        if metadata.national_prefix_for_parsing
        else None,
    )


def _pattern(kind: PhoneNumberDesc | None) -> _Pattern | None:
    if kind is None or not kind.national_number_pattern:
        return None
    lengths = frozenset(length for length in kind.possible_length if length > 0)
    if len(kind.possible_length) and not lengths:
        return None
    return _Pattern(lengths, kind.national_number_pattern)
