"""What is dialled now: each running campaign asked in its mode, in the order of their right to the agents."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.engine import callbacks, hopper, pooling, reasons, reserving, staffing
from dialer.engine.floor import Floor
from dialer.engine.pool import TICK_S
from dialer.modes import MODES


def dial(floor: Floor, at: datetime) -> None:
    """Place what each running campaign may place now. Asked after every batch and every TICK_S."""
    running = floor.running()
    for run in running:
        hopper.return_expiring(floor, run, at)
    if running and (limit := reasons.standstill(floor)):
        for run in running:
            reasons.tell(floor, run, at, limit)
        return
    if not running:
        return
    pulse = floor.tick_at is None or floor.tick_at <= at
    if pulse:  # one, however many batches come between
        floor.tick_at = at + timedelta(seconds=TICK_S)
        floor.wake_at(floor.tick_at)
        reasons.watch_gauge(floor, at)
        staffing.look(floor, at)
    for run in running:  # people to whom a call was promised come before everybody else, whosever they are
        if MODES[run.campaign.mode].claims:
            callbacks.dial_callbacks(floor, run, at)
    pooled = []
    for run in running:
        mode = MODES[run.campaign.mode]
        if mode.pooled:
            pooled.append(run)
        elif mode.preview:
            reserving.offer_previews(floor, run, at)
        elif mode.dials:
            calls = reserving.dial_reserved(floor, run, at)
            reasons.tell(floor, run, at, reasons.of_reserved(floor, run, at), calls)
        if not mode.dials:
            reasons.tell(floor, run, at, reasons.Hindrance.AGENTS_DIAL)
    # While every trunk is at its limit the policy could only be told so: its pulse is enough.
    if pooled and (pulse or floor.carriers.ready(at)):
        pooling.dial_pooled(floor, pooled, at)
    if not floor.carriers.ready(at) and (floor.slot_at is None or floor.slot_at <= at):
        floor.slot_at = floor.carriers.next_token_at(at)
        if floor.slot_at:
            floor.wake_at(floor.slot_at)
    for run in running:
        if MODES[run.campaign.mode].claims:
            hopper.refill(floor, run, at)
    if kept := floor.pool.keep(at):
        floor.note(kept)
