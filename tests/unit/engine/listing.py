"""Channels as the switch lists them."""

from __future__ import annotations

from dialer.domain.events import LiveChannel
from dialer.domain.values import LegId

LEG = LegId("leg-" + "7" * 26)
OTHER_LEG = LegId("leg-" + "8" * 26)


def customer(call: str, *, up: bool = True, parked: bool = False, with_leg: str | None = None) -> LiveChannel:
    return LiveChannel(id=call, up=up, parked=parked, bridged_with=with_leg)


def leg(id: str, *, parked: bool = True, with_call: str | None = None) -> LiveChannel:
    return LiveChannel(id=id, up=True, parked=parked and with_call is None, bridged_with=with_call)
