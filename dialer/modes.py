"""The dial modes: who starts a call, whether an agent is reserved first, and which pacing policy counts."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.campaign import Campaign, DialMode


@dataclass(frozen=True, slots=True)
class Mode:
    """How a mode dials."""

    #: An agent is taken out of the pool before the dial, so the answer can't be abandoned for want of one.
    reserve: bool
    #: The agent sees the lead first and says when.
    preview: bool = False
    #: A pacing policy decides how many (`policy_of` says which); else one per free agent, or the agent himself.
    pooled: bool = False
    #: Leads are claimed ahead of their call; else the agent asks for each.
    claims: bool = True

    @property
    def dials(self) -> bool:
        """The dialer itself begins the call, without being asked for it."""
        return self.claims and not self.preview


MODES: dict[DialMode, Mode] = {
    DialMode.MANUAL: Mode(reserve=True, claims=False),
    DialMode.PREVIEW: Mode(reserve=True, preview=True),
    DialMode.PROGRESSIVE: Mode(reserve=True),
    DialMode.POWER: Mode(reserve=False, pooled=True),
    DialMode.PREDICTIVE: Mode(reserve=False, pooled=True),
}


def policy_of(campaign: Campaign) -> str | None:
    """The registered name of the pacing policy that decides for this campaign; None when no policy does."""
    if not MODES[campaign.mode].pooled:
        return None
    return "power" if campaign.mode is DialMode.POWER else campaign.policy.value
