"""Why a wish to be called is not taken; `why` is for programs and picks the words."""


class Trouble(Exception):
    """Something that the customer is told."""

    def __init__(self, why: str, *, after_s: float = 0.0) -> None:
        """Take a word: number, premium, short, withheld, rate, slot, quiet, tier, form, unknown or unavailable."""
        super().__init__(why)
        self.why = why
        self.after_s = after_s
