"""What all tables are declared with: one metadata, and the columns that look the same everywhere."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, MetaData, func

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def id_() -> Column[int]:
    """The row's own number."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def at(name: str, *, nullable: bool = True) -> Column[object]:
    """A moment (UTC)."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def created() -> Column[object]:
    """When the row came to be."""
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def ref(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """A row of another table."""
    return Column(name, BigInteger, ForeignKey(target), nullable=nullable)
