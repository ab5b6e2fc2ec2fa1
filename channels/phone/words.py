"""The channel's words in every language, and times as people say them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "words"
FALLBACK = "en"


class Words:
    """The words of one language."""

    def __init__(self, language: str, texts: Mapping[str, Any]) -> None:
        """Take the texts by name."""
        self.language, self._texts = language, texts

    def __call__(self, name: str, **fields: object) -> str:
        """Return a text with its fields filled in; what is filled in is taken as it is."""
        text = str(self._texts[name])
        for key, value in fields.items():
            text = text.replace("{" + key + "}", str(value).replace("{", "(").replace("}", ")"))
        return text

    def listed(self, name: str) -> Sequence[str]:
        """Return a list of words, such as the weekdays."""
        return [str(one) for one in self._texts[name]]

    def at(self, time: datetime, now: datetime, zone: ZoneInfo) -> str:
        """Return a time as people say it, such as `14:30 tomorrow`."""
        local, today = time.astimezone(zone), now.astimezone(zone).date()
        clock = f"{local:%H:%M}"
        if local.date() == today:
            return self("today", clock=clock)
        if local.date() == today + timedelta(days=1):
            return self("tomorrow", clock=clock)
        return self(
            "later",
            clock=clock,
            weekday=self.listed("weekdays")[local.weekday()],
            day=local.day,
            month=self.listed("months")[local.month - 1],
        )

    def lengths(self, seconds: Sequence[float]) -> str:
        """Return lengths of time as a list, such as `5 minutes and 2 hours`."""
        said = [self._length(one) for one in seconds]
        return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {self('and')} {said[-1]}"

    def _length(self, seconds: float) -> str:
        minutes = max(1, round(seconds / 60))
        name, count = ("hours", minutes // 60) if minutes % 60 == 0 else ("minutes", minutes)
        forms = self.listed(name)
        return forms[_form(count, len(forms))].replace("{n}", str(count))

    def spoke(self, seconds: float) -> str:
        """Return how long somebody spoke, such as `3 min 20 s`."""
        minutes, rest = divmod(round(seconds), 60)
        return self("length", m=minutes, s=rest)


def _form(count: int, forms: int) -> int:
    """Return which form a number takes (Unicode CLDR plural rules: two forms, or the three of Russian)."""
    if forms < 3:
        return 0 if count == 1 else forms - 1
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2


@cache
def all_words() -> Mapping[str, Words]:
    """Return the words by language; read once."""
    return {
        path.stem: Words(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("*.json"))
    }


def pick(wanted: Sequence[str], fallback: str) -> Words:
    """Return the words of the first wanted language that there is."""
    known = all_words()
    codes = [one.strip().lower().partition("-")[0] for one in (*wanted, fallback, FALLBACK)]
    return next(known[code] for code in codes if code in known)
