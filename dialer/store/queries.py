"""The named statements of `queries.sql` and `dispositions.sql`: SQL lives there, commented; Python calls it by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: ([a-z0-9_]+)[ \t]*$", re.MULTILINE)
_INCLUDE = re.compile(r"\{([a-z_]+)\}")


def read_statements(path: Path) -> dict[str, str]:
    """The statements of an SQL file whose blocks begin with `-- name: <name>`; `{name}` includes a block before."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    statements: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in statements:
            raise ValueError(f"{path.name}: {name} stands twice")
        code = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
        statements[name] = _INCLUDE.sub(lambda found: statements[found[1]], code).strip().rstrip(";")
    return statements


_FOLDER = Path(__file__).parent
SQL = read_statements(_FOLDER / "queries.sql") | read_statements(_FOLDER / "dispositions.sql")
