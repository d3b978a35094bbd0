"""The error tree.

DialerError
├── InvalidTransition       our bug: an event that the state's table does not know
├── UnexpectedFromSwitch    theirs: late, duplicate or unknown; counted and logged, the state untouched
├── Refused                 a person asked for what can't be done now; `code` is what the console translates
└── BadInput                a file, number or setting from outside is wrong; says where and what to do
"""

from __future__ import annotations


class DialerError(Exception):
    """Root of everything Cadencia raises on purpose."""


class InvalidTransition(DialerError):
    """An object met an event its table does not know. Carries the object's story so far."""

    def __init__(self, what: str, state: str, event: str, history: list[str]) -> None:
        super().__init__(f"{what} in {state} met {event}; before: {' > '.join(history) or 'nothing'}")
        self.what, self.state, self.event, self.history = what, state, event, history


class UnexpectedFromSwitch(DialerError):
    """The switch said something that no longer (or never) concerned us."""


class Refused(DialerError):
    """What was asked for can't be done now. `code` is stable; the text is for logs."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


class BadInput(DialerError):
    """Something given from outside is wrong; the message says where and what to do."""
