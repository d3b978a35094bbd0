"""The dialer's command line under a clock that stands still: `python -m lab.standing_clock FILE serve --part dialer`.

FILE holds the instant (ISO 8601, with its offset) and is read whenever the time is asked for, so that a test sets the
dialer's clock to the second and moves it when it wants to. What the dialer decides by and writes is of that instant;
leases, sessions and the switch's own clock go on as they are.
"""

import importlib
import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from dialer.cli import main

#: Where the dialer asks for the time.
ASK = ("dialer.shard", "dialer.asterisk.switch", "dialer.asterisk.heartbeat", "dialer.store.event_log")


def stand(file: Path) -> None:
    """Stop the dialer's clock at what `file` says."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromisoformat(file.read_text("utf-8")).astimezone(tz or UTC)

    for name in ASK:
        vars(importlib.import_module(name))["datetime"] = Standing


def set_clock(file: Path, at: datetime) -> None:
    """Move it; whoever reads meanwhile has the old instant or the new one."""
    fresh = file.with_suffix(".new")
    fresh.write_text(at.isoformat(), "utf-8")
    fresh.replace(file)


if __name__ == "__main__":
    stand(Path(sys.argv[1]))
    del sys.argv[1]
    main()
