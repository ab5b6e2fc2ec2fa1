"""Putting a caller through at once: to whoever has their case, then to the lead, who press 1 to take the call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from channels.phone import memos, parse
from channels.phone.account import Account
from channels.phone.errors import Trouble
from channels.phone.intake import Asking, Taken, thread_of
from channels.phone.parse import Call, Talk
from channels.phone.said import Said
from channels.phone.twiml import Twiml
from channels.port import Case

#: Asks a question again, with what was chosen so far.
Ask: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Twiml]]

#: Seconds that an agent's telephone rings for a caller who waits on the line.
RING_S = 20
PRESS_S = 7
#: The longest talk in which nobody else is called for its customer.
TALK_S = 2 * 3600.0
_KEEP_S = 6 * 3600.0


class Through(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A caller being put through: for whom, and who took it."""

    reference: str
    #: The case's thread where it is one of this account, else a name to cite it by.
    thread: str = ""
    cite: str = ""
    number: str = ""
    customer: str = ""
    #: Those who may take it, in order: (name, number).
    people: list[tuple[str, str]]
    #: Which of them was tried last, and whether they pressed 1.
    tried: int = 0
    accepted: bool = False
    #: True when the caller typed a reference: nothing proves who they are.
    typed: bool = False
    #: True when the caller has asked to be called and keeps their place if nobody can come.
    keeps_place: bool = False


class Reach:
    """Puts callers through; what is under way is kept by the caller's call."""

    #: Nobody is called for a thread whose customer is being put through, for so many seconds at most.
    HOLD_S = 180.0

    def __init__(self, account: Account, said: Said) -> None:
        """Take the account's parts."""
        self._account, self._host, self._words = account, account.host, account.words
        self._intake, self._said = account.intake, said

    @staticmethod
    def thread(asking: Asking) -> str:
        """Return the thread that the wish will have."""
        return thread_of(asking)

    async def put_through(
        self, call: Call, case: Case, opening: list[str], *, typed: bool = False
    ) -> Twiml | None:
        """Dial whoever has the case, or the lead; None when neither can be called, or it waits in our own line."""
        ours = (case.channel, case.account) == (self._host.channel, self._host.account)
        if ours and not case.assigned and case.status != "pending":
            return None
        people = _people(case)
        if not people:
            return None
        through = Through(
            reference=case.reference,
            thread=case.thread if ours else "",
            cite="" if ours else case.cite,
            number=call.caller,
            people=people,
            typed=typed,
        )
        if ours:
            await self._intake.hold(case.thread, seconds=self.HOLD_S)
        return await self._dial(call.sid, through, [*opening, self._words("connecting")])

    async def at_once(self, call: Call, taken: Taken, opening: list[str]) -> Twiml | None:
        """Dial whoever was just given the wish of a caller who asked for a person; None when nobody is free."""
        told = await self._said.told(taken)
        case = await self._host.lookup(f"phone:{taken.number}")
        mine = case is not None and case.thread == taken.thread and case.assigned
        if case is None or not mine or not case.person_phone or taken.quiet_until is not None:
            await self._intake.let_go(taken.thread)
            return None
        through = Through(
            reference=case.reference,
            thread=case.thread,
            number=taken.number,
            people=[(case.person, case.person_phone)],
            keeps_place=True,
        )
        return await self._dial(call.sid, through, [*opening, *told, self._words("connecting_person")])

    async def _dial(self, sid: str, through: Through, opening: list[str]) -> Twiml:
        await memos.change(self._host, _name(sid), Through, lambda _: through, keep_s=_KEEP_S)
        _, number = through.people[through.tried]
        asked = {"p": sid, "i": str(through.tried)}
        leg = {"url": self._account.url("whisper", asked), "method": "POST"}
        return (
            self._account.twiml()
            .say(*opening)
            .dial(
                number,
                leg=leg,
                action=self._account.url("reached", asked),
                callerId=self._account.settings.number,
                timeout=str(RING_S),
                answerOnBridge="true",
            )
        )

    async def whisper(self, call: Call, query: dict[str, str]) -> Twiml:  # noqa: ARG002  # all steps look alike
        """Tell whoever answers who is on the line, and ask for 1."""
        through = await self._through(query)
        if through is None:
            return self._account.twiml().hang_up()
        answer = self._account.twiml()
        answer.gather(self._account.url("take", query), timeout=PRESS_S).say(
            self._announced(through), self._words("agent_press")
        )
        return answer

    def _announced(self, through: Through) -> str:
        """Return who is on the line, and no more than is known."""
        name, _ = through.people[through.tried]
        if through.typed:
            spelled = " ".join(through.reference.rpartition("-")[2])
            return self._words("agent_call_in_typed", agent=name, reference=spelled)
        ending = self._account.ending(through.number)
        who = self._account.say_who(through.customer)
        return self._words("agent_call_in", agent=name, customer=who, ending=ending)

    async def take(self, call: Call, query: dict[str, str]) -> Twiml:
        """Connect whoever pressed 1; others are left, and the caller goes on."""
        through = await self._through(query)
        if through is None or call.digits != "1":
            return self._account.twiml().hang_up()
        if through.thread:
            await self._intake.hold(through.thread, seconds=TALK_S)
        await memos.change(self._host, _name(query.get("p", "")), Through, _accepted, keep_s=_KEEP_S)
        return self._account.twiml()

    async def reached(self, call: Call, query: dict[str, str]) -> Twiml:
        """Go on once the dialling has ended: spoken, the next one, or a call back."""
        through = await self._through(query)
        if through is None:
            return await self._repeated(call, query)
        if through.accepted:
            await self._spoke(call, through)
            return self._account.twiml().hang_up()
        if through.tried + 1 < len(through.people):
            again = _next(through)
            return await self._dial(call.sid, again, [self._words("connecting_lead")])
        if through.thread:
            await self._intake.let_go(through.thread)
        if through.keeps_place:
            told = [self._words("not_through"), self._words("keep_place"), self._account.retries(self._words)]
            return self._account.twiml().say(*told, self._words("goodbye")).hang_up()
        return await self._called_back(call, through)

    async def _repeated(self, call: Call, query: Mapping[str, str]) -> Twiml:
        """Answer once more what was answered already: the next of them is dialled, if it has come to that."""
        found, _ = await memos.read(self._host, _name(query.get("p", "")), Through)
        if found is None or found.accepted or str(found.tried - 1) != query.get("i", ""):
            return self._account.twiml().hang_up()
        return await self._dial(call.sid, found, [self._words("connecting_lead")])

    async def _called_back(self, call: Call, through: Through) -> Twiml:
        """Let a caller whom nobody could take be called back about their case."""
        state = {"c": through.reference, "w": "now"}
        try:
            state["n"] = self._intake.checked(call.caller).lstrip("+")
        except Trouble:
            state.pop("n", None)  # they are asked for one
        step = "done" if "n" in state else "ask"
        return self._account.twiml().say(self._words("not_through")).redirect(self._account.url(step, state))

    async def _spoke(self, call: Call, through: Through) -> None:
        name, number = through.people[through.tried]
        text = self._words("spoke_in", person=name, length=self._words.spoke(call.dial_s))
        talk = Talk(
            key=f"tw:{call.sid}:spoke",
            account=self._host.account,
            thread=through.thread,
            cite=through.cite,
            at=self._host.clock.now(),
            number=number,
            name=name,
            text=text,
        )
        await self._host.deliver(parse.spoke(talk))
        if through.thread:
            await self._intake.let_go(through.thread)

    async def _through(self, query: Mapping[str, str]) -> Through | None:
        found, _ = await memos.read(self._host, _name(query.get("p", "")), Through)
        return found if found is not None and str(found.tried) == query.get("i", "") else None


def _people(case: Case) -> list[tuple[str, str]]:
    """Return whoever can be dialled now for the case, each number once."""
    wanted = [(case.person, case.person_phone), (case.lead_name, case.lead_phone)]
    found: dict[str, str] = {}
    for name, number in wanted:
        if number:
            found.setdefault(number, name)
    return [(name, number) for number, name in found.items()]


def _accepted(known: Through | None) -> Through | None:
    return None if known is None else replace(known, accepted=True)


def _next(known: Through) -> Through:
    return replace(known, tried=known.tried + 1)


def _name(sid: str) -> str:
    return f"through:{sid}"
