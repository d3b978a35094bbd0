"""Whatever is sent, the API answers as its description says: schemathesis over every operation."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import schemathesis
from api_harness import T0, add_attempt, furnish, serve
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dialer.api.app import create_app
from dialer.api.openapi import describe
from dialer.recording.layout import recording_path

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
SETTINGS = settings(
    max_examples=8,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def fuzz(
    description: dict[str, Any], url: str, cookie: str, known: dict[str, object]
) -> tuple[Counter[int], list[str]]:
    """Send good and bad requests for every operation: the answers' statuses, and what was wrong with them.

    `known` gives, per noun, an id that exists; half of the requests are about that.
    """
    api = schemathesis.openapi.from_dict(description)
    headers = {"Cookie": f"cadencia={cookie}", "X-Cadencia-Request": "1"}
    statuses: Counter[int] = Counter()
    wrong: list[str] = []

    def send(case: schemathesis.Case) -> None:
        noun = case.path.split("/")[3] if case.path.count("/") > 2 else ""
        if noun in known and "id" in case.path_parameters and sum(statuses.values()) % 2:
            case.path_parameters["id"] = known[noun]
        answer = case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)
        statuses[answer.status_code] += 1

    for result in api.get_all_operations():
        operation = result.ok()
        if operation.label == "DELETE /api/v1/session":
            continue  # it would log us out of the rest
        for mode in GenerationMode:
            generated = seed(20261121)(
                SETTINGS(given(case=operation.as_strategy(generation_mode=mode))(send))
            )
            try:
                generated()
            except Unsatisfiable:
                continue  # nothing can be wrong with a request that has no parts
            except (AssertionError, BaseExceptionGroup) as error:
                wrong.append(f"{operation.label} ({mode}): {getattr(error, 'exceptions', error)}")
    return statuses, wrong


@pytest.mark.parametrize(
    ("role", "least"),
    [("agent", {200: 5, 202: 4, 422: 10}), ("supervisor", {200: 20, 202: 2, 404: 10, 422: 20})],
)
async def test_no_request_breaks_the_description(
    dsn: str, pool: asyncpg.Pool, tmp_path: Path, role: str, least: dict[int, int]
) -> None:
    office = await furnish(pool)
    attempt = await add_attempt(pool, office, 1, at=T0)
    recording = await pool.fetchval(
        "INSERT INTO recording (attempt_id, path, duration_ms, bytes, sha256, peaks, started_at)"
        " VALUES ($1, $2, 1000, 9, '00', '\\x0102', $3) RETURNING id",
        attempt,
        recording_path(attempt, T0),  # type: ignore[arg-type]
        T0,
    )
    known = {
        "campaigns": office.campaign_id,
        "attempts": attempt,
        "recordings": recording,
        "leads": office.lead_id,
        "people": office.person_id,
        "scripts": await pool.fetchval("SELECT id FROM script_version"),
        "segments": await pool.fetchval("SELECT id FROM segment"),
    }
    async with serve(dsn, recordings_dir=tmp_path, uploads_dir=tmp_path) as api, api.client(role) as client:
        description = describe(create_app(api.settings))
        token = client.cookies["cadencia"]
        statuses, wrong = await asyncio.to_thread(fuzz, description, api.url, token, known)
    assert wrong == []
    # The requests were understood, not only turned away.
    assert {status: n for status, n in least.items() if statuses[status] < n} == {}
