"""The API's description: what the console's types are made from, without a database."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from fastapi import FastAPI

from dialer.api.app import create_app
from dialer.api.auth import PERMISSIONS, Permission, route_permissions
from dialer.api.openapi import describe
from dialer.config import Settings


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    return describe(create_app(Settings()))


def operations(schema: dict) -> list[dict]:
    return [operation for path in schema["paths"].values() for operation in path.values()]


def test_it_prints_as_json() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "dialer.api.openapi"], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(printed)["openapi"].startswith("3.1")


def test_operations_are_named_verb_noun_once(schema: dict) -> None:
    names = [operation["operationId"] for operation in operations(schema)]
    assert len(names) == len(set(names))
    verbs = (
        "open|read|close|mint|post|list|patch|start|pause|stop|undo|forecast|find|lift|answer|take|put|add|count"
        "|check|publish|diff|drop|load|delete|preview|move"
    )
    assert [name for name in names if not re.fullmatch(rf"({verbs})[A-Z][A-Za-z]+", name)] == []


def test_every_error_is_a_problem(schema: dict) -> None:
    for operation in operations(schema):
        assert "422" not in operation["responses"]
        for status in ("4XX", "5XX"):
            content = operation["responses"][status]["content"]
            assert content == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }


def test_live_messages_and_all_they_refer_to_are_components(schema: dict) -> None:
    components = schema["components"]["schemas"]
    assert {"Snapshot", "Delta", "Resync", "CallCard", "IntentChange", "Problem"} <= components.keys()
    assert "HTTPValidationError" not in components
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert referred <= components.keys()


def test_every_permission_is_somebody_s_and_some_route_s() -> None:
    needed = {permission for _, _, permission in route_permissions(create_app(Settings())) if permission}
    held = {permission for role in PERMISSIONS.values() for permission in role}
    assert needed == held == set(Permission)


def test_only_logging_in_health_and_the_console_are_open(tmp_path: object) -> None:
    app = create_app(Settings.model_validate({"console_dir": tmp_path}))
    public = {
        (path, *sorted(methods)) for methods, path, allowed in route_permissions(app) if allowed is None
    }
    assert public == {
        ("/api/v1/session", "POST"),
        ("/api/webhooks/payments", "POST"),  # signed
        ("/healthz", "GET"),
        ("/readyz", "GET"),
        ("/{path:path}", "GET", "HEAD"),
    }


@pytest.mark.parametrize("mount", [False, True])
def test_a_route_without_a_permission_is_found(mount: bool) -> None:
    app = create_app(Settings())
    if mount:
        app.mount("/files", FastAPI())
    else:
        app.add_api_route("/api/v1/forgotten", lambda: None)
    with pytest.raises(
        LookupError, match=r"/files names no permission|/api/v1/forgotten names 0 permissions"
    ):
        list(route_permissions(app))
