"""Which settings a replay or a forecast may change, and their limits: words from outside become a campaign's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dialer.domain.campaign import Campaign, DialMode, PacingPolicy
from dialer.domain.errors import BadInput

#: knob -> lowest, highest, whole numbers only. As the API has them.
KNOBS: dict[str, tuple[float, float, bool]] = {
    "ratio": (1.0, 10.0, False),
    "max_lines_per_agent": (1.0, 15.0, False),
    "abandon_cap": (0.0, 0.05, False),
    "connect_limit_s": (1.0, 10.0, False),
    "ring_timeout_s": (15, 90, True),
    "wrap_up_s": (0, 900, True),
}
POWER = "power"
POLICIES = (*(each.value for each in PacingPolicy), POWER)


def with_policy(campaign: Campaign, policy: str | None) -> Campaign:
    """The campaign in the pooled mode of this policy; unchanged for None. Raises BadInput, naming those there are."""
    if policy is None:
        return campaign
    if policy == POWER:
        return replace(campaign, mode=DialMode.POWER)
    if policy not in POLICIES:
        raise BadInput(f"no pacing policy is called {policy!r}: choose one of {', '.join(POLICIES)}")
    return replace(campaign, mode=DialMode.PREDICTIVE, policy=PacingPolicy(policy))


def with_knobs(campaign: Campaign, pairs: Iterable[str]) -> Campaign:
    """The campaign with `knob=value` pairs applied. Raises BadInput for what is not one, or out of range."""
    for pair in pairs:
        knob, given, text = pair.partition("=")
        if not given or knob not in KNOBS:
            raise BadInput(f"{pair!r}: write knob=value, with a knob of {', '.join(KNOBS)}")
        lowest, highest, whole = KNOBS[knob]
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            raise BadInput(f"{pair!r}: {text!r} is not a {'whole ' if whole else ''}number") from None
        if not lowest <= value <= highest:
            raise BadInput(f"{pair!r}: {knob} lies between {lowest:g} and {highest:g}")
        campaign = replace(campaign, **{knob: value})  # type: ignore[arg-type]
    return campaign


def described(campaign: Campaign) -> str:
    """Mode and policy in a word or two."""
    if campaign.mode is DialMode.PREDICTIVE:
        return campaign.policy.value
    return f"power x{campaign.ratio:g}" if campaign.mode is DialMode.POWER else campaign.mode.value
