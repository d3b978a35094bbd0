"""Amounts as people type and read them: 1,500.00 MXN."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import get_currency_precision, list_currencies

from dialer.domain.errors import BadInput

_AMOUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,18})(\.[0-9]{1,4})?(?:\s*([A-Za-z]{3}))?", re.ASCII)


def read_amount(text: str, currency: str | None = None) -> tuple[int, str]:
    """`1,500.00 MXN` or `1500 mxn` in minor units (ISO 4217's exponent), and its currency.

    `currency` is the one that goes without saying. Raises BadInput when the amount names another, or none is known.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"{text[:40]!r} is not an amount like 1,500.00 MXN")
    whole, decimals, named = found.groups()
    said = (named or currency or "").upper()
    if not said:
        raise BadInput(f"{text[:40]!r} names no currency: write {text.strip()[:40]} MXN, or whichever it is")
    if said not in list_currencies():
        raise BadInput(f"{said!r} is not an ISO 4217 code such as MXN")
    if currency is not None and said != currency:
        raise BadInput(f"{text[:40]!r} is not in {currency}: one currency at a time")
    exponent = get_currency_precision(said)
    minor = Decimal(whole.replace(",", "") + (decimals or "")).scaleb(exponent)
    if minor != minor.to_integral_value():
        raise BadInput(f"{text[:40]!r} has more decimals than {said} ({exponent})")
    return int(minor), said


def write_amount(minor: int, currency: str) -> str:
    """Minor units as `read_amount` takes them; of what is no ISO 4217 code the number as it is."""
    if currency not in list_currencies():
        return f"{minor:,} {currency} (minor units)"
    exponent = get_currency_precision(currency)
    return f"{Decimal(minor).scaleb(-exponent):,.{exponent}f} {currency}"
