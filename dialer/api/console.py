"""The console's built files, served from the same origin as the API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from dialer.api.auth import ANYBODY

#: The build puts a hash of the content into these files' names: they never change.
_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"


def serve_console(folder: Path) -> APIRouter:
    """The files of `folder`. A path without a file or an ending is a screen of the console: index.html."""
    router = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=folder)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"], dependencies=[ANYBODY])
    async def read_console(path: str, request: Request) -> Response:
        if path.startswith("api/") or "\0" in path:
            raise HTTPException(404)
        try:
            response = await files.get_response(path or "index.html", request.scope)
        except HTTPException as error:
            if error.status_code != 404 or "." in path.rsplit("/", 1)[-1]:
                raise
            path = "index.html"
            response = await files.get_response(path, request.scope)
        response.headers["Cache-Control"] = _FOREVER if path.startswith(_HASHED) else "no-cache"
        return response

    return router
