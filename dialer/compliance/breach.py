"""A breach: what in a campaign's settings its rules forbid, as a fault that a console can say in another language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | float


class Fault(StrEnum):
    """What is wrong. The values that its words name are behind it."""

    UNAPPROVED = "unapproved"  # rules, rule
    ARCHIVED = "archived"
    UNKNOWN_RULES = "unknown_rules"  # detail
    RING_SHORT = "ring_short"  # ring_s, least_s
    CAP_HIGH = "cap_high"  # cap: a share of live answers; most_pct
    WINDOW_WIDE = "window_wide"  # window, widest: AbandonWindow
    WAIT_LONG = "wait_long"  # wait_s, most_s
    NOTICE_SPOKEN = "notice_spoken"
    MESSAGE_MISSING = "message_missing"
    MESSAGE_NAMELESS = "message_nameless"  # owners, wanted
    MESSAGE_NUMBERLESS = "message_numberless"  # wanted
    TEXT_TELLS = "text_tells"  # words
    MESSAGE_TELLS = "message_tells"  # words, about
    NUMBER_UNOWNED = "number_unowned"  # number, trunk: of this and the next ones
    NUMBER_UNANSWERED = "number_unanswered"
    NUMBER_MOBILE = "number_mobile"
    NUMBER_PREMIUM = "number_premium"
    NUMBER_PREFIX = "number_prefix"  # and prefixes


_OF_NUMBER = "{number} of trunk {trunk} "

#: What is wrong and what to do about it, in English; `{name:spec}` of the breach's values.
SAYS: Mapping[Fault, str] = {
    Fault.UNAPPROVED: "nobody has approved it: dialer rules approve {rules} {rule}",
    Fault.ARCHIVED: "it is in the archive: dialer campaign restore",
    Fault.UNKNOWN_RULES: "{detail}",
    Fault.RING_SHORT: "it rings {ring_s:g} s; let it ring {least_s:g} s at least",
    Fault.CAP_HIGH: "its cap is {cap:.2%} of live answers; {most_pct:g} % is the most",
    Fault.WINDOW_WIDE: "its cap is held over the window {window}; hold it over {widest}",
    Fault.WAIT_LONG: "a person waits {wait_s:g} s for an agent; {most_s:g} s is the most",
    Fault.NOTICE_SPOKEN: "everybody on the line must consent, so the notice is played, not left to the agent: played",
    Fault.MESSAGE_MISSING: "whom no agent attends must be told who called and where to call back: dialer campaign"
    " message",
    Fault.MESSAGE_NAMELESS: "the message to whom no agent attends must name {owners} ({wanted})",
    Fault.MESSAGE_NUMBERLESS: "the message to whom no agent attends must give a number to call back ({wanted})",
    Fault.TEXT_TELLS: "what the call says by itself tells of a debt: {words!r}",
    Fault.MESSAGE_TELLS: "the message to whom no agent attends says {words!r}, and must not speak of {about}",
    Fault.NUMBER_UNOWNED: _OF_NUMBER + "has no owner on record: dialer trunk own",
    Fault.NUMBER_UNANSWERED: _OF_NUMBER + "has no record of who answers a call back: dialer trunk own",
    Fault.NUMBER_MOBILE: _OF_NUMBER + "is a mobile number: show a geographic, short or 800/900 one",
    Fault.NUMBER_PREMIUM: _OF_NUMBER + "costs whoever calls back a premium rate: show another",
    Fault.NUMBER_PREFIX: _OF_NUMBER + "does not begin with {prefixes}",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """What a setting breaks: the rule with its norm, sources and how sure we are of it, and the fault in it."""

    rule: str
    fault: Fault
    norm: str
    src: tuple[str, ...]
    conf: str
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """What is wrong and what to do, in English."""
        return SAYS[self.fault].format(**self.values)

    def __str__(self) -> str:
        told = self.norm or "this project's policy"
        return f"{self.rule}: {self.says} ({', '.join([told, *self.src])})"
