"""Shares as people write them: 95% or 0.95."""

import re
from collections.abc import Callable

PATTERN = r"^\d{1,3}([.,]\d+)?%$|^0?[.]\d+$"
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d+)?) ?%|(0?\.\d+)")


def between(least: float, most: float) -> Callable[[str], float]:
    """Return a reader of shares within limits, which raises ValueError with what to write."""

    def read(text: str) -> float:
        found = _SHARE.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not a share; write it like {said(most)} or {most:g}")
        value = float(found[2]) if found[2] else round(float(found[1].replace(",", ".")) / 100, 6)
        if not least <= value <= most:
            raise ValueError(f"{text!r} is out of range; write a share from {said(least)} to {said(most)}")
        return value

    return read


def said(share: float) -> str:
    """Return a share in per cent: `95%`, `99.5%`."""
    return f"{share * 100:g}%"
