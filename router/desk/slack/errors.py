"""What can go wrong with Slack; none of it concerns a customer.

SlackError
├── Throttled   not done; come again after a while
├── Down        Slack cannot be reached or does not work; done or not, see `doubt`
├── Revoked     not done; Slack refuses the app as a whole
├── Unreached   not done; Slack refuses this one person
├── Gone        not done; the message cannot be changed any more
└── Refused     not done; Slack refuses the request itself
"""


class SlackError(Exception):
    """Slack failed; the words are ours, never a message's."""

    def __init__(self, code: str) -> None:
        """Take Slack's code for it, or a short sentence."""
        super().__init__(code)
        self.code = code


class Throttled(SlackError):
    """Too much at once."""

    def __init__(self, after_s: float) -> None:
        """Take how many seconds to wait."""
        super().__init__("ratelimited")
        self.after_s = after_s


class Down(SlackError):
    """Slack does not answer as it should."""

    def __init__(self, code: str, *, doubt: bool) -> None:
        """Take what happened, and whether Slack may have done it all the same."""
        super().__init__(code)
        self.doubt = doubt


class Revoked(SlackError):
    """The app may not do this any more."""


class Unreached(SlackError):
    """The person cannot be written to."""

    #: The agent, once it is known.
    agent = ""


class Gone(SlackError):
    """The message is not there any more, or may not be changed."""


class Refused(SlackError):
    """The request is wrong."""
