"""Cadencia's dialer: from a lead to a reviewed recording. `docs/architecture.md` draws the line through it."""

__version__ = "0.1.0"
