"""Which parts of a file can be asked for (RFC 9110 section 14)."""

from __future__ import annotations

import pytest

from dialer.api.recordings import is_satisfiable


@pytest.mark.parametrize(
    ("range_", "size", "expected"),
    [
        ("bytes=0-0", 1, True),
        ("bytes=0-", 1, True),
        ("bytes=-1", 1, True),
        ("bytes=-999", 1, True),
        ("bytes=0-999", 1, True),
        ("bytes=0-1, 5-9", 10, True),
        ("bytes=1-", 1, False),
        ("bytes=0-", 0, False),
        ("bytes=-0", 9, False),
        ("bytes=5-4", 9, False),
        ("bytes=0-1,20-", 10, False),
        ("bytes=", 9, False),
        ("bytes=-", 9, False),
        ("bytes=a-b", 9, False),
        ("seconds=0-1", 9, False),
        ("bytes=0-1" + ",2-3" * 10, 9, False),
        ("bytes=" + "9" * 16 + "-", 9, False),
    ],
)
def test_ranges(range_: str, size: int, expected: bool) -> None:
    assert is_satisfiable(range_, size) is expected
