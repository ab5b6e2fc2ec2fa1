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
from channels.phone.questions import OFFERED, Questions, known, number_of
from channels.phone.reach import Ask, Reach
from channels.phone.said import Said
from channels.phone.twiml import Twiml

#: How often a caller who presses nothing, or the wrong thing, is asked again.
ASKED = 3
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
        self._ask = Questions(account)
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
        nameless = numbers.withheld(call.caller)  # of whom nobody can say how often they call
        if not nameless and self._callers.wait_s(call.caller, now.timestamp()) > 0:
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
            return await self._stands(waits, number, opening)
        if case is not None:
            return await self._on({**known(number), "c": case.reference}, call, [*opening, words("software")])
        return await self._ask.menu(known(number), [*opening, words("software")])

    async def _stands(self, thread: str, number: str, opening: list[str]) -> Twiml:
        """Tell a caller who waits for a call already how it stands; they keep their place."""
        told = await self._said.standing(thread, number)
        if self._settings.listen:
            answer = self._account.twiml()
            part = answer.gather(self._account.url("add", {"t": thread}), timeout=5, listen=True)
            part.say(*opening, self._words("already"), *told, self._words("say_more"))
            return answer
        return (
            self._account.twiml()
            .say(*opening, self._words("already"), *told, self._words("goodbye"))
            .hang_up()
        )

    async def menu(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the choice of the menu."""
        if call.digits == REFERENCE:
            return self._ask.reference(query, [])
        if call.digits == PERSON:
            return await self._on({**query, "p": "1", "w": "now"}, call)
        if not self._settings.menu and call.digits:
            return await self.when(call, query)
        if call.digits in self._settings.menu:
            return await self._on({**query, "b": call.digits}, call)
        return await self._again(query, lambda state: self._ask.menu(state, [self._words("again")]))

    # --- an open case, by its reference

    async def reference(self, call: Call, query: dict[str, str]) -> Twiml:
        """Put the caller through to whoever has the case of the typed reference."""
        case = await self._host.lookup(call.digits) if call.digits.isdigit() else None
        if case is not None:
            through = await self._reach.put_through(call, case, [], typed=True)
            return through or await self._on({**query, "c": case.reference, "w": "now"}, call)
        tried = 1 + int(query.get("r", "0"))
        if tried >= ASKED:  # nobody guesses on
            return self._account.twiml().say(self._words("no_reference"), self._words("goodbye")).hang_up()
        state = {key: value for key, value in query.items() if key != "k"} | {"r": str(tried)}
        return await self._ask.menu(state, [self._words("no_reference")])

    # --- the number

    async def number(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the number that was typed."""
        typed = call.digits
        try:
            number = self._intake.checked("+" + typed[2:] if typed.startswith("00") else typed)
        except Trouble as error:
            why = self._words("number_premium" if error.why == "premium" else "number_wrong")

            async def ask(state: Mapping[str, str]) -> Twiml:
                return self._ask.number(state, [why])

            return await self._again(query, ask)
        return await self._on({**query, **known(number), "o": "1"}, call)

    # --- now or later

    async def when(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take whether it is to be as soon as it is their turn, at a time, or on another number."""
        if call.digits == "1":
            return await self._on({**query, "w": "now"}, call)
        if call.digits == "2":
            return await self._ask.slot(query, 0, [])
        if call.digits == "3":
            return self._ask.number(query, [])
        return await self._again(query, lambda state: self._ask.when(state, [self._words("again")]))

    async def slot(self, call: Call, query: dict[str, str]) -> Twiml:
        """Take the chosen time."""
        times = query.get("s", "").split("-")
        skip = int(query.get("f", "0")) if query.get("f", "0").isdigit() else 0
        state = {key: value for key, value in query.items() if key not in {"s", "f"}}
        if call.digits == MORE:
            return await self._ask.slot(state, skip + OFFERED, [])
        if call.digits.isdigit() and 1 <= int(call.digits) <= len(times):
            return await self._on({**state, "w": times[int(call.digits) - 1]}, call)
        return await self._again(state, lambda asked: self._ask.slot(asked, skip, [self._words("again")]))

    # --- what it is about, in the caller's words

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
            return self._ask.number(state, [self._words("withheld" if withheld else "number_wrong")])
        if not await self._intake.welcome(number_of(state)):
            return self._ask.other_ways()
        if state.get("w") == "slot":
            return await self._ask.slot(state, 0, [])
        if state.get("w") and self._settings.listen and not state.get("p"):
            return self._ask.about(state)
        if state.get("w"):
            return await self._finish(state, call, [])
        return await self._ask.when(state, [*opening])

    async def _finish(self, state: Mapping[str, str], call: Call, opening: list[str]) -> Twiml:
        """Store the wish, then tell who calls and by when."""
        asking = self._asking(state, call)
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
        if at_once and not taken.already:
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
            return self._ask.other_ways()
        if error.why in {"slot", "quiet"}:
            return await self._ask.slot(state, 0, [self._words("slot_gone")])
        if error.why in _NO_WAY:
            return self._ask.number(state, [self._words("number_wrong")])
        return self._account.twiml().say(self._words("too_often")).hang_up()

    def _asking(self, state: Mapping[str, str], call: Call) -> Asking:
        about = self._settings.menu.get(state.get("b", ""), "")
        same = state.get("o") != "1"
        asking = Asking(
            nonce=call.sid,
            way="tw",
            number=number_of(state),
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


def _slot(text: str) -> datetime | None:
    """Return the time that an address carries; None for "now"."""
    try:
        return datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%z")
    except ValueError:
        return None
