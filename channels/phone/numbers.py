"""Telephone numbers: what may be called, what is withheld, where it is and what its clock shows."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers import timezone as zones

#: What stands in place of a number that its owner withholds: words, and the same words on the keys of a telephone.
WITHHELD = frozenset(
    {
        "anonymous", "anon", "blocked", "private", "restricted", "unavailable", "unknown", "withheld",
        "+266696687", "266696687",  # ANONYMOUS
        "+86282452253", "86282452253",  # UNAVAILABLE
        "+7378742833", "7378742833",  # RESTRICTED
        "+2562533", "2562533",  # BLOCKED
        "+8656696", "8656696",  # UNKNOWN
        "+464", "464", "+1", "0", "",
    }
)  # fmt: skip

_DEAR = {
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.PERSONAL_NUMBER,  # follow their owner at the caller's expense, such as +44 70
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
    PhoneNumberType.PAGER,
    PhoneNumberType.VOICEMAIL,
}
#: Country codes of satellites and other networks above countries: a minute costs more than an hour elsewhere.
_DEAR_CODES = frozenset({870, 878, 881, 882, 883})
#: Zones whose clock is a larger neighbour's: the neighbour's name is the one that people know.
_LESSER = frozenset(
    {
        "America/Kralendijk", "Arctic/Longyearbyen", "Europe/Busingen", "Europe/Guernsey", "Europe/Isle_of_Man",
        "Europe/Jersey", "Europe/Mariehamn", "Europe/San_Marino", "Europe/Vatican",
    }
)  # fmt: skip
_LONGEST = 40


class NotCallable(ValueError):
    """The number cannot or may not be called; `why` is for programs: withheld, wrong, premium or short."""

    def __init__(self, why: str, text: str) -> None:
        """Take a word for programs and a sentence."""
        super().__init__(text)
        self.why = why


def checked(text: str, country: str) -> str:
    """Return the number in international form (E.164). Raises NotCallable.

    A number without a country code is one of `country`.
    """
    text = text.strip()
    if withheld(text):
        raise NotCallable("withheld", "the number is withheld")
    found = _parsed(text, country)
    if found.country_code in _DEAR_CODES or phonenumbers.number_type(found) in _DEAR:
        raise NotCallable("premium", "calls to that number cost extra")
    if not phonenumbers.is_valid_number(found):
        raise NotCallable("wrong", "there is no such number")
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def _parsed(text: str, country: str) -> PhoneNumber:
    if len(text) > _LONGEST:
        raise NotCallable("wrong", "that is too long for a number")
    if text.isdigit() and phonenumbers.is_possible_short_number_for_region(_plain(text, country), country):
        raise NotCallable("short", "short numbers cannot be called")
    try:
        found = phonenumbers.parse(text, country)
    except NumberParseException:
        raise NotCallable("wrong", "that is not a number") from None
    if found.extension:
        raise NotCallable("wrong", "numbers with an extension cannot be called")
    return found


def _plain(text: str, country: str) -> PhoneNumber:
    code = phonenumbers.country_code_for_region(country)
    return PhoneNumber(country_code=code, national_number=int(text))


def withheld(text: str) -> bool:
    """Tell whether the caller keeps their number to themselves."""
    return text.strip().lower() in WITHHELD or text.strip().lower().startswith(("anonymous", "sip:anonymous"))


def own(text: str) -> str:
    """Return our own number in international form. Raises ValueError saying what is wrong."""
    try:
        found = phonenumbers.parse(text, None)
    except NumberParseException:
        raise ValueError(f"{text!r} is not an international number; write it like +4570123456") from None
    if not phonenumbers.is_possible_number(found):
        raise ValueError(f"{text!r} is too long or too short for a number")
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def country_of(number: str) -> str:
    """Return the two letters of the number's country; "" when it has none."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""


def known_country(country: str) -> bool:
    """Tell whether numbers of the country can be understood."""
    return country in phonenumbers.SUPPORTED_REGIONS or country == "001"


def zones_of(number: str) -> Sequence[ZoneInfo]:
    """Return the time zones in which the number may ring; none when nobody can tell."""
    found = []
    for name in zones.time_zones_for_number(phonenumbers.parse(number, None)):
        try:
            found.append(ZoneInfo(name))
        except (KeyError, ValueError, OSError):  # `Etc/Unknown`, or older than this machine's tables
            continue
    return [zone for zone in found if zone.key not in _LESSER] or found


def ending(number: str) -> str:
    """Return the last four digits: enough to know one's own number by, too little to call it."""
    return "".join(one for one in number if one.isdigit())[-4:]
