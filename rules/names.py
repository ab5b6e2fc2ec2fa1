"""Names in a rules file: their form, and what was probably meant by one that is not known."""

import difflib
import re
import zoneinfo
from collections.abc import Collection
from zoneinfo import ZoneInfo

#: The channels of the product; a rules file may name them whether or not their folders are installed.
CHANNELS = ("email", "twitter", "facebook", "phone", "webchat", "forum")
#: Form of names for JSON Schema, whose engines know letters differently.
SCHEMA_NAME = r"^[^\s|,.:_-][^\s|,.:]{0,63}$"
_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,255}")

# ISO 639-1
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is
it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms
mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk
sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi
yo za zh zu
"""
#: ISO 639-1.
LANGUAGES = frozenset(_CODES.split())
_SLIPS = """
danish:da dansk:da dk:da english:en eng:en gb:en us:en russian:ru german:de deutsch:de french:fr spanish:es
norwegian:no swedish:sv polish:pl dutch:nl italian:it portuguese:pt finnish:fi czech:cs cz:cs ukrainian:uk
chinese:zh cn:zh japanese:ja jp:ja
"""
_MEANT = dict(pair.split(":") for pair in _SLIPS.split())


def suggest(word: str, known: Collection[str], what: str = "known") -> str:
    """Return how to mend an unknown word: the nearest known one, else what there is to choose from."""
    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=0.6)
    if near:
        return f"did you mean '{by_fold[near[0]]}'?"
    if not known:
        return "there are none yet"
    shown = sorted(known) if isinstance(known, set | frozenset) else list(known)
    rest = ", …" if len(shown) > 15 else ""
    return f"{what}: {', '.join(shown[:15])}{rest}"


def name(text: str) -> str:
    """Return the text if it can be a name; raises ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be a name: use letters, digits, - and _ (at most 64), such as billing"
        )
    return text


def language(text: str) -> str:
    """Return an ISO 639-1 code; raises ValueError."""
    code = text.strip().lower()
    if code in LANGUAGES:
        return code
    base = re.split(r"[-_]", code)[0]
    meant = _MEANT.get(code) or (base if base in LANGUAGES else "")
    hint = f"did you mean '{meant}'?" if meant else "write two letters, such as en, da or de"
    raise ValueError(f"{text!r} is not a language code; {hint}")


def zone(text: str) -> ZoneInfo:
    """Return an IANA time zone; raises ValueError."""
    try:
        if text not in {"", "localtime"}:
            return ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        pass
    zones = sorted(each for each in zoneinfo.available_timezones() if "/" in each or each == "UTC")
    cities = {each.rsplit("/", 1)[-1].casefold(): each for each in zones}
    near = difflib.get_close_matches(text, zones, n=1, cutoff=0.7)
    meant = cities.get(text.casefold().replace(" ", "_").rsplit("/", 1)[-1]) or "".join(near)
    hint = f"did you mean '{meant}'?" if meant else "write region and city, such as Europe/Copenhagen"
    raise ValueError(f"{text!r} is not a time zone; {hint}")


def phone(text: str) -> str:
    """Return a number in international form (E.164); raises ValueError."""
    number = re.sub(r"[\s().-]", "", text)
    if not _PHONE.fullmatch(number):
        raise ValueError(f'{text!r} is not an international phone number; write it like "+4512345678"')
    return number


def email(text: str) -> str:
    """Return an address; raises ValueError."""
    if not _EMAIL.fullmatch(text):
        raise ValueError(f"{text!r} is not an email address; write it like maria@example.com")
    return text
