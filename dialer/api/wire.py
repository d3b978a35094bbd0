"""The base of every message that crosses the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Unknown fields are an error, not a silence."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, allow_inf_nan=False)
