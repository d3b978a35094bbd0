"""Errors as RFC 9457 problem details: every answer that is not a success, whoever found the fault."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import asyncpg
import structlog
from fastapi import FastAPI, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from dialer.api.schemas import Problem
from dialer.store.database import CONNECTION_ERRORS

MEDIA_TYPE = "application/problem+json"
#: Mistakes listed in one answer; more help nobody.
_MISTAKES_SHOWN = 5

log = structlog.get_logger()


class ProblemError(Exception):
    """A request that is answered with a problem. `code` is stable and the console has words for it."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers

    def answer(self) -> Response:
        problem = Problem(type=self.code, title=self.status.phrase, status=self.status, detail=self.detail)
        return Response(problem.model_dump_json(), self.status, self.headers, MEDIA_TYPE)


def not_found(what: str, id_: object) -> ProblemError:
    """The same answer for what is not there and for what is not yours."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", f"there is no {what} {id_}")


def _http_problem(connection: HTTPConnection, error: HTTPException) -> ProblemError:
    status = HTTPStatus(error.status_code)
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {connection.url.path}",
        HTTPStatus.METHOD_NOT_ALLOWED: "this method is not possible here",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
    }.get(status, str(error.detail))
    return ProblemError(status, status.name.lower(), detail, error.headers)


def _validation_problem(error: RequestValidationError) -> ProblemError:
    """Names the fields and what they lack, never what was sent: it may be a password."""
    mistakes = error.errors()
    said = "; ".join(f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in mistakes[:_MISTAKES_SHOWN])
    if len(mistakes) > _MISTAKES_SHOWN:
        said += f"; and {len(mistakes) - _MISTAKES_SHOWN} more"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", said)


def _database_problem(connection: HTTPConnection, error: Exception) -> ProblemError:
    log.error("database_unreachable", path=connection.url.path, error=repr(error))
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database_unreachable",
        "the database does not answer; try again in a moment",
        {"Retry-After": "2"},
    )


async def _answer(connection: HTTPConnection, error: Exception) -> Response:
    match error:
        case ProblemError():
            problem = error
        case HTTPException():
            problem = _http_problem(connection, error)
        case RequestValidationError():
            problem = _validation_problem(error)
        case _ if isinstance(error, _NO_DATABASE):
            problem = _database_problem(connection, error)
        case _:
            # The server logs the traceback itself: Starlette raises the error again after this answer.
            problem = ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "something broke here; the log has the details"
            )
    response = problem.answer()
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(response)
    return response


# OSError itself would take in every file that can't be read.
_NO_DATABASE = (
    ConnectionError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections just now
    *(error for error in CONNECTION_ERRORS if error is not OSError),
)


def install_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    for error in (ProblemError, HTTPException, RequestValidationError, *_NO_DATABASE, Exception):
        app.add_exception_handler(error, _answer)
