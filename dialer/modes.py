"""The dial modes: who starts a call, whether an agent is reserved first, and which pacing policy counts."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.campaign import Campaign, DialMode, PacingPolicy
from dialer.domain.screening import Screening


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


def spends_budget(campaign: Campaign) -> bool:
    """Whether its policy weighs each call against the abandonments that are left, and so needs no brake before the cap
    is broken. All others dial on into it."""
    return policy_of(campaign) == PacingPolicy.PREDICTIVE


def policy_key(campaign: Campaign) -> str:
    """What the campaign asks of a policy, as a name; a group's campaigns of the same name share it, and what it has
    learned is kept under it."""
    return key_of(
        policy_of(campaign),
        ratio=campaign.ratio if campaign.mode is DialMode.POWER else None,
        abandon_cap=campaign.abandon_cap,
        ring_timeout_s=campaign.ring_timeout_s,
        connect_limit_s=campaign.connect_limit_s,
        screened=campaign.screening.mode is Screening.ON,
    )


def key_of(
    policy: str | None,
    *,
    ratio: float | None,
    abandon_cap: float,
    ring_timeout_s: float,
    connect_limit_s: float,
    screened: bool,
) -> str:
    """The key of a policy with these settings; `ratio` where it has one."""
    limits = f"cap={abandon_cap:g} ring={ring_timeout_s:g} wait={connect_limit_s:g}"
    fixed = "" if ratio is None else f" ratio={ratio:g}"
    heard = " screened" if screened else ""
    return f"{policy}{fixed} {limits}{heard}"
