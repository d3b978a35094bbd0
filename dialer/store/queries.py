"""The named statements of `queries.sql`: SQL lives there, commented; Python calls it by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: ([a-z0-9_]+)[ \t]*$", re.MULTILINE)


def read_statements(path: Path) -> dict[str, str]:
    """The statements of an SQL file whose blocks begin with `-- name: <name>`."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    statements = {name: body.strip().rstrip(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    if len(statements) != len(parts) // 2:
        raise ValueError(f"{path.name}: a name stands twice")
    return statements


SQL = read_statements(Path(__file__).with_name("queries.sql"))
