"""Tells a closing "thanks" from a message that wants an answer: it must not start a clock, and no question be lost."""

import re
import unicodedata
from collections.abc import Collection

from router.reading.closings import BESIDE, THANKS

#: Longer than this is never only a thank-you.
LONGEST = 200

#: At least one of these must be there.
_THANKS = re.compile(
    r"\b(?:thanks?|thankyou|thx|ty|cheers|tak|danke|dank|mercis?|gracias|спасибо|благодарю)\b"
)
_CLOSING = {
    language: re.compile(rf"(?:(?:{thanks}|{BESIDE[language]}) )+".casefold())
    for language, thanks in THANKS.items()
}
_WORD = re.compile(r"[^\W\d_]+")
#: Besides letters only these say nothing more; any other sign may, such as a frown, a number or a question mark.
_SMILES = re.compile(r"[:;]-?[)D]|[🙏👍👌👏💪🎉🌸🌷🌞😀😃😄😁😊🙂😉😍🥰😘🤗☺❤💛💚💙♥✌🏻🏼🏽🏾🏿\ufe0f]")
_FROWN = re.compile(r"[:;]-?[(\[/|]")
_QUIET = re.compile(r"[\w\s.,!¡;:'’`\"„“”«»()…–—-]*")


def says_thanks(text: str) -> bool:
    """Tell whether the text says thank you, whatever else it says."""
    return _THANKS.search(_plain(text)) is not None


def is_closing_thanks(text: str, names: Collection[str] = ()) -> bool:
    """Tell whether the text says thank you and nothing else, in one of our languages.

    `names` are those of the people who talk here; they may stand in it. In doubt it is no thanks: a clock
    that starts needlessly costs a look, a question that is lost costs a customer.
    """
    plain = _SMILES.sub(" ", _plain(text)).strip()
    if not plain or len(plain) > LONGEST or not _THANKS.search(plain):
        return False
    if not _QUIET.fullmatch(plain) or _FROWN.search(plain) or any(letter.isdigit() for letter in plain):
        return False
    known = {word for name in names for word in _WORD.findall(_plain(name))}
    said = "".join(f"{word} " for word in _WORD.findall(plain) if word not in known)
    return any(closing.fullmatch(said) for closing in _CLOSING.values())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
