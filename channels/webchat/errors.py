"""Why the chat turns something away; `code` is for programs, `text` for whoever builds the site.

Trouble
├── Refusal          not taken, and the same again will not be taken either
│   ├── Denied           the token or identity is not right
│   ├── NotAllowed       the page is not one that may show this chat
│   └── Unknown          there is no such account or file
├── Crowded          no room now; try again after `after_s`
├── TooSlow          the browser did not say hello, or did not read, in time
└── Gone             the browser has left; nothing is wrong
"""


class Trouble(Exception):
    """Something that the browser is told about."""

    def __init__(self, code: str, text: str, *, after_s: float = 0.0) -> None:
        """Take a word for programs, a sentence that says what to do, and when to try again."""
        super().__init__(text)
        self.code = code
        self.text = text
        self.after_s = after_s


class Refusal(Trouble):
    """It was not taken."""


class Denied(Refusal):
    """The token or identity is not right."""


class NotAllowed(Refusal):
    """The page is not one that may show this chat."""


class Unknown(Refusal):
    """There is no such account or file."""


class Crowded(Trouble):
    """There is no room now."""


class TooSlow(Trouble):
    """The browser did not do its part in time."""


class Gone(Trouble):
    """The browser has left."""
