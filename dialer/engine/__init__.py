"""Decides everything: `Engine.handle(events) -> facts and commands`. See `docs/architecture.md`, "The loop"."""

from dialer.engine.engine import Engine
from dialer.engine.records import Step

__all__ = ["Engine", "Step"]
