"""Public holidays by country or region, from the `holidays` library, read when first needed."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import ModuleType

from rules.names import suggest


def code(text: str) -> str:
    """Return a country or region code such as `DK` or `DE-BY`; raises ValueError."""
    wanted = text.strip().upper()
    country, _, region = wanted.partition("-")
    known = _supported()
    if country not in known:
        hint = (
            suggest(country, known)
            if len(country) == 2
            else "write two letters, such as DK, or DE-BY for a region"
        )
        raise ValueError(f"there are no holidays for {text!r}; {hint}")
    regions = {each.upper() for each in known[country]}
    if region and region not in regions:
        raise ValueError(f"{country} has no region {region!r}; {suggest(region, regions, 'regions')}")
    return wanted


@lru_cache(maxsize=1024)
def holidays_of(code: str, year: int) -> Mapping[date, str]:
    """Return a year's holidays with their names, in English where the library has them."""
    if not 1950 <= year <= 2150:  # laws beyond are not known; questions about such years come from mistakes
        return {}
    library = _library()
    country, _, region = code.partition("-")
    subdivision = next((each for each in _supported()[country] if each.upper() == region), None)
    english = "en_US" if "en_US" in getattr(library, country).supported_languages else None
    found = library.country_holidays(country, subdiv=subdivision, years=year, language=english)
    return dict(found.items())


@lru_cache(maxsize=1)
def _supported() -> Mapping[str, list[str]]:
    supported: Mapping[str, list[str]] = _library().list_supported_countries(include_aliases=True)
    return supported


def _library() -> ModuleType:
    import holidays  # noqa: PLC0415  # takes a second to import; most files name no country

    return holidays
