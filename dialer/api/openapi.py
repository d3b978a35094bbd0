"""The API's description, from which the console's types are made: `python -m dialer.api.openapi`."""

from __future__ import annotations

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from dialer.api.live_schemas import Delta, Resync, Snapshot
from dialer.api.pacing_schemas import ForecastLine
from dialer.api.problems import MEDIA_TYPE
from dialer.api.schemas import Problem

_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of every route, with the live socket's messages among the components."""
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, live = models_json_schema(
        [
            (Snapshot, "serialization"),
            (Delta, "serialization"),
            (Problem, "serialization"),
            (ForecastLine, "serialization"),
            (Resync, "validation"),
        ],
        ref_template=_REF,
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components.update(live["$defs"])
    # FastAPI's own shape of a validation error is none of ours: we answer with a Problem.
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    problem = {
        "description": "What went wrong (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = problem
            operation["responses"]["5XX"] = problem
    components_ordered = dict(sorted(components.items()))
    schema["components"]["schemas"] = components_ordered
    return schema


def main() -> None:
    from dialer.api.app import create_app
    from dialer.config import Settings

    json.dump(describe(create_app(Settings())), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
