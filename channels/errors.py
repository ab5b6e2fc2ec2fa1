"""What can go wrong in a channel.

ChannelError
├── NotSent        certainly not sent; try again later (`after_s`)
├── Refused        certainly not sent and never will be as it is; a person must act
├── InDoubt        may or may not have been sent; reconcile, never send again blindly
├── Misconfigured  the account's settings cannot work
├── LeaseLost      another process polls this account now; stop
└── Unavailable    the store cannot take a message now; tell the sender to try again
"""


class ChannelError(Exception):
    """Something went wrong in a channel."""


class NotSent(ChannelError):
    """It was certainly not sent and may be tried again."""

    def __init__(self, reason: str, *, after_s: float = 0.0) -> None:
        """Take what happened, and how many seconds the provider asks us to wait (0: our choice)."""
        super().__init__(reason)
        self.after_s = after_s


class Refused(ChannelError):
    """The provider refused it for good: change the address or the text, then send again."""


class InDoubt(ChannelError):
    """It may have been sent: the connection broke after the last byte and before the answer."""


class Misconfigured(ChannelError):
    """The settings of the account cannot work."""


class LeaseLost(ChannelError):
    """Another process holds this account's cursor now."""


class Unavailable(ChannelError):
    """The message could not be stored, so the sender must keep it and try again."""
