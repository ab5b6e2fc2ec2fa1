"""What callers hear and choose: a menu of one level, a number if theirs is withheld, now or later, and who calls them.

Each step answers with TwiML and leads to the next by its address, which carries what was chosen so far: nothing is
kept between two steps, and any process of the fleet may be asked for the next one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from channels.errors import Unavailable
from channels.phone import numbers
from channels.phone.account import Account
from channels.phone.errors import Trouble
from channels.phone.intake import Asking, Taken
from channels.phone.limits import Rate
from channels.phone.parse import Call
from channels.phone.reach import Ask, Reach
from channels.phone.said import Said
from channels.phone.twiml import Twiml

#: How often a caller who presses nothing, or the wrong thing, is asked again.
ASKED = 3
#: Times offered at once on the telephone.
OFFERED = 3
#: Keys: for a person, for a reference, for more.
PERSON, REFERENCE, MORE = "0", "*", "9"
_NO_WAY = frozenset({"number", "premium", "short", "withheld"})


class Incoming:
    """Answers the provider's questions about calls to our number."""

    def __init__(self, account: Account, reach: Reach, said: Said) -> None:
        """Take the account's parts."""
        self._account, self._host, self._words = account, account.host, account.words
        self._intake, self._settings = account.intake, account.settings
        self._reach, self._said = reach, said
        per_hour = 6 * account.settings.requests_per_hour
        self._callers = Rate(per_hour=per_hour, burst=max(6, per_hour // 6))

    async def greet(self, call: Call, query: dict[str, str]) -> Twiml:  # noqa: ARG002  # all steps look alike
        """Tell the outage first; then put an open case through, or ask what it is about."""
        words, now = self._words, self._host.clock.now()
        outage = await self._account.outage()
        opening = [
            self._account.greeting(words),
            words("outage", outage=outage) if outage else "",
        ]
        if self._callers.wait_s(call.caller, now.timestamp()) > 0:
            return self._account.twiml().say(*opening, words("too_often")).hang_up()
        try:
            number = self._intake.checked(call.caller)
        except Trouble:
            number = ""
        case = await self._host.lookup(f"phone:{number}") if number else None
        if case is not None:
            through = await self._reach.put_through(call, case, opening)
            if through is not None:
                return through
        waits = await self._intake.waiting(number) if number else ""
        if waits:
            return await self._stands(waits, opening)
        if case is not None:
            return await self._on(
                {**_known(number), "c": case.reference}, call, [*opening, words("software")]
            )
        return await self._menu(_known(number), [*opening, words("software")])

    async def _stands(self, thread: str, opening: list[str]) -> Twiml:
        """Tell a caller who waits for a call already how it stands; they keep their place."""
        told = await self._said.standing(thread)
        if self._settings.listen:
            answer = self._account.twiml()
            part = answer.gather(self._url("add", {"t": thread}), timeout=5, listen=True)
            part.say(*opening, self._words("already"), *told, self._words("say_more"))
            return answer
        return (
            self._account.twiml()
            .say(*opening, self._words("already"), *told, self._words("goodbye"))
            .hang_up()
        )

    async def _menu(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        words = self._words
        answer = self._account.twiml()
        part = answer.gather(self._url("menu", state))
        part.say(*opening)
        part.say(*(words("option", about=about, key=key) for key, about in self._settings.menu.items()))
        part.say(words("option_person"), words("option_reference"))
        if not self._settings.menu:
            part.say(*self._when_said(await self._has_slots(state)))
        return answer

    async def menu(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the choice of the menu."""
        if call.digits == REFERENCE:
            return self._ask_reference(query, [])
        if call.digits == PERSON:
            return await self._on({**query, "p": "1", "w": "now"}, call)
        if not self._settings.menu and call.digits:
            return await self.when(call, query)
        if call.digits in self._settings.menu:
            return await self._on({**query, "b": call.digits}, call)
        return await self._again(query, lambda state: self._menu(state, [self._words("again")]))

    # --- an open case, by its reference

    def _ask_reference(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        answer = self._account.twiml()
        part = answer.gather(self._url("reference", state), digits=0, timeout=8, finish="#")
        part.say(*opening, self._words("type_reference"))
        return answer

    async def reference(self, call: Call, query: dict[str, str]) -> Twiml:
        """Put the caller through to whoever has the case of the typed reference."""
        case = await self._host.lookup(call.digits) if call.digits.isdigit() else None
        through = await self._reach.put_through(call, case, []) if case is not None else None
        if through is not None:
            return through
        if case is not None:
            return await self._on({**query, "c": case.reference, "w": "now"}, call)
        state = {key: value for key, value in query.items() if key != "k"}
        return await self._menu(state, [self._words("no_reference")])

    # --- the number

    def _ask_number(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        answer = self._account.twiml()
        part = answer.gather(self._url("number", state), digits=0, timeout=10, finish="#")
        part.say(*opening, self._words("type_number"))
        return answer

    async def number(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the number that was typed."""
        typed = call.digits
        try:
            number = self._intake.checked("+" + typed[2:] if typed.startswith("00") else typed)
        except Trouble as error:
            why = self._words("number_premium" if error.why == "premium" else "number_wrong")

            async def ask(state: Mapping[str, str]) -> Twiml:
                return self._ask_number(state, [why])

            return await self._again(query, ask)
        return await self._on({**query, **_known(number), "o": "1"}, call)

    # --- now or later

    async def _has_slots(self, state: Mapping[str, str]) -> bool:
        return bool(await self._intake.slots.free(self._intake.hours(_number(state))))

    def _when_said(self, slots: bool) -> list[str]:  # noqa: FBT001  # says whether there are any
        return [self._words("when" if slots else "when_no_slots")]

    async def _ask_when(self, state: Mapping[str, str], opening: list[str]) -> Twiml:
        answer = self._account.twiml()
        part = answer.gather(self._url("when", state))
        ending = self._account.ending(_number(state))
        part.say(*opening, self._words("use_number", ending=ending))
        part.say(*self._when_said(await self._has_slots(state)))
        return answer

    async def when(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take whether it is to be as soon as it is their turn, at a time, or on another number."""
        if call.digits == "1":
            return await self._on({**query, "w": "now"}, call)
        if call.digits == "2":
            return await self._ask_slot(query, 0, [])
        if call.digits == "3":
            return self._ask_number(query, [])
        return await self._again(query, lambda state: self._ask_when(state, [self._words("again")]))

    async def _ask_slot(self, state: Mapping[str, str], skip: int, opening: list[str]) -> Twiml:
        if not state.get("n"):
            return self._ask_number({**state, "w": "slot"}, opening)
        free = await self._intake.slots.free(self._intake.hours(_number(state)))
        offered = free[skip : skip + OFFERED]
        if not offered:
            return await self._finish({**state, "w": "now"}, None, [*opening, self._words("slot_none")])
        zone, now = self._account.zone_of(_number(state)), self._host.clock.now()
        times = "-".join(slot.start.strftime("%Y%m%dT%H%M") for slot in offered)
        answer = self._account.twiml()
        part = answer.gather(self._url("slot", {**state, "s": times, "f": str(skip)}))
        part.say(*opening)
        for key, slot in enumerate(offered, 1):
            said = self._words.at(slot.start, now, zone)
            part.say(self._words("slot_option", time=said, key=key))
        if len(free) > skip + OFFERED:
            part.say(self._words("slot_more"))
        return answer

    async def slot(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the chosen time."""
        times = query.get("s", "").split("-")
        skip = int(query.get("f", "0")) if query.get("f", "0").isdigit() else 0
        state = {key: value for key, value in query.items() if key not in {"s", "f"}}
        if call.digits == MORE:
            return await self._ask_slot(state, skip + OFFERED, [])
        if call.digits.isdigit() and 1 <= int(call.digits) <= len(times):
            return await self._on({**state, "w": times[int(call.digits) - 1]}, call)
        return await self._again(state, lambda asked: self._ask_slot(asked, skip, [self._words("again")]))

    # --- what it is about, in the caller's words

    def _ask_about(self, state: Mapping[str, str]) -> Twiml:
        answer = self._account.twiml()
        part = answer.gather(self._url("about", state), timeout=5, listen=True)
        part.say(self._words("say_about"))
        return answer

    async def about(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take what the caller said, or nothing."""
        return await self._finish(query, call, [])

    async def add(self, call: Call, query: dict[str, str]) -> Twiml:  # noqa: ARG002  # all steps look alike
        """Put what a caller says who waits already to their request."""
        words = self._words
        if not call.speech:
            return self._account.twiml().say(words("goodbye")).hang_up()
        try:
            asking = Asking(
                nonce=call.sid, way="tw", number=call.caller, text=call.speech, language=words.language
            )
            await self._intake.take(replace(asking, proved=call.proved))
        except Trouble:
            return self._account.twiml().say(words("too_often")).hang_up()
        return self._account.twiml().say(words("added"), words("goodbye")).hang_up()

    # --- done

    async def _on(self, state: Mapping[str, str], call: Call, opening: Sequence[str] = ()) -> Twiml:
        """Go on to whatever is not known yet."""
        state = {key: value for key, value in state.items() if key != "k"}
        if not state.get("n"):
            withheld = numbers.withheld(call.caller)
            return self._ask_number(state, [self._words("withheld" if withheld else "number_wrong")])
        if not await self._intake.welcome(_number(state)):
            return self._other_ways()
        if state.get("w") == "slot":
            return await self._ask_slot(state, 0, [])
        if state.get("w") and self._settings.listen and not state.get("p"):
            return self._ask_about(state)
        if state.get("w"):
            return await self._finish(state, call, [])
        return await self._ask_when(state, [*opening])

    def _other_ways(self) -> Twiml:
        ways = f" {self._words('or')} ".join(self._settings.other_ways)
        told = self._words("not_for_tier", ways=ways) if ways else self._words("not_for_tier_bare")
        return self._account.twiml().say(told, self._words("goodbye")).hang_up()

    async def _finish(self, state: Mapping[str, str], call: Call | None, opening: list[str]) -> Twiml:
        """Store the wish, then tell who calls and by when."""
        asking = self._asking(state, call)
        if asking is None:
            return self._account.twiml().redirect(self._url("done", state))
        at_once = state.get("p") == "1"
        thread = self._reach.thread(asking)
        if at_once:
            await self._intake.hold(thread, seconds=self._reach.HOLD_S)
        try:
            taken = await self._intake.take(asking)
        except Trouble as error:
            return await self._refused(error, state)
        except Unavailable:
            return self._account.twiml().say(self._words("unavailable")).hang_up()
        if at_once and not taken.already and call is not None:
            through = await self._reach.at_once(call, taken, opening)
            if through is not None:
                return through
        return await self._closing(taken, opening)

    async def ask(self, call: Call, query: dict[str, str]) -> Twiml:
        """Ask for what is still missing."""
        return await self._on(query, call)

    async def done(self, call: Call, query: dict[str, str]) -> Twiml:
        """Store the wish of a caller who was led here without a key."""
        return await self._finish(query, call, [])

    async def _closing(self, taken: Taken, opening: list[str]) -> Twiml:
        words = self._words
        told = await self._said.told(taken)
        retries = "" if taken.already else self._account.retries(words)
        answer = self._account.twiml()
        return answer.say(*opening, *told, retries, words("goodbye")).hang_up()

    async def _refused(self, error: Trouble, state: Mapping[str, str]) -> Twiml:
        """Say why it was not taken, and what else there is."""
        if error.why == "tier":
            return self._other_ways()
        if error.why in {"slot", "quiet"}:
            return await self._ask_slot(state, 0, [self._words("slot_gone")])
        if error.why in _NO_WAY:
            return self._ask_number(state, [self._words("number_wrong")])
        return self._account.twiml().say(self._words("too_often")).hang_up()

    def _asking(self, state: Mapping[str, str], call: Call | None) -> Asking | None:
        if call is None:
            return None
        about = self._settings.menu.get(state.get("b", ""), "")
        same = state.get("o") != "1"
        asking = Asking(
            nonce=call.sid,
            way="tw",
            number=_number(state),
            about=about,
            text=call.speech,
            slot=_slot(state.get("w", "")),
            language=self._words.language,
            proved=call.proved and same,
        )
        if state.get("c"):
            return replace(asking, said=self._words("asked_case", reference=state["c"]))
        said = self._words("asked_about", about=about) if about else self._words("asked")
        return replace(asking, said=said)

    async def _again(self, state: Mapping[str, str], ask: Ask) -> Twiml:
        """Ask once more; a caller who never presses anything is left in peace."""
        time = int(state.get("k", "1")) if state.get("k", "1").isdigit() else 1
        if time >= ASKED:
            return self._account.twiml().say(self._words("goodbye")).hang_up()
        return await ask({**state, "k": str(time + 1)})

    def _url(self, step: str, state: Mapping[str, str]) -> str:
        return self._account.url(step, state)


def _known(number: str) -> dict[str, str]:
    """Return a number as addresses carry it: digits alone, as proxies write a plus anew."""
    return {"n": number.lstrip("+")} if number else {}


def _number(state: Mapping[str, str]) -> str:
    return f"+{state['n']}" if state.get("n") else ""


def _slot(text: str) -> datetime | None:
    """Return the time that an address carries; None for "now"."""
    try:
        return datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%z")
    except ValueError:
        return None
