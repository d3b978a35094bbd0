"""Messages from outside that prove who sent them: payments, and those that did not last, as the bank or the creditor
learns of them.

Signed as Standard Webhooks 1.0 says (standardwebhooks.com): `webhook-signature` holds, separated by spaces, `v1,` and
the base64 HMAC-SHA256 of `id.timestamp.body` under each secret in force. A message older or newer than TOLERANCE is
refused; the same message again, as senders repeat what was not answered, is answered as before and changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

import orjson
import structlog
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from dialer.api.auth import ANYBODY, Config, Database
from dialer.api.problems import ProblemError
from dialer.api.schemas import LINE, Wire
from dialer.domain.debtor import PaymentSource
from dialer.domain.dispositions import MAX_AMOUNT_MINOR
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.payments import MAX_BECAUSE, Payment, book_payments, find_debtor, reverse_payment

log = structlog.get_logger()

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

#: How far the sender's clock may be from ours, and how long a message is worth anything.
TOLERANCE = timedelta(minutes=5)
#: 192 to 512 bits, as the standard asks of a secret.
SECRET_BYTES = range(24, 65)
_PREFIX = "whsec_"


class PaymentData(Wire):
    """One payment. `debt` and `person` are the creditor's references; at least one, and both must agree."""

    reference: str = Field(min_length=1, max_length=100, pattern=LINE)
    debt: str | None = Field(default=None, min_length=1, max_length=200, pattern=LINE)
    person: str | None = Field(default=None, min_length=1, max_length=200, pattern=LINE)
    amount_minor: int = Field(ge=1, le=MAX_AMOUNT_MINOR, strict=True)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    paid_at: AwareDatetime


class PaymentReceived(Wire):
    """The body: what happened, when it was said, and the payment."""

    type: Literal["payment.received"]
    timestamp: AwareDatetime
    data: PaymentData


class ReversalData(Wire):
    """A payment that did not last: its reference, as it was booked, and why."""

    reference: str = Field(min_length=1, max_length=100, pattern=LINE)
    because: str = Field(min_length=1, max_length=MAX_BECAUSE, pattern=LINE)


class PaymentReversed(Wire):
    """The body: what happened, when it was said, and which payment it was."""

    type: Literal["payment.reversed"]
    timestamp: AwareDatetime
    data: ReversalData


class PaymentBooked(Wire):
    """What it changed. `repeated`: this very message was taken before; `new` false: its payment was known."""

    new: bool
    promises_kept: int
    leads_moved: int
    repeated: bool = False


class ReversalBooked(Wire):
    """What it changed. `balance_minor`: of the debt now, null when the payment was for none. `repeated`: this very
    message was taken before; `new` false: its payment had been taken back."""

    new: bool
    balance_minor: int | None
    promises_reopened: int
    leads_reopened: int
    repeated: bool = False


_MESSAGE: TypeAdapter[PaymentReceived | PaymentReversed] = TypeAdapter(
    Annotated[PaymentReceived | PaymentReversed, Field(discriminator="type")]
)


@router.post("/payments", dependencies=[ANYBODY])
async def post_payment(request: Request, settings: Config, pool: Database) -> PaymentBooked | ReversalBooked:
    """Book a signed payment, or take one back that did not last (`payment.reversed`).

    Whoever has paid is let go of at once: what rings for him is cancelled. What is taken back is owed again, its
    promises are open again and its leads called.
    """
    body = await request.body()
    id_ = check_signature(
        settings.webhook_secret.get_secret_value(),
        message_id=request.headers.get("webhook-id", ""),
        timestamp=request.headers.get("webhook-timestamp", ""),
        signatures=request.headers.get("webhook-signature", ""),
        body=body,
        now=datetime.now(UTC),
    )
    try:
        message = _MESSAGE.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", f"{where}: {first['msg']}") from None
    async with pool.acquire() as connection, connection.transaction():
        digest = hashlib.sha256(body).hexdigest()
        known = await _known(connection, id_, digest)
        if known is not None:
            return known
        match message:
            case PaymentReceived(data=payment):
                answer: PaymentBooked | ReversalBooked = await _book(connection, payment)
            case PaymentReversed(data=reversal):
                answer = await _take_back(connection, reversal)
        await connection.execute(
            "UPDATE webhook_delivery SET answer = $2::text::jsonb WHERE id = $1",
            id_,
            answer.model_dump_json(),
        )
    log.info(message.type.replace(".", "_"), webhook_id=id_, **answer.model_dump())
    return answer


async def _known(connection: Connection, id_: str, digest: str) -> PaymentBooked | ReversalBooked | None:
    """The answer given before to this message; else it is entered as taken. A message under way is waited for."""
    entered = await connection.fetchval(
        "INSERT INTO webhook_delivery (id, body_sha256, answer, received_at) VALUES ($1, $2, '{}', now())"
        " ON CONFLICT (id) DO NOTHING RETURNING id",
        id_,
        digest,
    )
    if entered is not None:
        return None
    row = await connection.fetchrow("SELECT body_sha256, answer FROM webhook_delivery WHERE id = $1", id_)
    assert row is not None
    if not hmac.compare_digest(row["body_sha256"], digest):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "id_reused",
            "this webhook-id came with another body: give each message its own",
        )
    answer = orjson.loads(row["answer"]) | {"repeated": True}
    kind = ReversalBooked if "leads_reopened" in answer else PaymentBooked
    return kind.model_validate(answer)


async def _book(connection: Connection, data: PaymentData) -> PaymentBooked:
    if data.debt is None and data.person is None:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "say the debt or the person")
    now = datetime.now(UTC)
    if data.paid_at > now + timedelta(days=1):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "paid_at lies in the future")
    try:
        person_id, debt_id, currency = await find_debtor(connection, data.debt, data.person)
    except BadInput as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_debtor", str(error)) from None
    if debt_id is not None and currency != data.currency:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "wrong_currency",
            f"the debt is in {currency}, not {data.currency}",
        )
    payment = Payment(person_id, debt_id, data.reference, data.amount_minor, data.currency, data.paid_at)
    booked = await book_payments(connection, [payment], PaymentSource.WEBHOOK, now)
    return PaymentBooked(new=booked.new == 1, promises_kept=booked.kept, leads_moved=booked.moved)


async def _take_back(connection: Connection, data: ReversalData) -> ReversalBooked:
    known = await connection.fetchrow(
        "SELECT reversed_at FROM payment WHERE external_ref = $1 FOR UPDATE", data.reference
    )
    if known is None:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_payment", f"there is no payment {data.reference!r}"
        )
    if known["reversed_at"] is not None:
        return ReversalBooked(new=False, balance_minor=None, promises_reopened=0, leads_reopened=0)
    try:
        done = await reverse_payment(connection, data.reference, data.because, datetime.now(UTC))
    except BadInput as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", str(error)) from None
    return ReversalBooked(
        new=True,
        balance_minor=done.balance_minor,
        promises_reopened=done.promises_reopened,
        leads_reopened=done.leads_reopened,
    )


def check_signature(
    secrets: str, *, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime
) -> str:
    """The message's id, when one of `secrets` (separated by spaces) signed it and it is of now.

    Raises ProblemError: 404 without a secret (senders repeat what was not taken), 401 when it is not signed by us or
    not of now.
    """
    keys = read_secrets(secrets)
    if not keys:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "webhooks_off", "set CADENCIA_WEBHOOK_SECRET to take webhooks"
        )
    if not (0 < len(message_id) <= 200 and message_id.isascii() and message_id.isprintable()):
        raise _unsigned("webhook-id is missing or malformed")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _unsigned("webhook-timestamp is missing or not in seconds")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise _unsigned("webhook-timestamp is too far from now: sign again, or set the clock right")
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = [sign(key, signed) for key in keys]
    given = [part.encode("utf-8", "replace") for part in signatures.split(" ")[:8]]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
        raise _unsigned("webhook-signature is not ours")
    return message_id


def sign(key: bytes, signed: bytes) -> bytes:
    """`v1,` and the signature of `id.timestamp.body`."""
    return b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))


def read_secrets(text: str) -> list[bytes]:
    """The keys behind `whsec_<base64>`, separated by spaces. Raises BadInput on one that is no such thing."""
    keys = []
    for part in text.split():
        try:
            key = base64.b64decode(part.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not part.startswith(_PREFIX) or len(key) not in SECRET_BYTES:
            raise BadInput(
                "CADENCIA_WEBHOOK_SECRET: write whsec_ and 24 to 64 bytes in base64 "
                "(python -c \"import base64, secrets; print('whsec_' + base64.b64encode("
                'secrets.token_bytes(32)).decode())")'
            )
        keys.append(key)
    return keys


def _unsigned(why: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, "bad_signature", why)
