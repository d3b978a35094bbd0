"""The dial modes: who starts a call, whether an agent is reserved first, and which pacing policy counts."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.campaign import DialMode


@dataclass(frozen=True, slots=True)
class Mode:
    """How a mode dials."""

    #: An agent is taken out of the pool before the dial, so the answer can't be abandoned for want of one.
    reserve: bool
    #: The agent sees the lead first and says when.
    preview: bool = False
    #: The name of the pacing policy that decides how many; None = one per free agent, or the agent himself.
    policy: str | None = None


MODES: dict[DialMode, Mode] = {
    DialMode.MANUAL: Mode(reserve=True),
    DialMode.PREVIEW: Mode(reserve=True, preview=True),
    DialMode.PROGRESSIVE: Mode(reserve=True),
    DialMode.POWER: Mode(reserve=False, policy="power"),
    DialMode.PREDICTIVE: Mode(reserve=False, policy="predictive"),
}
