"""A person at the API, without a browser: logs in, sends intents, follows the live view."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from lab.errors import LabError, SessionOver


class Client:
    """One logged-in session. An async context manager."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self.url = url
        self._login, self._password = login, password
        self._http = httpx2.AsyncClient(
            base_url=f"{url}/api/v1", headers={"X-Cadencia-Request": "1"}, trust_env=False, timeout=20
        )
        self.me: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        try:
            self.me = await self.post("/session", {"login": self._login, "password": self._password})
        except BaseException:
            await self._http.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Any:
        return _answer(await self._http.get(path))

    async def post(self, path: str, body: object = None) -> Any:
        return _answer(await self._http.post(path, json=body if body is not None else {}))

    async def lines(self, path: str, body: object) -> AsyncIterator[dict[str, Any]]:
        """Of an answer that comes line by line (NDJSON), each as it comes."""
        async with self._http.stream("POST", path, json=body) as response:
            if response.status_code >= 400:
                await response.aread()
                _answer(response)
            async for line in response.aiter_lines():
                yield json.loads(line)

    async def patch(self, path: str, body: object, version: int) -> Any:
        return _answer(await self._http.patch(path, json=body, headers={"If-Match": str(version)}))

    async def raw(self, path: str, **headers: str) -> httpx2.Response:
        return await self._http.get(path, headers=headers)

    async def wish(self, kind: str, **data: object) -> int:
        """Send an agent's intent; its id. Whether it was done, the live view tells."""
        key = secrets.token_hex(12)
        accepted = await self.post("/intents", {"key": key, "intent": {"type": kind, **data}})
        return int(accepted["id"])

    async def live(self) -> AsyncIterator[dict[str, Any]]:
        """The live messages, the snapshot first; ends when the socket does. Raises SessionOver when the log-in holds no
        more, ConnectionError while the API is not up."""
        cookies = "; ".join(f"{c.name}={c.value}" for c in self._http.cookies.jar)
        address = self.url.replace("http", "ws", 1) + "/api/v1/live"
        try:
            async with connect(
                address,
                additional_headers={"Cookie": cookies},
                origin=Origin(self.url),
                proxy=None,
                max_size=None,
            ) as socket:
                async for text in socket:
                    yield json.loads(text)
        except InvalidStatus as refused:
            if refused.response.status_code == HTTPStatus.UNAUTHORIZED:
                raise SessionOver("the live view: there is no valid session any more") from None
            raise ConnectionError(str(refused)) from None


def _answer(response: httpx2.Response) -> Any:
    if response.status_code >= 400:
        raise LabError(f"{response.request.method} {response.request.url.path}: {response.text}")
    return response.json() if response.content else None


async def until_campaign(client: Client, campaign_id: int, *states: str, within_s: float = 60) -> None:
    """Wait until the campaign is in one of these states. Raises LabError when it does not get there."""
    try:
        async with asyncio.timeout(within_s):
            while (await client.get(f"/campaigns/{campaign_id}"))["state"] not in states:
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise LabError(
            f"campaign {campaign_id} was not {' or '.join(states)} within {within_s:g} s"
        ) from None
