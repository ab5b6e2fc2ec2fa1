"""What X says when it does not do something, made into the trouble that it means."""

from collections.abc import Mapping, Sequence

from channels.twitter.limiter import Limiter
from channels.twitter.trouble import Broken, Denied, Penniless, Revoked, Throttled, Trouble, Why

_LONGEST = 200
#: X's words, in lower case, and what they mean; the first that fits.
_WHY = (
    ("duplicate content", Why.DUPLICATE),
    ("already said that", Why.DUPLICATE),
    ("mentioned or quoted", Why.UNSUMMONED),
    ("@mentioned", Why.UNSUMMONED),
    ("not been mentioned", Why.UNSUMMONED),
    ("deleted or not visible", Why.GONE),
    ("could not find tweet", Why.GONE),
    ("client-forbidden", Why.ACCESS),
    ("not permitted to access", Why.ACCESS),
    ("oauth1 app permissions", Why.ACCESS),
)
_PENNILESS = ("usage-capped", "usagecapexceeded", "out of credits", "credits depleted", "spend cap", "spending limit",
              "does not have any credits", "enrolled account does not have")  # fmt: skip


class Answer:
    """Status, headers and words of one answer."""

    def __init__(self, status: int = 0) -> None:
        """Start with what is known: 0 = nothing came yet."""
        self.status = status
        self.headers: Mapping[str, str] = {}
        self._words: list[str] = []
        self._types: list[str] = []

    def take(self, body: object) -> None:
        """Take the words of a problem document, or of the errors beside a partial answer."""
        if not isinstance(body, Mapping):
            return
        errors = body.get("errors")
        for one in (body, *(errors if isinstance(errors, Sequence) and not isinstance(errors, str) else ())):
            if isinstance(one, Mapping):
                self.say([str(one[key]) for key in ("detail", "message") if one.get(key)])
                self._types += [str(one[key]) for key in ("type", "title", "reason") if one.get(key)]

    def say(self, words: Sequence[object]) -> None:
        """Take more words."""
        self._words += [str(one) for one in words if str(one) not in self._words]

    @property
    def words(self) -> str:
        """X's words, shortened, on one line."""
        return " ".join(" ".join(self._words).split())[:_LONGEST].rstrip(". ") or "no reason given"

    def partial(self) -> Trouble:
        """Return what a 200 means that made nothing: refused if it says so, else anybody's guess."""
        if self._words or self._types:
            return Denied(f"X did not do it: {self.words}", self._why())
        return Broken("X answered 200 but named nothing that it made")

    def _said(self) -> str:
        return " ".join((*self._words, *self._types)).lower()

    def _why(self) -> Why:
        said = self._said()
        return next((why for words, why in _WHY if words in said), Why.OTHER)

    def penniless(self) -> bool:
        """Tell whether it is about money or the app's cap."""
        return self.status == 402 or any(words in self._said() for words in _PENNILESS)

    def denied(self) -> Denied:
        """Return a refusal for good."""
        why = Why.GONE if self.status == 404 and self._why() is Why.OTHER else self._why()
        return Denied(f"X refuses it ({self.status}): {self.words}", why)


def judged(answer: Answer, limiter: Limiter, endpoint: str) -> Trouble:
    """Return the trouble that an answer of 400 or more means."""
    if answer.status >= 500:
        return Broken(f"X has a fault of its own ({answer.status})")
    if answer.penniless():
        return Penniless(f"X does nothing more for the app: {answer.words}")
    if answer.status == 429:
        return Throttled(f"X allows no more for now ({endpoint})", limiter.refused(endpoint, answer.headers))
    if answer.status == 401:
        return Revoked(f"X does not accept the tokens: {answer.words}")
    return answer.denied()
