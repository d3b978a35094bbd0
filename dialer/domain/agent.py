"""The agent, as a table of states.

```
LOGGED_OUT -> NOT_READY <-> READY -> (PREVIEWING ->) RESERVED -> ON_CALL -> WRAP_UP -> READY | NOT_READY
```
UNREACHABLE: logged in, but the phone leg is lost; back to NOT_READY when it returns.
"""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    PREVIEWING = "previewing"
    RESERVED = "reserved"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    UNREACHABLE = "unreachable"


class AgentInput(StrEnum):
    """What moves an agent."""

    LOGGED_IN = "logged_in"
    WENT_READY = "went_ready"
    WENT_NOT_READY = "went_not_ready"
    PREVIEWED = "previewed"
    RESERVED = "reserved"
    RELEASED = "released"
    CONNECTED = "connected"
    CALL_ENDED = "call_ended"
    LEG_LOST = "leg_lost"
    LEG_BACK = "leg_back"
    WRAP_UP_RESUMED = "wrap_up_resumed"  # the leg is back and a disposition is still owed
    LOGGED_OUT = "logged_out"


S, I = AgentState, AgentInput  # noqa: E741

TRANSITIONS: dict[AgentState, dict[AgentInput, AgentState]] = {
    S.LOGGED_OUT: {I.LOGGED_IN: S.UNREACHABLE},
    S.UNREACHABLE: {I.LEG_BACK: S.NOT_READY, I.WRAP_UP_RESUMED: S.WRAP_UP, I.LOGGED_OUT: S.LOGGED_OUT},
    S.NOT_READY: {
        I.WENT_READY: S.READY,
        I.WENT_NOT_READY: S.NOT_READY,
        I.RESERVED: S.RESERVED,  # manual dialling; reconnection after a reload
        I.CALL_ENDED: S.WRAP_UP,  # the customer held for him hung up before he had him again
        I.LEG_LOST: S.UNREACHABLE,
        I.LOGGED_OUT: S.LOGGED_OUT,
    },
    S.READY: {
        I.WENT_NOT_READY: S.NOT_READY,
        I.PREVIEWED: S.PREVIEWING,
        I.RESERVED: S.RESERVED,
        I.CALL_ENDED: S.WRAP_UP,  # as NOT_READY
        I.LEG_LOST: S.UNREACHABLE,
        I.LOGGED_OUT: S.LOGGED_OUT,
    },
    S.PREVIEWING: {
        I.RESERVED: S.RESERVED,
        I.RELEASED: S.READY,
        I.WENT_NOT_READY: S.NOT_READY,
        I.LEG_LOST: S.UNREACHABLE,
        I.LOGGED_OUT: S.LOGGED_OUT,
    },
    S.RESERVED: {
        I.CONNECTED: S.ON_CALL,
        I.RELEASED: S.READY,
        I.CALL_ENDED: S.WRAP_UP,  # as NOT_READY
        I.LEG_LOST: S.UNREACHABLE,
    },
    S.ON_CALL: {I.CALL_ENDED: S.WRAP_UP, I.LEG_LOST: S.UNREACHABLE},
    S.WRAP_UP: {
        I.WENT_READY: S.READY,
        I.WENT_NOT_READY: S.NOT_READY,
        I.LEG_LOST: S.UNREACHABLE,
        I.LOGGED_OUT: S.LOGGED_OUT,
    },
}
