"""The call: one attempt's customer leg, as a table of states.

```
PLANNED -> ORIGINATING -> RINGING -> ANSWERED -> WAITING -> BRIDGED -> ENDED
                                        |           ^ |  ^------'  agent lost
                                        v           | '-> MESSAGE -> ENDED
                                     SCREENING -----'
                                        '-> MACHINE -> ENDED
```
Every state but ENDED leaves to ENDED on a hang-up. Hold and mute are attributes, not states.
"""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    PLANNED = "planned"
    ORIGINATING = "originating"
    RINGING = "ringing"
    ANSWERED = "answered"
    SCREENING = "screening"
    WAITING = "waiting"
    BRIDGED = "bridged"
    MESSAGE = "message"
    MACHINE = "machine"
    ENDED = "ended"


class CallInput(StrEnum):
    """What moves a call."""

    SENT = "sent"
    WITHDRAWN = "withdrawn"
    RANG = "rang"
    ANSWERED = "answered"
    PARKED = "parked"  # the answered customer stands in the switch's waiting room
    LISTENED = "listened"  # the screener hears who answered
    JUDGED_HUMAN = "judged_human"
    JUDGED_MACHINE = "judged_machine"
    BRIDGED = "bridged"
    DEADLINE = "deadline"
    AGENT_LOST = "agent_lost"
    ENDED = "ended"


S, I = CallState, CallInput  # noqa: E741

#: (state, input) -> state. An input missing here is our bug when we caused it, noise when the switch did.
TRANSITIONS: dict[CallState, dict[CallInput, CallState]] = {
    S.PLANNED: {I.SENT: S.ORIGINATING, I.WITHDRAWN: S.ENDED, I.ENDED: S.ENDED},
    S.ORIGINATING: {I.RANG: S.RINGING, I.ANSWERED: S.ANSWERED, I.ENDED: S.ENDED},
    S.RINGING: {I.ANSWERED: S.ANSWERED, I.ENDED: S.ENDED},
    S.ANSWERED: {
        I.LISTENED: S.SCREENING,
        I.PARKED: S.WAITING,
        I.DEADLINE: S.MESSAGE,
        I.ENDED: S.ENDED,
    },
    S.SCREENING: {
        I.JUDGED_HUMAN: S.WAITING,
        I.JUDGED_MACHINE: S.MACHINE,
        I.DEADLINE: S.MESSAGE,
        I.ENDED: S.ENDED,
    },
    S.WAITING: {
        I.BRIDGED: S.BRIDGED,
        I.JUDGED_MACHINE: S.MACHINE,  # a beep, after he had been taken for a person
        I.DEADLINE: S.MESSAGE,
        I.ENDED: S.ENDED,
    },
    S.BRIDGED: {I.AGENT_LOST: S.WAITING, I.ENDED: S.ENDED},
    S.MESSAGE: {I.ENDED: S.ENDED},
    S.MACHINE: {I.ENDED: S.ENDED},
    S.ENDED: {},
}

#: On the wire and not yet answered.
DIALLING_STATES = frozenset({S.PLANNED, S.ORIGINATING, S.RINGING})
#: Answered, and no agent speaks with the customer: before the bridge, or after his agent was lost.
UNATTENDED_STATES = frozenset({S.ANSWERED, S.SCREENING, S.WAITING})
