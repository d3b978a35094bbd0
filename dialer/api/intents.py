"""What agents ask of the shard: stored, announced, answered by the live view when it is carried out."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from fastapi import APIRouter

from dialer.api.auth import Agent, Database
from dialer.api.problems import ProblemError
from dialer.api.schemas import Dispose, DispositionDetails, IntentAccepted, IntentRequest
from dialer.domain.dispositions import Details, Instalment, check_details
from dialer.domain.errors import Refused
from dialer.domain.outcomes import Effect

router = APIRouter(prefix="/intents", tags=["intents"])


@router.post("", status_code=HTTPStatus.ACCEPTED)
async def post_intent(request: IntentRequest, user: Agent, pool: Database) -> IntentAccepted:
    """Store the wish. The same key again is the same intent, however often it is clicked or sent."""
    data = request.intent.model_dump(mode="json", exclude={"type"})
    if isinstance(request.intent, Dispose):
        await _check_details(pool, request.intent)
        if request.intent.details is None:
            del data["details"]
    return await store_intent(
        pool,
        shard_id=user.group_id,
        user_id=user.me.id,
        key=request.key,
        type_=request.intent.type,
        data=data,
    )


async def _check_details(pool: asyncpg.Pool, wish: Dispose) -> None:
    """Tell at once what is missing in a result, with its name. What else is wrong with the wish, the shard says."""
    row = await pool.fetchrow(
        """
        SELECT disposition.effect, coalesce(person.time_zone, 'UTC') AS time_zone
        FROM attempt
        JOIN person ON person.id = attempt.person_id
        JOIN disposition ON disposition.campaign_id = attempt.campaign_id AND disposition.code = $2
        WHERE attempt.id = $1
        """,
        wish.attempt_id,
        wish.disposition,
    )
    if row is None:
        return
    given = wish.details or DispositionDetails()
    details = Details(
        **given.model_dump(exclude={"instalments"}),
        instalments=tuple(Instalment(part.amount_minor, part.due_on) for part in given.instalments),
    )
    try:
        check_details(Effect(row["effect"]), details, today=datetime.now(ZoneInfo(row["time_zone"])).date())
    except Refused as refusal:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, refusal.code, str(refusal)) from None


async def store_intent(
    pool: asyncpg.Pool, *, shard_id: int, user_id: int, key: str, type_: str, data: dict[str, object]
) -> IntentAccepted:
    """One row per (user, key), and a word to the shard. Raises ProblemError when the key meant something else."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            """
            INSERT INTO intent (shard_id, user_id, key, type, data) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (user_id, key) DO UPDATE SET key = excluded.key
            RETURNING id, type, data = $5 AS same_data, xmax = 0 AS is_new
            """,
            shard_id,
            user_id,
            key,
            type_,
            orjson.dumps(data).decode(),
        )
        assert row is not None
        if row["type"] != type_ or not row["same_data"]:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "key_reused",
                "this key was sent with another intent; make a new key for each",
            )
        if row["is_new"]:
            await connection.execute("SELECT pg_notify('cadencia_intent', $1)", str(shard_id))
    return IntentAccepted(id=row["id"])
