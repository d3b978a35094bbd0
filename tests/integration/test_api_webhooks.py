"""Payments told from outside: signed, of now, once; and the words that say what is wrong with any other."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from dialer.api.app import create_app
from dialer.api.webhooks import sign
from dialer.config import Settings
from dialer.domain.errors import BadInput
from tests.integration.api_harness import Office, serve

pytestmark = pytest.mark.integration

KEY, OLD_KEY = bytes(range(32)), bytes(range(1, 33))
SECRETS = " ".join("whsec_" + base64.b64encode(key).decode() for key in (KEY, OLD_KEY))
PATH = "/api/webhooks/payments"


@pytest_asyncio.fixture
async def bank(dsn: str, office: Office) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that is no browser and has no session."""
    async with serve(dsn, webhook_secret=SECRETS) as api, httpx2.AsyncClient(base_url=api.url) as client:
        yield client


def payment(**data: object) -> bytes:
    return json.dumps(
        {
            "type": "payment.received",
            "timestamp": "2026-11-20T15:00:00Z",
            "data": {
                "reference": "BM-1",
                "debt": "D-1",
                "amount_minor": 23_450,
                "currency": "USD",
                "paid_at": "2026-11-20T14:59:00Z",
            }
            | data,
        }
    ).encode()


def headers(body: bytes, id_: str = "msg-1", *, key: bytes = KEY, age_s: int = 0) -> dict[str, str]:
    at = str(int(time.time()) - age_s)
    signature = sign(key, f"{id_}.{at}.".encode() + body).decode()
    return {"webhook-id": id_, "webhook-timestamp": at, "webhook-signature": signature}


async def tell(bank: httpx2.AsyncClient, body: bytes, heads: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = await bank.post(PATH, content=body, headers=heads)
    return answer.status_code, answer.json()


async def test_a_payment_is_booked_once_however_often_it_is_told(
    bank: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool
) -> None:
    body = payment()
    heads = headers(body)
    booked = {"new": True, "promises_kept": 0, "leads_moved": 1, "repeated": False}
    assert await tell(bank, body, heads) == (200, booked)
    assert await tell(bank, body, heads) == (200, booked | {"repeated": True}), "the very same message"
    known = {"new": False, "promises_kept": 0, "leads_moved": 0, "repeated": False}
    assert await tell(bank, body, headers(body, "msg-2")) == (200, known), "another message, the same payment"
    row = await pool.fetchrow("SELECT person_id, amount_minor, source FROM payment")
    assert row is not None
    assert tuple(row) == (office.person_id, 23_450, "webhook")
    assert await pool.fetchval("SELECT balance_minor FROM debt") == 100_000
    row = await pool.fetchrow("SELECT state, state_reason FROM lead")
    assert row is not None
    assert tuple(row) == ("resting", "payment")


def reversal(**data: object) -> bytes:
    return json.dumps(
        {
            "type": "payment.reversed",
            "timestamp": "2026-11-22T15:00:00Z",
            "data": {"reference": "BM-1", "because": "transferencia devuelta"} | data,
        }
    ).encode()


async def test_a_payment_that_did_not_last_is_taken_back_once(
    bank: httpx2.AsyncClient, pool: asyncpg.Pool
) -> None:
    paid, back = payment(), reversal()
    assert (await tell(bank, paid, headers(paid)))[0] == 200
    heads = headers(back, "msg-2")
    done = {
        "new": True,
        "balance_minor": 123_450,
        "promises_reopened": 0,
        "leads_reopened": 1,
        "repeated": False,
    }
    assert await tell(bank, back, heads) == (200, done)
    assert await tell(bank, back, heads) == (200, done | {"repeated": True}), "the very same message"
    known = done | {"new": False, "balance_minor": None, "leads_reopened": 0}
    assert await tell(bank, back, headers(back, "msg-3")) == (200, known), "another message, the same payment"
    assert await pool.fetchval("SELECT balance_minor FROM debt") == 123_450
    assert await pool.fetchval("SELECT reversed_because FROM payment") == "transferencia devuelta"
    assert await pool.fetchval("SELECT state FROM lead") == "callable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reference": "BM-404"}, "unknown_payment"),
        ({"because": " "}, "invalid"),
        ({"because": ""}, "invalid"),
        ({"because": "x" * 501}, "invalid"),
        ({"amount_minor": 100}, "invalid"),
        ({"reference": "a\r\nAction: Command"}, "invalid"),
    ],
)
async def test_a_wrong_reversal_changes_nothing(
    bank: httpx2.AsyncClient, pool: asyncpg.Pool, change: dict[str, object], code: str
) -> None:
    paid = payment()
    assert (await tell(bank, paid, headers(paid)))[0] == 200
    body = reversal(**change)
    status, problem = await tell(bank, body, headers(body, "msg-2"))
    assert (status, problem["type"]) == (422, code)
    assert await pool.fetchval("SELECT balance_minor FROM debt") == 100_000


async def test_while_the_secret_is_changed_both_are_good(bank: httpx2.AsyncClient) -> None:
    body = payment()
    heads = headers(body, key=OLD_KEY)
    heads["webhook-signature"] = "v1,AAAA " + heads["webhook-signature"]
    assert (await tell(bank, body, heads))[0] == 200


async def test_what_is_not_signed_by_us_or_not_of_now_is_refused(
    bank: httpx2.AsyncClient, pool: asyncpg.Pool
) -> None:
    body = payment()
    good = headers(body)
    bad: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, headers(body, key=bytes(32))),
        (body + b" ", good),
        (body, good | {"webhook-id": "msg-9"}),
        (body, good | {"webhook-id": ""}),
        (body, good | {"webhook-timestamp": "1e9"}),
        (body, good | {"webhook-signature": good["webhook-signature"].removeprefix("v1,")}),
        (body, headers(body, age_s=301)),
        (body, headers(body, age_s=-310)),
    ]
    for content, heads in bad:
        status, problem = await tell(bank, content, heads)
        assert (status, problem["type"]) == (401, "bad_signature"), heads
    assert await pool.fetchval("SELECT count(*) FROM payment") == 0
    assert await pool.fetchval("SELECT count(*) FROM webhook_delivery") == 0


async def test_an_id_is_one_messages(bank: httpx2.AsyncClient, pool: asyncpg.Pool) -> None:
    body, other = payment(), payment(reference="BM-2")
    assert (await tell(bank, body, headers(body)))[0] == 200
    status, problem = await tell(bank, other, headers(other))
    assert (status, problem["type"]) == (409, "id_reused")
    assert await pool.fetchval("SELECT count(*) FROM payment") == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"debt": "D-404"}, "unknown_debtor"),
        ({"person": "C-404"}, "unknown_debtor"),
        ({"debt": None, "person": None}, "invalid"),
        ({"currency": "DOP"}, "wrong_currency"),
        ({"currency": "usd"}, "invalid"),
        ({"amount_minor": 0}, "invalid"),
        ({"amount_minor": "12"}, "invalid"),
        ({"amount_minor": 1.5}, "invalid"),
        ({"paid_at": "2999-01-01T00:00:00Z"}, "invalid"),
        ({"paid_at": "yesterday"}, "invalid"),
        ({"reference": "a\r\nAction: Command"}, "invalid"),
        ({"note": "unknown"}, "invalid"),
    ],
)
async def test_a_wrong_payment_says_what_is_wrong_and_may_be_mended(
    bank: httpx2.AsyncClient, pool: asyncpg.Pool, change: dict[str, object], code: str
) -> None:
    body = payment(**change)
    status, problem = await tell(bank, body, headers(body))
    assert (status, problem["type"]) == (422, code)
    assert problem["detail"]
    assert await pool.fetchval("SELECT count(*) FROM webhook_delivery") == 0
    mended = payment()
    assert (await tell(bank, mended, headers(mended)))[0] == 200


async def test_without_a_secret_no_webhook_is_taken(dsn: str, office: Office) -> None:
    async with serve(dsn) as api, httpx2.AsyncClient(base_url=api.url) as client:
        body = payment()
        status, problem = await tell(client, body, headers(body))
        assert (status, problem["type"]) == (404, "webhooks_off")


@pytest.mark.parametrize("secret", ["secret", "whsec_", "whsec_AAAA", "whsec_***", SECRETS + " x"])
def test_a_weak_or_malformed_secret_is_told_at_the_start(secret: str) -> None:
    settings = Settings.model_validate({"database_dsn": "postgresql://x", "webhook_secret": secret})
    with pytest.raises(BadInput, match="CADENCIA_WEBHOOK_SECRET"):
        create_app(settings)
