"""Who answered: a campaign's dials, what came of its verdicts, and the measure of their errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import orjson
import structlog
from fastapi import APIRouter, Header, Response

from dialer.api.auth import HEARS_RECORDINGS, Database, Supervisor
from dialer.api.campaigns import lock_campaign
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import AttemptId, RowId
from dialer.api.screening_schemas import (
    AttemptScreening,
    IntervalView,
    ScreeningPatch,
    ScreeningSettingsView,
    ScreeningView,
    TradeOffPoint,
    VerdictCount,
)
from dialer.domain.errors import BadInput
from dialer.domain.screening import SpokenText
from dialer.portfolio.messages import check_text
from dialer.screening import trade_off
from dialer.screening.control import Interval, abandon_rate, human_as_machine, share_of
from dialer.store.screening import COLUMNS, read_control, read_figures, read_screener, set_screening

log = structlog.get_logger()

router = APIRouter(tags=["screening"])

#: The control sample grows slowly: its interval is of so long.
CONTROL_SPAN = timedelta(days=30)


@router.get("/campaigns/{id}/screening")
async def read_screening(id: RowId, user: Supervisor, pool: Database) -> ScreeningView:
    """The dials, whether the screener listens, the verdicts of the last 24 hours and the control sample of 30 days."""
    row = await pool.fetchrow("SELECT * FROM campaign WHERE id = $1", id)
    if row is None:
        raise not_found("campaign", id)
    now = datetime.now(UTC)
    figures = await read_figures(pool, id, now - timedelta(hours=24))
    control = await read_control(pool, id, now - CONTROL_SPAN)
    up, reason, since = await read_screener(pool, row["agent_group_id"])
    lost = human_as_machine(control.persons, control.controls, control.ended, control.people)
    return ScreeningView(
        settings=ScreeningSettingsView(**{name: row[name] for name in COLUMNS}),
        has_sound=row["message_sound"] is not None,
        version=row["version"],
        screener_up=up,
        screener_reason=reason,
        screener_since=since,
        verdicts=[
            VerdictCount(
                **{
                    name: figure[name]
                    for name in ("label", "cause", "to_agent", "calls", "corrected", "messages")
                }
            )
            for figure in figures
        ],
        controls=control.controls,
        control_persons=control.persons,
        machines_ended=control.ended,
        machines_passed=control.passed,
        person_by_control=_interval(share_of(control.persons, control.controls)),
        human_as_machine=_interval(lost),
        abandon_rate=abandon_rate(
            control.abandoned, control.live, control.persons, control.controls, control.ended
        ),
        trade_off=[
            TradeOffPoint.model_validate(point, from_attributes=True) for point in trade_off.shipped()
        ],
    )


@router.patch("/campaigns/{id}/screening")
async def patch_screening(
    id: RowId,
    patch: ScreeningPatch,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> ScreeningView:
    """Change the dials of the version named by If-Match; they count from the next call on."""
    changes = patch.model_dump(mode="json", exclude_unset=True)
    changes = {name: value for name, value in changes.items() if value is not None or name.endswith("_text")}
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_campaign(connection, id, if_match)
        for kind in SpokenText:
            if text := changes.get(f"{kind}_text"):
                try:
                    check_text(kind, text, row["language"])
                except BadInput as error:
                    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_text", str(error)) from error
        if changes:
            await set_screening(connection, id, changes)
            told = {name: value for name, value in changes.items() if not name.endswith("_text")}
            log.info("screening_changed", user_id=user.me.id, campaign_id=id, **told)
    view = await read_screening(id, user, pool)
    response.headers["ETag"] = f'"{view.version}"'
    return view


@router.get("/attempts/{id}/screening", dependencies=[HEARS_RECORDINGS])
async def read_attempt_screening(id: AttemptId, pool: Database) -> AttemptScreening | None:
    """Who answered this call, and when that was known; null for a call that nobody listened to."""
    row = await pool.fetchrow(
        "SELECT v.*, a.answered_at FROM screening_verdict v JOIN attempt a ON a.id = v.attempt_id"
        " WHERE v.attempt_id = $1",
        id,
    )
    if row is None:
        return None
    features = orjson.loads(row["features"]) if row["features"] else {}
    names = set(AttemptScreening.model_fields) - {"features"}
    return AttemptScreening(**{name: row[name] for name in names}, features=features)


def _interval(interval: Interval) -> IntervalView:
    return IntervalView(share=interval.share, low=interval.low, high=interval.high)
