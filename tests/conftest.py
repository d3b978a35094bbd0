"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes, or its making, is the machine's load, not a property of what is tested.
settings.register_profile("cadencia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cadencia")
