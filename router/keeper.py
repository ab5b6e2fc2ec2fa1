"""The house in force: rules, wording, accounts and switches, made anew when one of them changes."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from channels import registry
from channels.port import Clock
from router import log
from router.errors import StoreError
from router.foresight import Foresight
from router.house import Account, House
from router.ports import Store
from router.reading.language import detect
from router.settings import Settings
from router.switches import NOTES, SWITCH, is_paused
from router.voice import consent, turning
from rules.evaluate import Rulebook
from rules.wording import Wording

logger = log.get(__name__)

#: How often the store is asked whether a switch was turned.
POLL_S = 1.0
#: Settings that hold our own addresses, whatever the channel.
OWN_ADDRESSES = ("address", "aliases")


class Keeper:
    """Holds the current House and notices changes that other processes made in the store."""

    def __init__(self, house: House, store: Store, clock: Clock) -> None:
        """Start from the house as built."""
        self._house, self._store, self._clock = house, store, clock
        self._foresight = Foresight(store, clock)

    def __call__(self) -> House:
        """Return the house in force."""
        return self._house

    def book(self) -> Rulebook:
        """Return the rules in force."""
        return self._house.book

    async def run(self) -> None:
        """Look for turned switches until cancelled."""
        while True:
            try:
                await self.refresh()
            except StoreError as error:
                logger.warning("switches not read", error=type(error).__name__)
            await self._clock.sleep(POLL_S)

    async def refresh(self) -> None:
        """Take over the switches, and what promises are computed from, as the store has them now."""
        paused = is_paused(await self._store.record(SWITCH, NOTES))
        if paused != self._house.paused:
            logger.info("notes paused" if paused else "notes resumed")
            self._house = replace(self._house, paused=paused)
        if not self._house.book.sample:
            agreed = await consent.voices(self._store)
            if agreed != self._house.voices:
                self._house = replace(self._house, voices=agreed)
        self._house = await self._foresight.refreshed(self._house)
        await turning.read(self._house.turns, self._store)
        await turning.write(self._house.turns, self._store)


def build_house(settings: Settings, book: Rulebook, wording: Wording, secret: bytes) -> House:
    """Put the house together from settings, rules and wording."""
    accounts = {
        (channel, name): account(channel, name, given) for channel, name, given in settings.accounts()
    }
    languages = tuple(wording.languages)
    return House(
        book=book,
        wording=wording,
        accounts=accounts,
        ours=frozenset(_ours(settings)),
        staff=_staff(book),
        secret=secret,
        public_url=settings.public_url,
        links_url=links_url(settings),
        voices=None if book.sample else {},  # nobody asks people who are made up
        detect=_detector(languages),
    )


def links_url(settings: Settings) -> str:
    """Return where customers open the links of notes; "" where they could not.

    An address on this machine is only good while every account stays on it too: nobody else can open it.
    """
    outside = set(settings.outside)
    away = any(f"{channel}.{name}" in outside for channel, name, _ in settings.accounts())
    return "" if away and "public_url" not in outside else settings.public_url


def account(channel: str, name: str, given: Mapping[str, Any]) -> Account:
    """Return what the router must know of an account."""
    manifest = registry.manifest(channel)
    able = manifest.capabilities
    return Account(
        channel=channel,
        name=name,
        identity=manifest.identity,
        style=able.style,
        live=able.live,
        language=str(given.get("language") or "en"),
        zone=str(given.get("zone") or "UTC"),
        address=str(given.get("address_form") or "formal"),
        disclose=bool(given.get("disclose")),
        reference_in_note=able.reference_in_note,
        links=able.links,
        one_automatic_reply=able.one_automatic_reply,
        reply_window_s=able.reply_window_s,
        sends_per_minute=float(given.get("sends_per_minute") or able.sends_per_minute),
    )


def _ours(settings: Settings) -> list[str]:
    found = []
    for channel, _, given in settings.accounts():
        kind = registry.manifest(channel).identity
        for key in OWN_ADDRESSES:
            value = given.get(key) or ()
            found += [f"{kind}:{one.casefold()}" for one in ([value] if isinstance(value, str) else value)]
    return found


def _staff(book: Rulebook) -> dict[str, str]:
    found = {}
    for person in book.people.values():
        if person.email:
            found[f"email:{person.email.casefold()}"] = person.id
        if person.phone:
            found[f"phone:{person.phone}"] = person.id
    return found


def _detector(languages: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: detect(text, among=languages)
