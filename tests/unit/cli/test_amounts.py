"""Amounts and conditions as people type them at a command."""

from __future__ import annotations

import pytest

from dialer.cli.amounts import read_amount, write_amount
from dialer.cli.segments import _conditions, _words
from dialer.domain.errors import BadInput


@pytest.mark.parametrize(
    ("text", "minor", "currency", "written"),
    [
        ("1,500.00 MXN", 150_000, "MXN", "1,500.00 MXN"),
        ("1500 mxn", 150_000, "MXN", "1,500.00 MXN"),
        (" 0.5 USD ", 50, "USD", "0.50 USD"),
        ("1,500,000CLP", 1_500_000, "CLP", "1,500,000 CLP"),
    ],
)
def test_an_amount_is_read_and_written(text: str, minor: int, currency: str, written: str) -> None:
    assert read_amount(text) == (minor, currency)
    assert write_amount(minor, currency) == written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1500", "names no currency"),
        ("1,50 MXN", "is not an amount"),
        ("-3 MXN", "is not an amount"),
        ("1.500,00 MXN", "is not an amount"),
        ("1.505 MXN", "more decimals than MXN"),
        ("10.5 CLP", "more decimals than CLP"),
        ("10 XQQ", "not an ISO 4217 code"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_amount(text)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (["balance >= 1,500.00 MXN"], "balance >= 1,500.00 MXN and currency = MXN"),
        (["currency = MXN", "total_balance <= 20"], "currency = MXN and total_balance <= 20.00 MXN"),
        (
            ["balance >= 1 USD", "total_balance <= 2"],
            "balance >= 1.00 USD and total_balance <= 2.00 USD and currency = USD",
        ),
        (["balance is known"], "balance is known"),
    ],
)
def test_an_amount_is_of_debts_in_its_currency(where: list[str], words: str) -> None:
    assert _words(_conditions(where, any_of=False)) == words


@pytest.mark.parametrize(
    ("where", "any_of", "said"),
    [
        (["balance >= 1500"], False, "names no currency"),
        (["balance >= 1 USD", "total_balance <= 2 MXN"], False, "not in USD"),
        (["currency = MXN", "balance >= 1 USD"], False, "not in MXN"),
        (["balance >= 1 USD", "tries <= 1"], True, "leave --any out"),
    ],
)
def test_amounts_of_several_currencies_are_not_compared(where: list[str], any_of: bool, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _conditions(where, any_of=any_of)
