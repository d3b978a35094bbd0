"""What the end of an attempt says, from the codes in Asterisk's `Hangup`: pure, over two tables.

`Cause` is a Q.850 cause, `TechCause` the SIP status of a call that failed. The SIP status is what the carrier
said; Asterisk makes the cause out of it (607 -> 127, 603 and 403 -> 21) and loses some, so the status wins when
both are there. Sources: RFC 3261 section 21, RFC 3398 section 7.2.4.1, RFC 4412, 8197, 8224, 8688; ITU-T Q.850
table 1; docs.asterisk.org "Hangup Cause Mappings"; and what Asterisk 22.10.1 was seen to send.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class NetworkOutcome:
    """What the network says of an attempt, and whose fault it is."""

    #: None for an answered call: what happened after the answer decides.
    outcome: Outcome | None
    #: The trunk or the network behind it failed: counts towards opening the trunk's breaker.
    trunk_fault: bool = False
    #: Our credentials, our codecs, our routing: every further call would fail alike. Opens the trunk's breaker, too;
    #: what is our account's alone puts the trunk out of service (`dialer/carriers.py`).
    own_fault: bool = False


_ANSWERED = NetworkOutcome(None)
_BUSY = NetworkOutcome(Outcome.BUSY)
_NO_ANSWER = NetworkOutcome(Outcome.NO_ANSWER)
_NO_RESPONSE = NetworkOutcome(Outcome.NO_ANSWER, trunk_fault=True)
_INVALID = NetworkOutcome(Outcome.INVALID_NUMBER)
_REJECTED = NetworkOutcome(Outcome.REJECTED)
_CONGESTION = NetworkOutcome(Outcome.CONGESTION, trunk_fault=True)
_OWN_FAULT = NetworkOutcome(Outcome.FAILED, own_fault=True)
_CANCELLED = NetworkOutcome(Outcome.CANCELLED)
_UNKNOWN = NetworkOutcome(Outcome.UNKNOWN)

#: Asterisk made no channel: `OriginateResponse` Failure without a `Newchannel`, so no `Hangup` follows. The switch
#: does not know the trunk, or knows it as unreachable. Nothing was sent to anybody.
NO_CHANNEL = _CONGESTION

#: SIP status -> outcome.
SIP: dict[int, NetworkOutcome] = {
    301: _INVALID,  # moved permanently: the person is no longer at this number
    302: _NO_ANSWER,  # forwarded: not followed, who answers there is not known to be the debtor
    400: _OWN_FAULT,
    401: _OWN_FAULT,  # trunk credentials
    402: _OWN_FAULT,  # trunk account without credit
    403: _REJECTED,
    404: _INVALID,
    405: _OWN_FAULT,
    406: _OWN_FAULT,
    407: _OWN_FAULT,
    408: _NO_RESPONSE,
    410: _INVALID,
    413: _OWN_FAULT,
    414: _OWN_FAULT,
    415: _OWN_FAULT,  # media type
    416: _OWN_FAULT,
    420: _OWN_FAULT,
    421: _OWN_FAULT,
    422: _OWN_FAULT,  # session timer
    423: _OWN_FAULT,
    428: _OWN_FAULT,  # the carrier wants a signed caller id (RFC 8224)
    433: _OWN_FAULT,  # caller id withheld
    436: _OWN_FAULT,
    437: _OWN_FAULT,
    438: _OWN_FAULT,
    480: _NO_ANSWER,  # also Asterisk's own word for our ring time-out
    481: _CONGESTION,
    482: _OWN_FAULT,  # loop
    483: _OWN_FAULT,  # too many hops
    484: _INVALID,
    485: _INVALID,
    486: _BUSY,
    487: _NO_ANSWER,  # we gave up ringing
    488: _OWN_FAULT,  # codec
    491: _CONGESTION,
    493: _OWN_FAULT,
    494: _OWN_FAULT,
    500: _CONGESTION,
    501: _OWN_FAULT,
    502: _CONGESTION,
    503: _CONGESTION,
    504: _NO_RESPONSE,
    505: _OWN_FAULT,
    513: _OWN_FAULT,
    580: _OWN_FAULT,
    600: _BUSY,
    603: _REJECTED,
    604: _INVALID,
    606: _OWN_FAULT,
    607: _REJECTED,  # unwanted (RFC 8197)
    608: _REJECTED,  # rejected by an analytics engine (RFC 8688)
}

#: A status not in the table counts as the x00 of its class (RFC 3261 section 8.1.3.2), but an unknown 6xx as
#: a refusal: resting too long does less harm than ringing somebody who asked not to be rung.
SIP_CLASS: dict[int, NetworkOutcome] = {3: _NO_ANSWER, 4: _OWN_FAULT, 5: _CONGESTION, 6: _REJECTED}

#: Q.850 cause -> outcome, for calls without a SIP status.
Q850: dict[int, NetworkOutcome] = {
    1: _INVALID,  # unallocated number
    2: _CONGESTION,  # no route to transit network
    3: _INVALID,  # no route to destination
    4: _INVALID,  # special information tone
    5: _INVALID,  # misdialled trunk prefix
    6: _CONGESTION,
    8: _CONGESTION,  # pre-empted
    9: _CONGESTION,
    14: _INVALID,  # ported
    16: _NO_ANSWER,  # cleared before an answer: an operator's announcement that ended
    17: _BUSY,
    18: _NO_RESPONSE,
    19: _NO_ANSWER,
    20: _NO_ANSWER,  # subscriber absent: switched off
    21: _REJECTED,
    22: _INVALID,  # number changed
    23: _NO_ANSWER,  # redirected: as SIP 302
    25: _OWN_FAULT,  # exchange routing error: a loop
    26: _NO_ANSWER,
    27: _CONGESTION,  # destination out of order
    28: _INVALID,  # number format
    29: _REJECTED,
    31: _NO_ANSWER,  # normal, unspecified
    34: _CONGESTION,  # no circuit
    38: _CONGESTION,  # network out of order
    41: _CONGESTION,  # temporary failure
    42: _CONGESTION,  # switch congestion
    43: _CONGESTION,
    44: _CONGESTION,  # requested circuit not available
    46: _CONGESTION,
    47: _CONGESTION,  # resource unavailable
    50: _OWN_FAULT,  # facility not subscribed
    52: _OWN_FAULT,  # outgoing calls barred: ours
    54: _REJECTED,  # incoming calls barred: theirs
    55: _REJECTED,
    57: _OWN_FAULT,  # bearer capability: media, codec
    58: _OWN_FAULT,
    63: _CONGESTION,
    65: _OWN_FAULT,
    66: _OWN_FAULT,
    69: _OWN_FAULT,
    70: _OWN_FAULT,
    79: _OWN_FAULT,
    81: _CONGESTION,
    87: _REJECTED,
    88: _OWN_FAULT,  # incompatible destination
    91: _CONGESTION,
    102: _NO_RESPONSE,  # recovery on timer expiry
    111: _CONGESTION,  # protocol error
    127: _CONGESTION,  # interworking
}


def classify(
    q850: int | None,
    sip: int | None,
    *,
    answered: bool,
    alerted: bool,
    ring_timeout: bool = False,
    cancelled: bool = False,
) -> NetworkOutcome:
    """What the end of an attempt says.

    `q850`, `sip`: `Cause` and `TechCause` of its `Hangup`, None where Asterisk gave none (see `code`).
    `answered`: it had been. `alerted`: the far end rang or sent audio (`DialState` RINGING or PROGRESS).
    `ring_timeout`: our own `Timeout` ended it (`OriginateResponse` Reason 3). `cancelled`: we hung up unanswered.
    """
    if answered:
        return _ANSWERED
    if cancelled:
        return _CANCELLED
    if ring_timeout:
        # The codes are Asterisk's own then, 19 and 480, for a person who let it ring and for a trunk that never
        # said a word alike. Only the ringing tells them apart.
        return _NO_ANSWER if alerted else _CONGESTION
    if sip is not None and sip >= 300:
        found = SIP.get(sip) or SIP_CLASS.get(sip // 100, _UNKNOWN)
    else:
        found = Q850.get(q850 or 0, _UNKNOWN)
    return _NO_ANSWER if found is _NO_RESPONSE and alerted else found


def code(value: str) -> int | None:
    """A `Cause` or `TechCause` header as a number; None when it is missing, zero or not such a number."""
    return int(value) or None if len(value) <= 3 and value.isascii() and value.isdigit() else None
