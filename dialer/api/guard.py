"""What every request meets before any route, and every answer on its way out: size, origin, security headers."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from dialer.api.importer import MAX_UPLOAD_BYTES
from dialer.api.problems import ProblemError
from dialer.config import Settings

#: The largest body we accept is a disposition with its note: 4,000 characters, escaped.
MAX_BODY_BYTES = 64 * 1024
#: Where whole files are brought, and how large they may be.
FILES = "/api/v1/imports"
#: A header of our own can't be set by a form or a link of another site: it proves that a script of ours asked.
PROOF_HEADER = "x-cadencia-request"
#: Messages that carry a signature instead: no browser can be made to send them.
SIGNED = "/api/webhooks/"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.public_origin = settings.public_origin
        self.headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if not self._own_origin(scope, Headers(scope=scope)):
                problem = _foreign()
                await WebSocket(scope, receive, send).send_denial_response(problem.answer())
                return
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._handle_http(scope, receive, self._add_headers(send, scope["path"]))
        else:
            await self.app(scope, receive, send)

    async def _handle_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            length = headers.get("content-length", "")
            limit = MAX_UPLOAD_BYTES if _is_file(scope) else MAX_BODY_BYTES
            if length.isdigit() and int(length) > limit:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"send at most {limit} bytes"
                )
            if scope["method"] not in _SAFE_METHODS:
                if not self._own_origin(scope, headers):
                    raise _foreign()
                if headers.get(PROOF_HEADER) != "1" and not scope["path"].startswith(SIGNED):
                    raise ProblemError(
                        HTTPStatus.FORBIDDEN,
                        "header_missing",
                        "send the header X-Cadencia-Request: 1 with this method",
                    )
        except ProblemError as problem:
            await problem.answer()(scope, receive, send)
            return
        await self.app(scope, _count(receive, limit), send)

    def _own_origin(self, scope: Scope, headers: Headers) -> bool:
        """A browser always names the page's origin here; a program that is none may leave it out."""
        origin = headers.get("origin")
        if origin is None:
            return True
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        return origin == (self.public_origin or f"{scheme}://{headers.get('host', '')}")

    def _add_headers(self, send: Send, path: str) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if path.startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        return send_with_headers


def security_headers(settings: Settings) -> dict[str, str]:
    """No script but our own files, no frame, no guessing of types; the microphone for us alone."""
    origin = urlsplit(settings.sip_socket_url)
    connect = f"'self' {origin.scheme}://{origin.netloc}" if origin.netloc else "'self'"
    policy = {
        "default-src": "'self'",
        "script-src": "'self'",
        # The component library sets style attributes and style elements at run time.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
        "connect-src": connect,
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    }
    if settings.public_origin and settings.public_origin.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def _foreign() -> ProblemError:
    return ProblemError(
        HTTPStatus.FORBIDDEN,
        "foreign_origin",
        "the page that asks is not ours; behind a proxy set CADENCIA_PUBLIC_ORIGIN to the address browsers use",
    )


def _is_file(scope: Scope) -> bool:
    return bool(scope["method"] == "POST" and scope["path"] == FILES)


def _count(receive: Receive, limit: int) -> Receive:
    """A body in chunks announces no length: it is cut off when it grows too large."""
    size = 0

    async def receive_counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return receive_counted
