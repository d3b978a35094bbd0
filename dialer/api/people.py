"""Persons: searched, opened (which the log tells), and what a supervisor decides in their cases."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query

from dialer.api.auth import Database, Supervisor
from dialer.api.people_schemas import (
    AddressView,
    DebtView,
    DisputeAnswer,
    EntryView,
    FoundPerson,
    NewNote,
    NumberView,
    PersonLeadView,
    PersonView,
    Reason,
)
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import LINE, RowId
from dialer.domain.debtor import DisputeState
from dialer.domain.errors import BadInput
from dialer.store.payments import resolve_dispute, withdraw_promise
from dialer.store.people import Person, add_note, lift_do_not_call, read_person, search_people

log = structlog.get_logger()

router = APIRouter(tags=["people"])

Asked = Annotated[str, Query(alias="q", min_length=1, max_length=100, pattern=LINE)]


@router.get("/people")
async def find_people(user: Supervisor, pool: Database, q: Asked) -> list[FoundPerson]:
    """Persons by words of the name or their beginnings, a number or its last digits, or a whole reference."""
    async with pool.acquire() as connection:
        try:
            found = await search_people(connection, q)
        except BadInput as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_search", str(error)) from error
    log.info("people_searched", user_id=user.me.id, found=len(found))
    return [
        FoundPerson(
            id=each.id,
            external_ref=each.external_ref,
            full_name=each.full_name,
            numbers=(each.numbers or "").split(),
            creditors=each.creditors,
        )
        for each in found
    ]


@router.get("/people/{id}")
async def read_one_person(id: RowId, user: Supervisor, pool: Database) -> PersonView:
    """All that is known of a person. Who opened whom is in the log."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        person = await read_person(connection, id)
    if person is None:
        raise not_found("person", id)
    log.info("person_opened", user_id=user.me.id, person_id=id)
    return _show(person)


@router.post("/people/{id}/notes", status_code=HTTPStatus.NO_CONTENT)
async def post_note(id: RowId, note: NewNote, user: Supervisor, pool: Database) -> None:
    """Write a note on a person."""
    async with pool.acquire() as connection:
        try:
            await add_note(connection, id, note.body, user_id=user.me.id)
        except BadInput as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", str(error)) from error
        except LookupError:
            raise not_found("person", id) from None


@router.post("/people/{id}/lift-do-not-call", status_code=HTTPStatus.NO_CONTENT)
async def lift_ban(id: RowId, reason: Reason, user: Supervisor, pool: Database) -> None:
    """The person asked to be called again; `because` is the proof, kept as a consent of his."""
    async with pool.acquire() as connection:
        try:
            leads = await lift_do_not_call(
                connection, id, reason.because, user_id=user.me.id, at=datetime.now(UTC)
            )
        except BadInput as error:
            raise _conflict(error) from error
    log.info("do_not_call_lifted", user_id=user.me.id, person_id=id, leads=leads)


@router.post("/disputes/{id}/resolve", status_code=HTTPStatus.NO_CONTENT)
async def answer_dispute(id: RowId, answer: DisputeAnswer, user: Supervisor, pool: Database) -> None:
    """Answer an open dispute; 409 when it is not open."""
    async with pool.acquire() as connection:
        try:
            await resolve_dispute(
                connection,
                id,
                DisputeState(answer.state),
                answer.because,
                user_id=user.me.id,
                at=datetime.now(UTC),
            )
        except BadInput as error:
            raise _conflict(error) from error
    log.info("dispute_resolved", user_id=user.me.id, dispute_id=id, state=answer.state)


@router.post("/promises/{id}/withdraw", status_code=HTTPStatus.NO_CONTENT)
async def take_promise_back(id: RowId, user: Supervisor, pool: Database) -> None:
    """Take an open promise back, with the rest of its plan; 409 when it is not open."""
    async with pool.acquire() as connection:
        try:
            await withdraw_promise(connection, id, datetime.now(UTC))
        except BadInput as error:
            raise _conflict(error) from error
    log.info("promise_withdrawn", user_id=user.me.id, promise_id=id)


def _conflict(error: BadInput) -> ProblemError:
    return ProblemError(HTTPStatus.CONFLICT, "not_open", str(error))


def _show(person: Person) -> PersonView:
    story = person.story
    return PersonView(
        id=story.id,
        external_ref=story.external_ref,
        full_name=story.full_name,
        language=story.language,
        time_zone=story.time_zone,
        do_not_call=story.do_not_call,
        numbers=[NumberView.model_validate(each) for each in story.numbers],
        debts=[DebtView.model_validate(each) for each in person.debts],
        leads=[PersonLeadView.model_validate(each) for each in person.leads],
        addresses=[AddressView.model_validate(each) for each in person.addresses],
        entries=[EntryView.model_validate(each) for each in story.entries],
    )
