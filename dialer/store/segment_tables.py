"""Segments: who is in them by what conditions, how their leads are treated, and who moved when."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from dialer.store.columns import at, id_, metadata, ref

segment = Table(
    "segment",
    metadata,
    id_(),
    Column("name", Text, nullable=False, unique=True),
    ref("script_id", "script.id", nullable=True),
    Column("conditions", JSONB),  # domain.segments.Conditions; null = named by files only, never re-filled
    Column("position", Integer, nullable=False, server_default="0"),  # the first that fits has the lead
    Column("active", Boolean, nullable=False, server_default="true"),
    # The treatment; null = as the campaign and the list say.
    ref("campaign_id", "campaign.id", nullable=True),  # where its leads are worked, and so in which mode
    Column("priority", SmallInteger),
    Column("caller_id", Text),  # E.164, one of the trunk's
    Column("number_order", Text, nullable=False, server_default="listed"),  # domain.segments.NumberOrder
    Column("target_handling_s", Integer),
    Column("version", Integer, nullable=False, server_default="1"),  # of these settings, for If-Match
)

segment_run = Table(
    "segment_run",
    metadata,
    id_(),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    at("finished_at"),
    Column("leads", BigInteger, nullable=False, server_default="0"),
    Column("moved", BigInteger, nullable=False, server_default="0"),
    ref("campaign_id", "campaign.id", nullable=True),  # null: of all campaigns, by a person's command
    Column("night", Date),  # which it did, by the campaign's own calendar
    UniqueConstraint("campaign_id", "night"),
)

segment_move = Table(
    "segment_move",
    metadata,
    Column("run_id", BigInteger, ForeignKey("segment_run.id"), primary_key=True),
    Column("lead_id", BigInteger, ForeignKey("lead.id"), primary_key=True),
    ref("from_id", "segment.id", nullable=True),
    ref("to_id", "segment.id", nullable=True),
)

#: What a campaign has learned of when people answer, for the order of its leads.
campaign_order = Table(
    "campaign_order",
    metadata,
    Column("campaign_id", BigInteger, ForeignKey("campaign.id"), primary_key=True),
    Column("zone", Text, nullable=False),  # IANA; of most of its persons
    Column("contact_rate", Double, nullable=False),  # right-party contacts a try, shrunk
    #: How much likelier than that a contact is now: at [3 * part + now], part 0 to 3 the lead's own best part of the
    #: day (0: none), now 1 to 3.
    Column("factors", ARRAY(REAL), nullable=False),
    at("scored_at"),
)
