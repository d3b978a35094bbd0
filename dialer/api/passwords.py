"""Passwords: argon2id with the RFC 9106 parameters for memory-constrained machines (64 MiB, 3 passes, 0.12 s)."""

from __future__ import annotations

from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

_HASH = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))


def hash_password(password: str) -> str:
    """What is kept of a password. Takes about 0.1 s of CPU: not for the event loop."""
    return _HASH.hash(password)


def check_password(password: str, kept: str | None) -> bool:
    """Whether `password` is the one `kept` was made from; with None (no such user) it takes as long and fails.

    Takes about 0.1 s of CPU: not for the event loop.
    """
    try:
        matches = _HASH.verify(password, kept or _nobody())
    except UnknownHashError:
        _HASH.verify(password, _nobody())
        return False
    return matches and kept is not None


@lru_cache(maxsize=1)
def _nobody() -> str:
    return hash_password("")
