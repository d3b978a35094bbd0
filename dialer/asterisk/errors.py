"""What can go wrong between the dialer and Asterisk's manager interface (AMI).

AmiError
├── NotSent            the action never left this process: another way may be tried
│   ├── UnsafeValue        a key or value that could end its line
│   ├── NotConnected       no link just now
│   └── Overloaded         Asterisk does not take what is written, or does not answer
├── OutcomeUnknown     the action was written and nobody knows what became of it: never send it again, resync
│   ├── LinkLost           the link went before the answer came
│   └── ActionTimeout      the link stands, the answer never came
├── ActionRefused      Asterisk answered `Response: Error`
└── LinkFailed         why a link ended or never came up: seen in `LinkDown`, never raised by an action
    ├── Unreachable        no TCP or TLS connection
    ├── LinkClosed         Asterisk closed it
    ├── LinkSilent         half-open: no answer to a ping
    ├── ProtocolError      what came is not AMI
    ├── LoginRefused       wrong user or secret, or an address Asterisk does not permit
    └── NotBooted          logged in, but Asterisk never said `FullyBooted`

The first line of a class's docstring is the message; the detail given at the raise follows it.
"""

from __future__ import annotations

from dialer.domain.errors import DialerError


class AmiError(DialerError):
    """The manager interface of Asterisk failed"""

    def __init__(self, detail: str = "") -> None:
        message = (type(self).__doc__ or "").partition("\n")[0]
        super().__init__(f"{message}: {detail}" if detail else message)
        self.detail = detail


class NotSent(AmiError):
    """The action was not sent"""


class UnsafeValue(NotSent):
    """The action was not sent, because a part of it could break out of its line"""


class NotConnected(NotSent):
    """The action was not sent, because there is no link to Asterisk"""


class Overloaded(NotSent):
    """The action was not sent, because Asterisk is not keeping up with those before it"""


class OutcomeUnknown(AmiError):
    """Nobody knows whether Asterisk carried the action out"""


class LinkLost(OutcomeUnknown):
    """The link to Asterisk was lost before it answered"""


class ActionTimeout(OutcomeUnknown):
    """Asterisk did not answer the action in time"""


class ActionRefused(AmiError):
    """Asterisk refused the action"""


class LinkFailed(AmiError):
    """The link to Asterisk failed"""


class Unreachable(LinkFailed):
    """Asterisk's manager port can't be reached"""


class LinkClosed(LinkFailed):
    """Asterisk closed the link"""


class LinkSilent(LinkFailed):
    """Asterisk stopped answering"""


class ProtocolError(LinkFailed):
    """What came from the manager port is not the manager protocol"""


class LoginRefused(LinkFailed):
    """Asterisk refused the log-in; check user, secret and `permit` in manager.conf"""


class NotBooted(LinkFailed):
    """Asterisk did not report FullyBooted; it is still starting, or the user lacks `read = system`"""
