"""What is planned of the agents of a group, so that the pacing knows it beforehand (`domain.staffing`)."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Time,
)
from sqlalchemy.dialects.postgresql import JSONB

from dialer.store.columns import at, created, id_, metadata, ref

#: What comes again on days of the week: an absence (a break, a meeting, a shift's end) or calls from outside.
staffing_plan = Table(
    "staffing_plan",
    metadata,
    id_(),
    ref("agent_group_id", "agent_group.id"),
    ref("user_id", "app_user.id", nullable=True),  # null: everybody of the group
    Column("reason", Text, nullable=False),
    Column("starts_at", Time, nullable=False),  # local
    Column("minutes", Integer, nullable=False),
    Column("weekdays", ARRAY(SmallInteger), nullable=False),  # 0 Monday to 6 Sunday
    Column("time_zone", Text, nullable=False),  # IANA
    Column("per_hour", Double),  # calls from outside; null: an absence
    Column("version", Integer, nullable=False, server_default="1"),
    created(),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    CheckConstraint("cardinality(weekdays) > 0", name="weekdays"),
    CheckConstraint(
        "per_hour IS NULL OR (per_hour > 0 AND per_hour <= 3600 AND user_id IS NULL)", name="per_hour"
    ),
)

#: Who planned what when, for the log of changes, for undoing, and for a day that is played again with its plans.
staffing_change = Table(
    "staffing_change",
    metadata,
    id_(),
    ref("agent_group_id", "agent_group.id"),
    Column("plan_id", BigInteger, nullable=False),  # of a plan that may be gone
    ref("user_id", "app_user.id", nullable=True),  # null: by the command line
    at("at", nullable=False),
    Column("before", JSONB),  # null: it was not there
    Column("after", JSONB),  # null: it is there no more
    ref("undoes_id", "staffing_change.id", nullable=True),
    Index("staffing_change_agent_group_id_at_idx", "agent_group_id", "at"),
)

#: An agent who goes over to another group; `done_at` null: he is in a call, and goes when it is over.
agent_move = Table(
    "agent_move",
    metadata,
    id_(),
    ref("agent_id", "app_user.id"),
    ref("from_group_id", "agent_group.id"),
    ref("to_group_id", "agent_group.id"),
    ref("user_id", "app_user.id", nullable=True),  # who asked; null: by command
    created(),
    at("done_at"),
)
Index(
    "agent_move_waiting_key",
    agent_move.c.agent_id,
    unique=True,
    postgresql_where=agent_move.c.done_at.is_(None),
)
