"""The questions that callers are asked: each says something and waits for keys or words."""

from collections.abc import Mapping

from channels.phone.account import Account
from channels.phone.twiml import Twiml

#: Times offered at once on the telephone.
OFFERED = 3


class Questions:
    """Builds the questions; what was chosen so far is carried by the address of the answer."""

    def __init__(self, account: Account) -> None:
        """Take the account's parts."""
        self._account, self._words = account, account.words
        self._intake, self._settings = account.intake, account.settings

    async def menu(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        """Ask what it is about: the options, 0 for a person, a star for a reference."""
        words = self._words
        answer = self._account.twiml()
        part = answer.gather(self._url("menu", state))
        part.say(*opening)
        part.say(*(words("option", about=about, key=key) for key, about in self._settings.menu.items()))
        part.say(words("option_person"), words("option_reference"))
        if not self._settings.menu:
            part.say(*self._when_said(await self._has_slots(state)))
        return answer

    def reference(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        """Ask for the characters of a reference."""
        answer = self._account.twiml()
        part = answer.gather(self._url("reference", state), digits=0, timeout=8, finish="#")
        part.say(*opening, self._words("type_reference"))
        return answer

    def number(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        """Ask for the number to be called."""
        answer = self._account.twiml()
        part = answer.gather(self._url("number", state), digits=0, timeout=10, finish="#")
        part.say(*opening, self._words("type_number"))
        return answer

    async def _has_slots(self, state: Mapping[str, str]) -> bool:
        return bool(await self._intake.slots.free(self._intake.hours(number_of(state))))

    def _when_said(self, slots: bool) -> list[str]:  # noqa: FBT001  # says whether there are any
        return [self._words("when" if slots else "when_no_slots")]

    async def when(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        """Ask whether it is to be now or later."""
        answer = self._account.twiml()
        part = answer.gather(self._url("when", state))
        ending = self._account.ending(number_of(state))
        part.say(*opening, self._words("use_number", ending=ending))
        part.say(*self._when_said(await self._has_slots(state)))
        return answer

    async def slot(self, state: Mapping[str, str], skip: int, opening: list[str]) -> Twiml:
        """Offer free times, or the next of them; where none is left, it is as soon as it is their turn."""
        if not state.get("n"):
            return self.number({**state, "w": "slot"}, opening)
        free = await self._intake.slots.free(self._intake.hours(number_of(state)))
        offered = free[skip : skip + OFFERED]
        if not offered:
            told = [*opening, self._words("slot_none")]
            return self._account.twiml().say(*told).redirect(self._url("done", {**state, "w": "now"}))
        zone, now = self._account.zone_of(number_of(state)), self._account.host.clock.now()
        times = "-".join(slot.start.strftime("%Y%m%dT%H%M") for slot in offered)
        answer = self._account.twiml()
        part = answer.gather(self._url("slot", {**state, "s": times, "f": str(skip)}))
        part.say(*opening, self._account.zone_said(self._words, number_of(state)))
        for key, slot in enumerate(offered, 1):
            said = self._words.at(slot.start, now, zone)
            part.say(self._words("slot_option", time=said, key=key))
        if len(free) > skip + OFFERED:
            part.say(self._words("slot_more"))
        return answer

    def about(self, state: Mapping[str, str]) -> Twiml:
        """Ask what it is about, in the caller's words."""
        answer = self._account.twiml()
        part = answer.gather(self._url("about", state), timeout=5, listen=True)
        part.say(self._words("say_about"))
        return answer

    def other_ways(self) -> Twiml:
        """Tell what else there is, to those whom callbacks are not for."""
        ways = f" {self._words('or')} ".join(self._settings.other_ways)
        told = self._words("not_for_tier", ways=ways) if ways else self._words("not_for_tier_bare")
        return self._account.twiml().say(told, self._words("goodbye")).hang_up()

    def _url(self, step: str, state: Mapping[str, str]) -> str:
        return self._account.url(step, state)


def known(number: str) -> dict[str, str]:
    """Return a number as addresses carry it: digits alone, as proxies write a plus anew."""
    return {"n": number.lstrip("+")} if number else {}


def number_of(state: Mapping[str, str]) -> str:
    """Return the number that an address carries; "" = none yet."""
    return f"+{state['n']}" if state.get("n") else ""
