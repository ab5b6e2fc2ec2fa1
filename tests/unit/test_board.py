"""How the accounts are, over all processes of a fleet: the worst of what the living know."""

from datetime import timedelta

from router.accounts.board import BELIEVED_S, Board
from router.accounts.reports import RUN, SEND, Report, Reports
from router.testing import ManualClock, MemoryStore
from router.testing.time import START

KEY = ("email", "support")


class Process:
    """One process of a fleet: its reports and its board."""

    def __init__(self, store: MemoryStore, clock: ManualClock, name: str, *roles: str) -> None:
        self._clock = clock
        self.own = Reports(*KEY, clock.now())
        self.board = Board(store, clock, {KEY: self.own}, name=name, roles=roles)

    def say(self, part: str, state: str, error: str = "", cursor: str = "") -> None:
        """Report a part of the account here."""
        self.own.say(part, state, error, now=self._clock.now(), cursor=cursor)

    @property
    def shown(self) -> Report:
        """How the account is shown here."""
        [report] = self.board.reports()
        return report


class Fleet:
    """Two processes that receive, one that routes and one with the desk."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(self.clock)
        self.first = Process(self.store, self.clock, "p1", "channels")
        self.second = Process(self.store, self.clock, "p2", "channels")
        self.router = Process(self.store, self.clock, "p3", "router")
        self.desk = Process(self.store, self.clock, "p4", "desk")

    async def exchange(self, *processes: Process) -> None:
        """Let these processes (none named: all, twice) put up and read."""
        for one in processes or (self.first, self.second, self.router, self.desk) * 2:
            await one.board.exchange()


async def test_trouble_of_the_sender_is_seen_everywhere() -> None:
    """A router whose submission server refuses it is shown by every process, the desk's included."""
    fleet = Fleet()
    fleet.first.say("receive", "ok")
    fleet.router.say(SEND, "down", "send: sign-in refused")
    await fleet.exchange()
    for process in (fleet.first, fleet.second, fleet.router, fleet.desk):
        assert (process.shown.state, process.shown.error) == ("down", "send: sign-in refused")


async def test_one_process_does_not_hide_what_another_knows() -> None:
    """Of two processes that receive, the one in trouble is shown, whoever wrote last."""
    fleet = Fleet()
    fleet.first.say("receive", "down", "receive: no route")
    fleet.second.say("receive Sent", "ok")
    await fleet.exchange(fleet.first, fleet.second, fleet.desk)
    assert fleet.desk.shown.state == "down"
    await fleet.exchange(fleet.second, fleet.first, fleet.desk)
    assert fleet.desk.shown.error == "receive: no route"


async def test_who_waits_for_the_lease_says_nothing() -> None:
    """A process that waits for the lease neither says ok nor hides the holder's state."""
    fleet = Fleet()
    await fleet.exchange(fleet.second, fleet.desk)
    assert fleet.desk.shown.state == "starting"
    fleet.first.say("receive", "ok", cursor="cursor:a")
    fleet.first.own.leave("cursor:a")
    await fleet.exchange()
    assert fleet.desk.shown.state == "starting"


async def test_the_dead_are_not_believed() -> None:
    """What a process put up is forgotten once it is not renewed; without any that receives it is down."""
    fleet = Fleet()
    fleet.first.say("receive", "degraded", "receive: slow")
    await fleet.exchange()
    fleet.clock.move(BELIEVED_S)
    fleet.second.say("receive", "ok")
    await fleet.exchange(fleet.second, fleet.desk)
    assert fleet.desk.shown.state == "ok"
    fleet.clock.move(BELIEVED_S)
    await fleet.exchange(fleet.desk)
    assert fleet.desk.shown.state == "down"
    assert "no process in the role" in fleet.desk.shown.error


async def test_what_expired_is_put_up_again() -> None:
    """A process that stood still for long is heard of again."""
    fleet = Fleet()
    fleet.first.say("receive", "ok")
    await fleet.exchange()
    fleet.clock.move(3 * BELIEVED_S)
    await fleet.exchange()
    assert fleet.desk.shown.state == "ok"


async def test_parts() -> None:
    """The worst part is shown, with its error and since when; one that mends does not hide another."""
    fleet = Fleet()
    one = fleet.first
    one.say("receive", "ok")
    one.say(SEND, "degraded", "send: busy")
    fleet.clock.move(5)
    one.say("receive Sent", "down", "receive: there is no folder")
    fleet.clock.move(5)
    one.say("receive", "ok")
    one.say("receive Sent", "down", "receive: still no folder")
    assert (one.shown.state, one.shown.error) == ("down", "receive: still no folder")
    assert one.shown.since == START + timedelta(seconds=5)
    one.say("receive Sent", "ok")
    assert (one.shown.state, one.shown.error) == ("degraded", "send: busy")
    assert one.shown.since == START
    one.say(SEND, "ok")
    assert (one.shown.state, one.shown.error) == ("ok", "")


async def test_a_failed_start_lasts_until_something_comes_in() -> None:
    """The service's own word on a failure goes away when the channel receives again, not when it sends."""
    fleet = Fleet()
    one = fleet.first
    one.say(RUN, "down", "OSError: the port is taken")
    one.say(SEND, "ok")
    assert one.shown.state == "down"
    one.say("receive", "ok")
    assert one.shown.state == "ok"
