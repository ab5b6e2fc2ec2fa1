"""What can go wrong between us and the forum.

ChannelError
└── ForumTrouble   the forum did not do what was asked
    ├── Unreached      nothing was asked: no connection, or it asks us to wait; try again later
    ├── Unsure         it was asked, and the answer is missing or no answer: timeout, 5xx, HTML
    └── Answered       it answered with a refusal (4xx)
"""

from channels.errors import ChannelError


class ForumTrouble(ChannelError):
    """The forum did not do what was asked."""


class Unreached(ForumTrouble):
    """Nothing was asked of the forum."""

    def __init__(self, reason: str, *, after_s: float = 0.0) -> None:
        """Take what happened, and how many seconds the forum asks us to wait."""
        super().__init__(reason)
        self.after_s = after_s


class Unsure(ForumTrouble):
    """The forum was asked, and did not answer in a way that can be trusted."""

    def __init__(self, reason: str, *, over: bool = False) -> None:
        """Take what happened, and whether the forum itself is done with the request."""
        super().__init__(reason)
        self.over = over


class Answered(ForumTrouble):
    """The forum refused."""

    def __init__(self, status: int, errors: tuple[str, ...], *, kind: str = "") -> None:
        """Take the HTTP status, the forum's own sentences, and its name for the error."""
        super().__init__(f"the forum answers {status}: {' '.join(errors) or 'without a reason'}"[:400])
        self.status, self.errors, self.kind = status, errors, kind
