"""The bare script that the dialer is measured against: it sends the same Originates and counts events, no more.

Takes one JSON object on standard input (`port, user, secret, trunk, rate, numbers`), dials every number once at `rate`
calls a second, waits for the last Hangup and prints what it counted as JSON. It keeps nothing and decides nothing, so
what it costs is what Asterisk's manager interface costs a Python program in any case.
"""

import asyncio
import contextlib
import json
import re
import secrets
import sys
import time
from collections import Counter

EVENT = re.compile(rb"^Event: (\w+)\r\n", re.MULTILINE)
#: After the last Originate, how long the last calls may take.
LAST_CALLS_S = 60.0


async def dial(wanted: dict[str, object]) -> dict[str, object]:
    numbers = [str(n) for n in wanted["numbers"]]  # type: ignore[attr-defined]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(wanted["port"])))
    writer.write(
        f"Action: Login\r\nUsername: {wanted['user']}\r\nSecret: {wanted['secret']}\r\n"
        "Events: system,call,user\r\n\r\n".encode()
    )
    counted: Counter[str] = Counter()
    ended = asyncio.Event()

    async def count() -> None:
        rest = b""
        while data := await reader.read(65536):
            rest += data
            whole, mark, rest = rest.rpartition(b"\r\n\r\n")
            counted.update(name.decode() for name in EVENT.findall(whole + mark))
            if counted["Hangup"] >= len(numbers):
                ended.set()

    counting = asyncio.create_task(count())
    began = time.monotonic()
    for n, digits in enumerate(numbers):
        wait_s = began + n / float(str(wanted["rate"])) - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        call = f"bare{n:06}{secrets.token_hex(8)}"
        writer.write(
            f"Action: Originate\r\nActionID: {call}\r\nChannel: PJSIP/{digits}@{wanted['trunk']}\r\n"
            "Context: customer\r\nExten: s\r\nPriority: 1\r\nAsync: true\r\n"
            f"ChannelId: {call}\r\nTimeout: {wanted['ring_timeout_ms']}\r\nCallerID: 18095550100\r\n"
            f"Variable: __CADENCIA_ATTEMPT={call}\r\nVariable: __CADENCIA_LANGUAGE=es\r\n"
            f"Variable: CADENCIA_CONNECT_S=2\r\nVariable: PJSIP_HEADER(add,X-Cadencia-Attempt)={call}\r\n\r\n".encode()
        )
    sending_s = time.monotonic() - began
    with contextlib.suppress(TimeoutError):  # the counts say how many are missing
        await asyncio.wait_for(ended.wait(), LAST_CALLS_S)
    counting.cancel()
    writer.close()
    spent = time.process_time()
    return {
        "originates": len(numbers),
        "per_s": round(len(numbers) / sending_s, 2),
        "events": dict(sorted(counted.items())),
        "cpu_ms_per_call": round(spent * 1000 / len(numbers), 3),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(dial(json.load(sys.stdin)))))
