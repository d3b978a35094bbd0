"""The cache folder: slow things made once per machine, outside the checkout, nothing secret."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def cache_folder() -> Path:
    """`CADENCIA_CACHE`, or `cadencia` in the user's cache folder; made when it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("CADENCIA_CACHE") or Path(base) / "cadencia")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of this name; waits for another process that is making the same thing."""
    with open(cache_folder() / f".{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Progress for the person at the terminal."""
    print(f"cadencia: {text}", file=sys.stderr, flush=True)
