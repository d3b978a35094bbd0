"""Imports on their way. What they have read so far is in tables of their own in the schema `staging`."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from dialer.store.columns import at, created, id_, metadata, ref

#: An import that has begun and not ended: the same file with the same options goes on where it stopped.
import_run = Table(
    "import_run",
    metadata,
    id_(),
    ref("campaign_id", "campaign.id"),
    Column("content_sha256", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    created(),
    UniqueConstraint("campaign_id", "content_sha256"),
)

#: How a creditor writes his files, by a name of our own: column names, encoding, separator, country of the numbers.
import_mapping = Table(
    "import_mapping",
    metadata,
    id_(),
    Column("name", Text, nullable=False, unique=True),
    Column("settings", JSONB, nullable=False),
    created(),
)

#: A file brought by the console, and what came of it. The file itself is in the folder of uploads, named by the id.
upload = Table(
    "upload",
    metadata,
    id_(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content_sha256", Text, nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    ref("user_id", "app_user.id"),
    Column("state", Text, nullable=False),
    Column("settings", JSONB),
    Column("report", JSONB),
    #: Why it was refused or interrupted, in words.
    Column("problem", Text),
    at("changed_at", nullable=False),
    created(),
    CheckConstraint("kind IN ('leads', 'cases')", name="kind"),
    CheckConstraint(
        "state IN ('waiting', 'checking', 'checked', 'loading', 'loaded', 'refused', 'interrupted')",
        name="state",
    ),
)
