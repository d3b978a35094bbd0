"""Who works in which agent group, and agents who are sent to another."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

import structlog
from fastapi import APIRouter

from dialer.api.auth import Database, Supervisor
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId, RowNumber
from dialer.api.wire import Wire
from dialer.domain.agent import AgentState
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.teams import move_agent, read_groups, read_moves, read_team

log = structlog.get_logger()

router = APIRouter(prefix="/team", tags=["team"])

#: Moves that are shown.
MOVES_SHOWN = 30


class GroupView(Wire):
    id: int
    name: str


class TeamAgentView(Wire):
    """An agent, his group, and the one he goes over to when his call is over."""

    id: int
    login: str
    name: str
    group_id: int
    group_name: str
    state: AgentState
    moving_to: str | None


class AgentMoveView(Wire):
    """Who went from where to where; `user_name` null: by command; `done_at` null: when his call is over."""

    id: int
    agent_name: str
    agent_login: str
    from_group: str
    to_group: str
    user_name: str | None
    asked_at: datetime
    done_at: datetime | None


class TeamView(Wire):
    groups: list[GroupView]
    agents: list[TeamAgentView]
    #: The newest first.
    moves: list[AgentMoveView]


class MoveRequest(Wire):
    """The group to go to; his own takes back a move that waits for the end of a call."""

    group_id: RowNumber


@router.get("")
async def read_whole_team(user: Supervisor, pool: Database) -> TeamView:
    """All agents with their groups, and who went where lately."""
    async with pool.acquire() as connection:
        return await _show(connection)


@router.post("/agents/{id}/move")
async def move_one_agent(id: RowId, wanted: MoveRequest, user: Supervisor, pool: Database) -> TeamView:
    """Send an agent to another group, at once or, when he is in a call, after it; his phone connects anew there."""
    async with pool.acquire() as connection:
        try:
            async with connection.transaction():
                now_there = await move_agent(connection, id, wanted.group_id, user_id=user.me.id)
        except LookupError:
            raise not_found("agent", id) from None
        except BadInput as error:
            raise ProblemError(HTTPStatus.CONFLICT, "not_moved", str(error)) from error
        log.info("agent_moved", user_id=user.me.id, agent_id=id, group_id=wanted.group_id, now=now_there)
        return await _show(connection)


async def _show(connection: Connection) -> TeamView:
    return TeamView(
        groups=[GroupView.model_validate(each) for each in await read_groups(connection)],
        agents=[TeamAgentView.model_validate(each) for each in await read_team(connection)],
        moves=[AgentMoveView.model_validate(each) for each in await read_moves(connection, MOVES_SHOWN)],
    )
