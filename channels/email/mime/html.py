"""HTML to text, for reading, searching and rules."""

import html as entities
import re

_TAG = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"<(style|script|head)\b[^<]*(?:<(?!/\1)[^<]*)*</\1>", re.IGNORECASE)


def text(markup: str) -> str:
    """Return what the HTML says, laid out as text."""
    # inscriptis brings lxml; only mails with nothing but HTML pay for loading it.
    from inscriptis import get_text  # noqa: PLC0415  # see above
    from inscriptis.model.config import ParserConfig  # noqa: PLC0415  # see above

    try:
        laid_out = get_text(markup.replace("\x00", ""), ParserConfig(display_links=False))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, SyntaxError):
        return bare(markup)
    return _tidy(str(laid_out))


def bare(markup: str) -> str:
    """Return the HTML with its tags cut out, in linear time."""
    return _tidy(entities.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", markup))))


def _tidy(laid_out: str) -> str:
    lines = (line.rstrip() for line in laid_out.replace("\u00a0", " ").splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
