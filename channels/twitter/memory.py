"""What the account remembers of people and threads, the same on every process: small memos of the host."""

from collections.abc import Callable
from datetime import datetime, timedelta

from channels.port import Host
from channels.twitter.words import same

_TRIES = 5
#: After this time X's own list has told what became of something in doubt.
_DOUBTFUL = timedelta(minutes=15)
_THREAD_S, _PERSON_S, _OWN_S = 60 * 86_400.0, 400 * 86_400.0, 40 * 86_400.0
STOPPED = "stop"
#: A whole direct message of these words asks for no more automatic ones, or for them again.
_STOP = frozenset(
    {"stop", "stopp", "arrêt", "arret", "parar", "alto", "стоп", "unsubscribe", "afmeld", "abmelden"}
)
_START = frozenset({"start", "старт"})


class Memory:
    """Memos of one account."""

    def __init__(self, host: Host) -> None:
        """Take the account's host."""
        self._host = host
        #: Words that are on their way out, and until when a copy of them is ours.
        self._leaving: dict[str, datetime] = {}

    def leaves(self, text: str) -> None:
        """Remember words that this process is sending: a copy may come back before X has answered."""
        now = self._host.clock.now()
        self._leaving = {one: until for one, until in self._leaving.items() if until > now}
        self._leaving[text] = now + _DOUBTFUL

    def is_leaving(self, text: str) -> bool:
        """Tell whether these words are on their way out, or may have gone."""
        now = self._host.clock.now()
        return any(until > now and same(one, text) for one, until in self._leaving.items())

    def left(self, text: str) -> None:
        """Forget the words: what became of them is known, by name or by X's refusal."""
        self._leaving.pop(text, None)

    async def called(self, thread: str, number: str, *, summoned: bool) -> None:
        """Remember the newest post of a thread by which its author called us, or that there is none."""

        def newer(known: str | None) -> str | None:
            if not summoned:
                return "" if known is None else None
            return number if int(known or 0) < int(number) else None

        await self._change(f"thread:{thread}", newer, _THREAD_S)

    async def answerable(self, thread: str) -> str | None:
        """Return the post of the thread that may be answered in public; "" = none, None = nothing is known."""
        memo = await self._host.recall(f"thread:{thread}")
        return memo.value if memo.version else None

    async def wrote_privately(self, person: str, text: str) -> None:
        """Remember that the person wrote us a direct message, and whether they want automatic ones."""
        word = text.strip().strip(".!").casefold()

        def wish(known: str | None) -> str | None:
            wanted = STOPPED if word in _STOP else "yes" if known is None or word in _START else known
            return wanted if wanted != known else None

        await self._change(f"person:{person}", wish, _PERSON_S)

    async def private(self, person: str) -> str:
        """Return "" when the person never wrote us a direct message, `stop` when they want no automatic ones."""
        return (await self._host.recall(f"person:{person}")).value

    async def sent(self, number: str) -> None:
        """Remember a post or message of which the router learns no name: a part, or one sent another way."""
        await self._change(f"own:{number}", lambda known: "1" if known is None else None, _OWN_S)

    async def is_sent(self, number: str) -> bool:
        """Tell whether it is one of those."""
        return (await self._host.recall(f"own:{number}")).version > 0

    async def _change(self, name: str, change: Callable[[str | None], str | None], keep_s: float) -> None:
        """Write what `change` makes of the value known, None being nothing known or nothing to write."""
        for _ in range(_TRIES):
            memo = await self._host.recall(name)
            value = change(memo.value if memo.version else None)
            if value is None or await self._host.remember(name, value, memo.version, keep_s=keep_s):
                return
