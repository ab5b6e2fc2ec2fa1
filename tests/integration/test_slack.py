"""Slack with the service as real processes: told, pressed, killed, black-holed, and in a fleet."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sandbox.faults import Fault
from sandbox.slack import Slack as Stand
from tests.support.running import RULES, Running
from tests.support.slack import IDS, rules, until

TAKE, OPEN = "handleby_take", "handleby_open"
#: At risk from the first moment: work that nobody has is told to the duty person at once.
HURRIED = rules(RULES) + "channels:\n  email: {target: 5s}\n"


class Connected(Running):
    """A service whose agents are in Slack."""

    def __init__(self, folder: Path, stand: Stand, text: str) -> None:
        """Take the workspace and the rules."""
        self.stand = stand
        super().__init__(folder, rules=text)

    def config(self, name: str) -> Path:
        """Add Slack to the settings of a process."""
        path = super().config(name)
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in self.stand.settings().items())
        path.write_text(path.read_text() + f"[slack]\n{table}")
        return path

    async def ask(
        self, method: str, path: str, body: Any = None, who: str = "maria", name: str = "all"
    ) -> Any:
        """Ask the API as an agent."""
        token = await asyncio.to_thread(self.token, f"{who}@example.com")
        if method == "GET":
            return await asyncio.to_thread(self.get, f"/api/v1{path}", name=name, token=token)
        return await asyncio.to_thread(
            self.post, f"/api/v1{path}", body, name=name, token=token, method=method
        )

    async def here(self, who: str, name: str = "all") -> None:
        """Let an agent say that they are here."""
        await self.ask("PUT", "/presence", {"said": "here"}, who=who, name=name)

    async def write(self, text: str) -> None:
        """Let a customer write a mail."""
        await asyncio.to_thread(self.mail, text)


@asynccontextmanager
async def slacked(folder: Path, text: str = "", *, start: bool = True) -> AsyncIterator[Connected]:
    """Give a service that runs, and its workspace, inside the block."""
    stand = Stand()
    await stand.start()
    for agent, member in IDS.items():
        stand.join(member, agent)
    running = Connected(folder, stand, text or rules(RULES))
    try:
        if start:
            await asyncio.to_thread(running.start)
            await stand.connect(f"{running.url()}/hooks/slack")
            for agent in IDS:
                await asyncio.to_thread(running.token, f"{agent}@example.com", "lead")
        yield running
    finally:
        await asyncio.to_thread(running.end)
        await stand.stop()


async def told(one: Connected, who: str, words: str, count: int = 1) -> Any:
    """Return the newest message of an agent with these words, once there are so many."""
    seen = one.stand.workspace.to
    found = await until(
        lambda: (known := [said for said in seen(IDS[who]) if words in said.words()])[count - 1 :] and known,
        f"{who} to be told: {words}",
    )
    return found[-1]


async def test_a_day_in_slack(tmp_path: Path) -> None:
    """Assigned, told, killed, answered: the message that was posted before the kill is the one that changes."""
    async with slacked(tmp_path) as one:
        await one.here("maria")
        await one.write("Where is my blue parcel?")
        said = await told(one, "maria", "blue parcel")
        assert "This is yours." in said.words()
        await asyncio.to_thread(one.kill)
        await asyncio.to_thread(one.start)
        [work] = (await one.ask("GET", "/work"))["mine"]
        await one.ask("POST", f"/conversations/{work['id']}/reply", {"text": "On its way."})
        await told(one, "maria", "answered by Maria Jensen.")
        assert len(one.stand.workspace.to(IDS["maria"])) == 1
        log = one.log()
        assert "blue parcel" not in log
        assert one.stand.token not in log
        assert one.stand.signing_secret not in log


async def test_of_two_who_press_at_once_one_has_it(tmp_path: Path) -> None:
    """Over the real hook: one owner, the other is told who was faster, both within Slack's patience."""
    async with slacked(tmp_path, HURRIED) as one:
        await one.write("Nobody is here")
        said = await until(
            lambda: next((said for said in one.stand.workspace.messages if TAKE in said.buttons()), None),
            "the duty person to be told",
        )
        answers = await asyncio.gather(*(one.stand.press(member, TAKE, said=said) for member in IDS.values()))
        assert [answered.status for answered in answers] == [200, 200]
        whispers = await until(lambda: one.stand.workspace.whispers, "the loser to be told")
        owners = [who for who in IDS if (await one.ask("GET", "/work", who=who))["mine"]]
        assert len(owners) == 1
        name = {"maria": "Maria Jensen", "tom": "Tom Berg"}[owners[0]]
        [(loser, text)] = whispers
        assert (loser != IDS[owners[0]], text) == (True, f"{name} has it now.")


async def test_a_forged_call_does_nothing(tmp_path: Path) -> None:
    """The service's own hook refuses what Slack did not sign."""
    async with slacked(tmp_path) as one:
        assert (await one.stand.challenge("are you there")).body == "are you there"
        assert (await one.stand.call(b"payload=%7B%7D", one.stand.signed(b"payload=%7B"))).status == 401


async def test_slack_away_holds_up_nobody_and_is_caught_up_with(tmp_path: Path) -> None:
    """Work is assigned and answered as ever; health says what to do; what still holds is told when Slack is back."""
    async with slacked(tmp_path) as one:
        await one.here("maria")
        one.stand.faults.set(Fault.BROKEN)
        await one.write("First question")
        await one.write("Second question")

        async def mine() -> list[Any]:
            return list((await one.ask("GET", "/work"))["mine"])

        async with asyncio.timeout(20):
            while len(work := await mine()) < 2:
                await asyncio.sleep(0.05)
        gone = next(each for each in work if "First" in each["snippet"])
        await one.ask("POST", f"/conversations/{gone['id']}/resolve")
        async with asyncio.timeout(20):
            while not any("Slack" in cause["text"] for cause in await causes(one)):
                await asyncio.sleep(0.2)
        [cause] = [cause for cause in await causes(one) if "Slack" in cause["text"]]
        assert "Routing, notes and the desk go on" in cause["impact"]
        assert cause["next"]
        assert one.stand.workspace.messages == []
        one.stand.faults.clear()
        await told(one, "maria", "Second question")
        assert len(one.stand.workspace.messages) == 1
        async with asyncio.timeout(20):
            while any("Slack" in cause["text"] for cause in await causes(one)):
                await asyncio.sleep(0.2)


async def causes(one: Connected) -> list[Any]:
    """Return what health says is wrong."""
    try:
        found = await asyncio.to_thread(one.get, "/health/queues")
    except OSError:
        return []
    return list(found["causes"])


async def test_in_a_fleet_one_process_tells_and_another_takes_over(tmp_path: Path) -> None:
    """Two desks run: each thing is told once; when the one that tells stops, the other goes on."""
    async with slacked(tmp_path, start=False) as one:
        await asyncio.to_thread(one.start, "desk1", roles=["desk"])
        await asyncio.to_thread(one.start, "desk2", roles=["desk"])
        await asyncio.to_thread(one.start, roles=["channels", "router"])
        await one.here("maria", name="desk1")
        await one.write("First question")
        assert len({(await told(one, "maria", "First question")).ts}) == 1
        assert await asyncio.to_thread(one.stop, "desk1") == 0
        await one.write("Second question")
        async with asyncio.timeout(60):
            while not any("Second" in said.words() for said in one.stand.workspace.messages):
                await asyncio.sleep(0.1)
        assert len(one.stand.workspace.messages) == 2
