"""What can go wrong between us and X, told apart by whether anything was done.

Trouble
├── Throttled    too many requests; `after_s` says when to come again; nothing was done
├── Revoked      X does not accept our tokens; nothing was done
├── Penniless    out of credits or over the app's own cap; nothing was done
├── Denied       refused for good (400, 403, 404), and why; nothing was done
├── Unreached    no connection was made; nothing was done
├── Broken       5xx, or an answer that is none; a post may have been made all the same
└── Silent       the connection broke or time ran out before the answer; likewise
"""

from enum import StrEnum


class Trouble(Exception):
    """Something went wrong between us and X."""


class Throttled(Trouble):
    """X lets us do no more of this for now."""

    def __init__(self, reason: str, after_s: float) -> None:
        """Take what happened, and the seconds until it makes sense to try again."""
        super().__init__(reason)
        self.after_s = after_s


class Revoked(Trouble):
    """X does not accept the account's tokens any more."""


class Penniless(Trouble):
    """X does nothing more for the app until it is paid, or its cap raised."""


class Why(StrEnum):
    """Why X refuses something for good."""

    DUPLICATE = "duplicate"  # the same words again
    UNSUMMONED = "unsummoned"  # the author neither mentioned nor quoted us
    GONE = "gone"  # what it is about was deleted, or is hidden from us
    ACCESS = "access"  # the app has not the right to do this
    OTHER = "other"


class Denied(Trouble):
    """X refuses this for good."""

    def __init__(self, reason: str, why: Why = Why.OTHER) -> None:
        """Take X's words, and what they mean."""
        super().__init__(reason)
        self.why = why


class Unreached(Trouble):
    """No connection to X could be made."""


class Broken(Trouble):
    """X answered with an error of its own, or with something that is no answer."""


class Silent(Trouble):
    """The connection broke, or time ran out, before X had answered."""
