"""What promises are computed from: who works, what waits, what is learnt; made anew about once a second.

Between looks at the store a forecast only takes note of what was decided, so that a burst sees itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from router.assign import is_present
from router.conversation import PRIORITY_RANK, Agent, Conversation, PromiseState, is_work
from router.engine.backlog import Ahead, Group, Rows, View, bucket_of, group_of
from router.engine.correction import Correction
from router.engine.drain import Plan, Staff, instant
from router.engine.known import Learnt, Need
from router.engine.pressure import Pressure, Stream, stream
from router.engine.since import Since
from rules.evaluate import Rulebook

#: Plans and streams of arrivals are kept so long (s) before they are made anew.
PLAN_S = 3600.0
STREAM_S = 60.0
#: What is left of the piece of work that somebody is at, in handling times.
AT_WORK = 0.6
#: Nobody at all is taken for half a person more: desks open late, and people look in.
HALF_A_PERSON = 0.5
#: Whoever is not here so long after their hours began is not coming; until then they may be on their way.
SETTLING = timedelta(minutes=15)
#: Answers after which their rate says how fast work gets done.
RATED = 20

#: Queue, channel, language and skills: what somebody must be able to do, and be given at all.
Wants: TypeAlias = tuple[str, str, str, tuple[str, ...]]


class Outlook(Struct, frozen=True):
    """All that the promise for one conversation needs to know of the others."""

    #: Ids of those who may answer it.
    people: tuple[str, ...]
    #: Hours of each, and how today differs from them.
    staff: Staff
    correction: Correction
    view: View
    pressure: Pressure
    rank: int
    queue: str
    #: Somebody who may answer is here and has nothing else to do.
    free: bool
    #: Somebody who may answer is here.
    here: bool
    #: How urgent this conversation itself is counted among those that wait; None = it is not counted yet.
    counted: float | None = None
    #: Seconds an answer takes the team, where only the rate of answers tells; None where hours or people tell.
    pace_s: float | None = None
    #: Until when some of them have said that they are away.
    away: Mapping[str, datetime] = {}

    def ahead(self, urgency: float) -> Ahead:
        """Return what is served before a message of this urgency, by those who may answer it."""
        found = self.view.ahead(urgency)
        if self.counted is None or bucket_of(self.counted) > bucket_of(urgency):
            return found
        own = min(1.0, found.items)
        return Ahead(items=found.items - own, work_s=max(0.0, found.work_s - own * self.correction.handle_s))


class Forecast:
    """The state of the house at one instant; ask `outlook` for one conversation."""

    def __init__(self, book: Rulebook) -> None:
        """Know nothing but the rules yet."""
        self._book = book
        self._at: datetime | None = None
        self._agents: Mapping[str, Agent] = {}
        self._rows: Rows = {}
        #: What was decided since the look, or may not be in it.
        self.since = Since()
        self._learnt: Mapping[str, Learnt] = {}
        self._corrections: dict[str, Correction] = {}
        self._streams: dict[str, Stream] = {}
        self._streamed = 0.0
        self._plans: dict[tuple[tuple[str, datetime | None], ...], Plan] = {}
        self._able: dict[Wants, tuple[str, ...]] = {}
        self._teams: dict[tuple[str, ...], _Team] = {}
        self._pressures: dict[tuple[str, ...], Pressure] = {}
        self._here: frozenset[str] = frozenset()

    def refreshed(
        self, agents: Mapping[str, Agent], rows: Rows | None, learnt: Mapping[str, Learnt], now: datetime
    ) -> "Forecast":
        """Return the forecast with what the store says now; what is costly to work out is taken along.

        `rows` is what the store counted (see `grouped`), asked for after `since.look()`, at `now` or later;
        None = the last count still holds.
        """
        fresh = Forecast(self._book)
        fresh._agents, fresh._learnt = agents, learnt
        if rows is None:
            fresh._rows, fresh._at, fresh.since = self._rows, self._at, self.since
        else:
            fresh._rows, fresh._at, fresh.since = rows, now, self.since.inherited()
        at = now.timestamp()
        fresh._able = self._able
        fresh._plans = {key: plan for key, plan in self._plans.items() if at - plan.made <= PLAN_S}
        fresh._corrections = {
            name: self._corrections[name] if self._learnt.get(name) is state else Correction(state)
            for name, state in learnt.items()
        }
        fresh._here = frozenset(
            one.id
            for one in self._book.people.values()
            if one.id in agents and is_present(agents[one.id], self._book.calendar_of(one), now)
        )
        if at - self._streamed < STREAM_S and self._streams.keys() == learnt.keys():
            fresh._streams, fresh._streamed = self._streams, self._streamed
            if fresh._here == self._here:
                fresh._pressures = self._pressures
        else:
            fresh._streams = {name: self._stream(name, state, at) for name, state in learnt.items()}
            fresh._streamed = at
        return fresh

    def _stream(self, name: str, state: Learnt, at: float) -> Stream:
        before = self._learnt.get(name)
        same = before is not None and before.hour == state.hour and name in self._streams
        return stream(state, at, self._streams[name].hourly if same else None)

    def outlook(self, conversation: Conversation, now: datetime) -> Outlook | None:
        """Return what is known for the promise of a conversation; None when nobody's hours tell anything."""
        people = self._people(conversation)
        team = self._teams.get(people)
        if team is None:
            team = self._teams[people] = self._team(people, now)
        if not team.staff.plan:
            return None
        counted = self._counts(conversation)
        return Outlook(
            people=people,
            staff=team.staff,
            correction=self._correction(conversation.channel),
            view=team.view,
            pressure=team.pressure,
            rank=PRIORITY_RANK.get(conversation.priority, 2),
            queue=conversation.queue,
            free=self._free(people, team, counted=counted),
            here=team.here > 0,
            counted=conversation.urgency if counted else None,
            pace_s=team.pace_s,
            away=team.away,
        )

    def _counts(self, conversation: Conversation) -> bool:
        """Tell whether the conversation itself is counted among those that wait."""
        running = conversation.promise
        if (running is not None and running.state is PromiseState.MADE) or conversation.id in self.since:
            return True
        return is_work(conversation) and self._at is not None and conversation.updated_at < self._at

    def _people(self, conversation: Conversation) -> tuple[str, ...]:
        """Return who may answer: the owner, else all who are able, else the accountable person."""
        if conversation.owner in self._book.people:
            return (conversation.owner,)
        needs = group_of(conversation)
        wants = (needs.queue, needs.channel, needs.language, needs.skills)
        found = tuple(one for one in self._who(wants) if one not in conversation.declined)
        return found or (conversation.accountable,)

    def _who(self, wants: Wants) -> tuple[str, ...]:
        found = self._able.get(wants)
        if found is None:
            queue, channel, language, skills = wants
            people = [one for one in self._book.people.values() if one.capacity_for(channel) > 0]
            some = [one for one in people if queue in one.queues and one.skills.issuperset(skills)]
            speak = [one for one in some if not language or not one.languages or language in one.languages]
            found = self._able[wants] = tuple(one.id for one in speak or some)
        return found

    def _correction(self, channel: str) -> Correction:
        found = self._corrections.get(channel)
        if found is None:
            found = self._corrections[channel] = Correction(Learnt.start(channel))
        return found

    def _free(self, people: tuple[str, ...], team: "_Team", *, counted: bool) -> bool:
        """Tell whether one of them is here with nothing to do; with many, one with nothing of their own."""
        idle = [one for one in people if one in self._here]
        if not idle:
            return False
        if len(people) == 1:
            return team.view.total() <= (1.0 if counted else 0.0)
        waits = team.view.loose + team.view.late() - (1.0 if counted else 0.0)
        return max(waits, 0.0) < sum(1 for one in idle if not self._agents[one].claims)

    # --- teams: those who may answer the same

    def _team(self, people: tuple[str, ...], now: datetime) -> "_Team":
        mine = frozenset(people)
        plan = self._plan(people, now)
        here = len(mine & self._here)
        planned = [one for one in people if self._on(one, now)]
        came = here + sum(1 for one in planned if one not in self._here and not self._on(one, now - SETTLING))
        on = self._here if here else self._next(plan, now)
        share = (came + HALF_A_PERSON) / (len(planned) + HALF_A_PERSON) if planned or plan.unplanned else 1.0

        def owed(group: Group) -> tuple[float, float]:
            handle_s = self._correction(group.channel).handle_s
            if group.owner in self._book.people:
                return float(group.owner in mine), handle_s
            wants = (group.queue, group.channel, group.language, group.skills)
            return self._overlap(mine, wants, on), handle_s

        pressure = self._pressures.get(people)
        if pressure is None:
            pressure = Pressure(
                self._learnt, self._streams, lambda _, need: self._overlap(mine, _wants(need), on)
            )
            self._pressures[people] = pressure
        return _Team(
            staff=Staff(plan, share),
            view=View(self._rows, self.since.lines, owed),
            pressure=pressure,
            here=here,
            away={one: until for one in people if (until := self._away(one, now)) is not None},
            pace_s=None if here or not plan.unplanned else self._pace(mine, on, now),
        )

    def _plan(self, people: tuple[str, ...], now: datetime) -> Plan:
        away = tuple((one, self._away(one, now)) for one in people)
        plan = self._plans.get(away)
        if plan is None:
            hours = [
                (self._book.calendar_of(person), until)
                for one, until in away
                if (person := self._book.person(one)) is not None
            ]
            plan = self._plans[away] = Plan(hours, now)
        return plan

    def _away(self, one: str, now: datetime) -> datetime | None:
        """Return until when somebody said that they are away; None when they did not."""
        agent = self._agents.get(one)
        gone = agent is not None and agent.said == "away"
        return agent.said_until if agent is not None and gone and (agent.said_until or now) > now else None

    def _on(self, one: str, now: datetime) -> bool:
        """Tell whether somebody is planned to be here."""
        person = self._book.person(one)
        return person is not None and not self._away(one, now) and self._book.calendar_of(person).is_open(now)

    def _next(self, plan: Plan, now: datetime) -> frozenset[str]:
        """Return who will be on when the team next is."""
        opens = plan.opens(now.timestamp())
        if opens is None:
            return frozenset()
        at = instant(opens)
        return frozenset(one for one in self._book.people if self._on(one, at))

    def _overlap(self, mine: frozenset[str], wants: Wants, on: frozenset[str]) -> float:
        """Return the share of such work that falls to these people: of those who are on, else of all able."""
        able = frozenset(self._who(wants))
        ready = able & on
        if not ready:
            if mine & on:
                return 0.0
            ready = able
        return len(ready & mine) / len(ready) if ready else 0.0

    def _pace(self, mine: frozenset[str], on: frozenset[str], now: datetime) -> float | None:
        """Return the seconds an answer took the team lately; None when too few are known."""
        rate, known, at = 0.0, 0, now.timestamp()
        for state in self._learnt.values():
            total = sum(need.count for need in state.needs)
            share = sum(self._overlap(mine, _wants(need), on) * need.count for need in state.needs)
            if total and len(state.answered_at) > 1:
                rate += share / total * (len(state.answered_at) - 1) / max(at - state.answered_at[0], 1.0)
                known += len(state.answered_at)
        return 1.0 / rate if rate and known >= RATED else None


class _Team(Struct, frozen=True):
    """People who may answer the same, as they stand now."""

    staff: Staff
    view: View
    pressure: Pressure
    here: int
    away: Mapping[str, datetime]
    pace_s: float | None


def _wants(need: Need) -> Wants:
    queue, channel, language, skills = (*need.lane.split("|"), "", "", "", "")[:4]
    return queue, channel, language, tuple(skills.split(",")) if skills else ()
