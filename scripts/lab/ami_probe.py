"""A bare AMI connection that keeps every byte: the tests' own eyes, and the recorder of transcripts.

It parses as little as it can and shares no code with the dialer's client, so that the two can disagree.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

Message = dict[str, str]
"""Headers of one message; of a repeated header the last value."""


class AmiProbe:
    """An AMI session on 127.0.0.1; `transcript` is all that came."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self.transcript = b""
        self.events: list[Message] = []
        self._login = (("Username", user), ("Secret", secret))
        self._port = port
        self._responses: dict[str, Message] = {}
        self._news = asyncio.Condition()
        self._actions = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.transcript = await self._reader.readline()
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._reading = self._group.create_task(self._read())
        response = await self.do("Login", *self._login)
        if response.get("Response") != "Success":
            await self.__aexit__(None, None, None)
            raise PermissionError(response.get("Message", "login refused"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        self._writer.close()
        await self._group.__aexit__(None, None, None)

    async def do(self, action: str, *headers: tuple[str, str], timeout_s: float = 5, **more: str) -> Message:
        """Send an action and give its response."""
        self._actions += 1
        action_id = f"probe-{self._actions}"
        lines = [("Action", action), ("ActionID", action_id), *headers, *more.items()]
        self._writer.write(("".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n").encode())
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: action_id in self._responses), timeout_s)
        return self._responses[action_id]

    async def wait(self, event: str, *, timeout_s: float = 10, since: int = 0, **fields: str) -> Message:
        """The first event of this name with these fields, among those already seen or still to come."""

        def matches(message: Message) -> bool:
            return message["Event"] == event and all(
                message.get(name) == value for name, value in fields.items()
            )

        return await self.first(matches, timeout_s=timeout_s, since=since)

    async def first(
        self, matches: Callable[[Message], bool], *, timeout_s: float = 10, since: int = 0
    ) -> Message:
        """The first event from number `since` on for which `matches` is true."""

        def found() -> Message | None:
            return next((message for message in self.events[since:] if matches(message)), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() is not None), timeout_s)
            except TimeoutError:
                seen = "\n".join(str(message) for message in self.events[since:])
                raise TimeoutError(f"no such event in {timeout_s} s; seen:\n{seen}") from None
        event = found()
        assert event is not None
        return event

    async def _read(self) -> None:
        while True:
            try:
                block = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            self.transcript += block
            message = dict(line.partition(": ")[::2] for line in block.decode().split("\r\n") if line)
            async with self._news:
                # OriginateResponse is an event that also has a header named Response.
                if "Event" in message:
                    self.events.append(message)
                else:
                    self._responses[message.get("ActionID", "")] = message
                self._news.notify_all()
