"""What agents say, version by version, and which version a call heard; and the webhooks that were taken."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from dialer.store.columns import at, created, id_, metadata, ref

#: A script as it was at one time. A draft may change; once published it never does again, and what replaces it is the
#: next version. Published versions share the calls by their `share`, 0 being none.
script_version = Table(
    "script_version",
    metadata,
    id_(),
    ref("script_id", "script.id"),
    Column("number", Integer, nullable=False),  # 1, 2, ... within the script
    Column("state", Text, nullable=False, server_default="draft"),  # domain.script.VersionState
    Column("share", SmallInteger, nullable=False, server_default="0"),
    Column("graph", JSONB, nullable=False),  # domain.script.Graph
    ref("created_by", "app_user.id", nullable=True),
    created(),
    ref("published_by", "app_user.id", nullable=True),
    at("published_at"),
    UniqueConstraint("script_id", "number"),
    CheckConstraint("state IN ('draft', 'published', 'retired')", name="state"),
    CheckConstraint("share BETWEEN 0 AND 100 AND (share = 0 OR state = 'published')", name="share"),
    CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published"),
)

#: A conversation that went by a script: which version, and from when. The steps are in the log.
script_run = Table(
    "script_run",
    metadata,
    Column("attempt_id", Text, ForeignKey("attempt.id"), primary_key=True),
    Column("version_id", BigInteger, ForeignKey("script_version.id"), nullable=False),
    at("started_at", nullable=False),
    Index("script_run_version_id_idx", "version_id"),
)

#: A signed message taken from outside: the same one again is known, and changes nothing.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Text, primary_key=True),  # the sender's, from the header webhook-id
    Column("body_sha256", Text, nullable=False),
    Column("answer", JSONB, nullable=False),
    at("received_at", nullable=False),
)
