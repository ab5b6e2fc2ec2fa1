"""The weekly letter: what it says, what it leaves out, and that each reader gets it once whatever happens."""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from channels.email import account as accounts
from channels.email.compose import compose
from channels.errors import ChannelError, InDoubt, NotSent, Refused
from channels.message import Kind, Outgoing, Sent
from channels.port import Channel
from router.answer import Answer
from router.config import load_settings
from router.conversation import Conversation, Event, Why
from router.errors import ConfigError
from router.health.told import heard
from router.kept import figures, gaps, letter, mail, names, ownwords, post, tally
from router.kept.figures import Arrivals, Day, Group, Missed
from router.kept.gaps import Gap
from router.kept.letter import Letter
from router.kept.post import Copy, Post, Readers, mailing_of
from router.kept.tally import Tally
from router.ports import Record
from router.testing import RecordingChannel
from rules.evaluate import Rulebook
from rules.load import load
from tests.support.world import CHANNELS, MONDAY_NOON, RULES, World

CPH = ZoneInfo("Europe/Copenhagen")
HOUR = timedelta(hours=1)
#: The week in which the world begins, and the Monday on which its letter goes out.
WEEK = date(2026, 11, 23)
SEVEN = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
READERS = Readers(
    to=("ines@example.com", "lead@example.com"),
    zone="Europe/Copenhagen",
    organisation="Example",
    public_url="https://help.example.com",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a service of twins whose clock stands in the week that the letter is about."""
    made = World(tmp_path)
    made.clock.set(datetime(2026, 11, 25, 11, 0, tzinfo=UTC))
    return made


def line(kind: str, at: datetime, conversation: str = "cv", **data: str) -> Event:
    """Return a log line about Maria's promise by mail."""
    return Event(
        at=at,
        kind=kind,
        channel="email",
        queue="general",
        agent="maria",
        conversation=conversation,
        data=data,
    )


async def count(world: World, *lines: Event) -> None:
    """Log the lines and count them."""
    await world.store.append(lines)
    lease = await world.store.lease("figures", "test", 30)
    assert lease is not None
    await Tally(world.store, world.ids, world.clock, lambda: world.house, CPH).count(lease)


async def broken(world: World, text: str, **fields: str) -> Conversation:
    """Let a mail come in whose promise breaks an hour later, and be answered after another hour."""
    await world.here("maria", "tom")
    [one] = await world.take(world.mail_from(text=text, **fields))
    made, world_now = world.clock.now(), world.clock
    world_now.move(3600)
    data = {"promised": world_now.now().isoformat(), "made": made.isoformat()}
    await count(world, line("broken", world_now.now(), one.id, **data), line("kept", world_now.now()))
    world_now.move(3600)
    fresh = await world.fresh(one)
    await world.actions.reply(one.id, Answer(text="Here it is."), agent=fresh.owner or "maria")
    await world.send()
    return await world.fresh(one)


async def composed(world: World) -> Letter:
    """Return the letter about the week."""
    return await letter.compose(world.store, world.book, WEEK, CPH)


# --- what it says


async def test_the_letter_names_each_broken_promise(world: World) -> None:
    """Reference, channel, promised, answered and why, with the causes and what helps; in the page's words."""
    one = await broken(world, "I am still waiting for the blue lamp you promised me.")
    found = await composed(world)
    (miss,) = found.misses
    assert (miss.reference, miss.channel, found.week) == (one.reference, "email", "2026-W48")
    assert (miss.promised, miss.actual) == (one.opened_at + HOUR, one.opened_at + 2 * HOUR)
    assert found.causes == ((miss.reason, 1),)
    text = mail.body(found, "https://help.example.com")
    came = "promised Wed 25 Nov 13:00, answered Wed 25 Nov 14:00: its owner had it too long"
    assert miss.reason == Why.HELD_LONG.value
    assert f"{one.reference} (email): {came}" in text
    assert "50.0 % of 2 promises were kept" in text
    assert "blue lamp" in text
    assert "/report/letter?week=2026-W48" in text
    assert mail.subject(found, "Example") == (
        "Example: 50.0 % of promises kept in the week of 23 to 29 November 2026"
    )


async def test_at_most_thirty_are_named_and_three_causes(world: World) -> None:
    """The rest is counted: and so many more."""
    at = world.clock.now()
    lines = [
        line("broken", at, f"cv{n}", promised=at.isoformat(), made=at.isoformat(), reason=f"reason {n % 4}")
        for n in range(35)
    ]
    await count(world, *lines)
    found = await composed(world)
    assert (len(found.misses), found.more, len(found.causes)) == (30, 5, 3)
    assert "and 5 more" in mail.body(found, "")


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (
            Group(kept=19, broken=1),
            Group(kept=9, broken=1),
            "95.0 % of 20 promises were kept, up from 90.0 %",
        ),
        (Group(kept=1, broken=1), Group(kept=2), "50.0 % of 2 promises were kept, down from 100.0 %"),
        (Group(kept=1), Group(kept=7), "the one promise that ended was kept, as in the week before"),
        (Group(kept=1), Group(), "Of the week before nothing is known"),
        (Group(made=2), Group(kept=1), "no promise came to its end, and 2 were made"),
        (Group(), Group(kept=1), "no promise came to its end, and none was made"),
        (Group(kept=1, renewed=1, told=2, first=1), Group(), "1 customer was told a new time"),
    ],
)
def test_the_rate_is_told_against_the_week_before(now: Group, before: Group, said: str) -> None:
    """Up, down or the same, and what is not known is not claimed."""
    assert said in mail.rates(blank(whole=now, before=before))


def blank(**fields: object) -> Letter:
    """Return a letter that says nothing but these."""
    plain = {
        "week": "2026-W48", "monday": WEEK, "zone": "Europe/Copenhagen", "whole": Group(), "before": Group(),
        "misses": (), "more": 0, "causes": (), "words": None, "gaps": (), "more_gaps": 0,
    }  # fmt: skip
    return Letter(**(plain | fields))  # type: ignore[arg-type]


def test_a_week_in_which_no_promise_ended_has_a_subject() -> None:
    """Nothing is claimed of what nobody knows."""
    said = "Example: no promise ended in the week of 23 to 29 November 2026"
    assert mail.subject(blank(whole=Group(made=2)), "Example") == said


@pytest.mark.parametrize(
    ("monday", "said"),
    [
        (date(2026, 11, 16), "16 to 22 November 2026"),
        (date(2026, 11, 30), "30 November to 6 December 2026"),
        (date(2026, 12, 28), "28 December 2026 to 3 January 2027"),
    ],
)
def test_the_days_of_a_week_are_named(monday: date, said: str) -> None:
    """Month and year are said once where they are the same."""
    assert mail.day(blank(monday=monday)) == said


async def test_an_answer_after_merging_counts(world: World) -> None:
    """A broken promise whose conversation lives on in another one was answered when that was."""
    await world.here("maria", "tom")
    first, second = [(await world.take(world.mail_from(text=f"Where is lamp {n}?")))[0] for n in "ab"]
    at = world.clock.now()
    await count(world, line("broken", at, first.id, promised=at.isoformat(), made=at.isoformat()))
    await world.send()
    await world.actions.merge(first.id, into=second.id, agent="maria", lead=True)
    world.clock.move(3600)
    owner = (await world.fresh(second)).owner or "maria"
    await world.actions.reply(second.id, Answer(text="Here."), agent=owner)
    await world.send()
    (miss,) = (await composed(world)).misses
    assert (miss.reference, miss.actual) == (first.reference, at + HOUR)


# --- whose words


async def test_a_customers_words_name_nobody(world: World) -> None:
    """Names of the customer and of ours, addresses and numbers are left out; the words stay."""
    text = (
        "Dear Maria Jensen,\nthe lamp of order 4711 never came to Ana's flat, Main Road 12.\n"
        "Write to ana@example.org or call +45 12 34 56 78.   Ana"
    )
    await broken(world, text)
    words = (await composed(world)).words
    assert words is not None
    assert words.missed
    assert words.text.startswith("Dear [name], the lamp of order [number] never came")
    for secret in ("Maria", "Jensen", "Ana", "ana", "4711", "12", "example.org", "+45", "\n"):
        assert secret not in words.text


async def test_without_a_miss_a_thank_you_is_shown(world: World) -> None:
    """In a week without a broken promise the letter quotes a customer who said thanks, and nobody else."""
    [plain] = await world.take(world.mail_from(text="Where is my parcel? It should be here."))
    at = world.clock.now()
    await count(world, line("waited", at, plain.id, how="answered", arrived=at.isoformat()))
    assert (await composed(world)).words is None
    [glad] = await world.take(
        world.mail_from(who="bo@example.org", text="Thank you, that was quick and kind!")
    )
    await count(world, line("waited", at + HOUR, glad.id, how="answered", arrived=at.isoformat()))
    words = (await composed(world)).words
    assert words is not None
    assert (words.text, words.missed) == ("Thank you, that was quick and kind!", False)


def test_long_words_are_cut_at_a_word() -> None:
    """What is quoted stays short."""
    found = ownwords.anonymous("lamp " * 200, frozenset())
    assert len(found) <= ownwords.LONGEST + 2
    assert found.endswith("lamp …")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Jeg venter stadig på Marias svar om lampen", "Jeg venter stadig på [name] svar om lampen"),
        ("Я жду ответа от Марии вторую неделю", "Я жду ответа от [name] вторую неделю"),
        ("I asked Jose\u0301, and Ma\u200bria too, about it", "I asked [name], and [name] too, about it"),
        ("My husband Peter Schmidt never got his lamp", "My husband [name] never got his lamp"),
        ("Peter told me so. Still no lamp on Monday!", "… told me so. Still no lamp on Monday!"),
        ("Please ask @peter_s or see https://x.example/peter", "Please ask [name] or see [link]"),
        ("Mon mari Luc attend encore. C'est très long", "Mon mari [name] attend encore. C'est très long"),
        (
            "Ich warte auf meine blaue Lampe, und mein Mann Peter auch. Herr Kurz rief an",
            "Ich warte auf meine blaue Lampe, und mein Mann [name] auch. … [name] rief an",
        ),
        ("I have NOT received the lamp", "I have NOT received the lamp"),
        ("Where is my lamp?\n\nKind regards,\nKarl Olsen\nOlsen Lamps", "Where is my lamp?"),
        ("Where is my lamp?\nKarl", "Where is my lamp?"),
        ("> Peter wrote this\nWhere is my lamp?", "Where is my lamp?"),
        ("我是王伟, 我在等我的灯", ""),
        ("WHERE IS KARL WITH MY LAMP", ""),
        ("Karl Olsen, Peter Schmidt and Ida Berg wait", ""),
    ],
)
def test_nobody_is_named(text: str, shown: str) -> None:
    """Neither ours in any case or spelling nor strangers; where nobody can tell what is a name, nothing is shown."""
    assert ownwords.anonymous(text, names.words_of(["Maria Jensen", "José", "Мария"])) == shown


async def test_no_quote_from_after_the_week(world: World) -> None:
    """The letter of a week stays as it was, whatever the customer writes later."""
    one = await broken(world, "I am still waiting for the blue lamp you promised me.")
    world.clock.set(SEVEN + HOUR)
    again = world.mail_from(
        text="And now my table broke as well, what a pity.",
        subject="Re: Parcel 1",
        references=("<m1@example.org>",),
    )
    assert (await world.take(again))[0].id == one.id
    words = (await composed(world)).words
    assert words is not None
    assert "blue lamp" in words.text


@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.EDIT])
async def test_withdrawn_words_are_not_quoted(world: World, kind: Kind) -> None:
    """What the customer deleted or changed is not shown to anybody anew."""
    one = await broken(world, "I wrote this about the blue lamp in anger.")
    assert (await composed(world)).words is not None
    gone = world.mail_from(text="", kind=kind, about="<m1@example.org>", references=("<m1@example.org>",))
    assert (await world.take(gone))[0].id == one.id
    assert (await composed(world)).words is None


async def test_grave_matters_are_not_quoted(world: World) -> None:
    """Nobody's death or distress goes round in a letter."""
    await broken(world, "My mother has died, and still nobody tells me where the blue lamp is.")
    assert (await composed(world)).words is None


# --- next week's gaps


def counted(queue: str, per_hour: int, hours: range) -> list[Day]:
    """Return four weeks in which so many came in each of these hours of every day."""
    each = tuple(per_hour if hour in hours else 0 for hour in range(24))
    days = figures.days_from(date(2026, 11, 2), 28)
    return [Day(day=day, arrivals=(Arrivals(queue=queue, channel="email", hours=each),)) for day in days]


async def test_gaps_are_hours_without_people(tmp_path: Path) -> None:
    """Leave, and hours in which too few are on for what usually comes, are named; well-staffed hours are not."""
    rules = RULES.replace("hours: office}\n  tom", "hours: office, leave: [2026-12-01]}\n  tom").replace(
        "queues: [general, billing], skills", "queues: [billing], skills"
    )
    world = World(tmp_path, rules)
    world.clock.set(SEVEN)
    days = counted("general", 2, range(9, 11))
    for day in days:
        await world.store.put_record(Record(kind=tally.KIND, id=day.day, value=_value(day), version=1))
    found = await letter.compose(world.store, world.book, WEEK, CPH)
    assert [mail.gap_told(one, "Europe/Copenhagen") for one in found.gaps] == [
        "Tue 1 Dec 08:00–18:00, general: nobody is on, about 4 messages usually come"
    ]
    crowded = counted("general", 9, range(9, 11))
    version = {day.day: 2 for day in crowded}
    for day in crowded:
        record = Record(kind=tally.KIND, id=day.day, value=_value(day), version=version[day.day])
        await world.store.put_record(record)
    found = await letter.compose(world.store, world.book, WEEK, CPH)
    said = [mail.gap_told(one, "Europe/Copenhagen") for one in found.gaps]
    assert "Mon 30 Nov 09:00–11:00, general: 1 on, 2 needed, about 18 messages usually come" in said
    assert "Tue 1 Dec 08:00–18:00, general: nobody is on, about 18 messages usually come" in said
    assert len(said) == 5


def _value(day: Day) -> dict[str, str]:
    return {"day": msgspec.json.encode(day).decode()}


def test_a_queue_that_is_always_open_has_gaps_only_where_work_comes(tmp_path: Path) -> None:
    """At night nobody is missed unless messages usually come then; a gap until midnight says so."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("lead: tom, hours: office", "lead: tom"), encoding="utf-8")
    book = load(path, channels=CHANNELS)
    assert gaps.gaps(book, date(2026, 11, 23), CPH, {}, {}) == []
    usual = {"general": {(0, 22): 3.0, (0, 23): 3.0}}
    (gap,) = gaps.gaps(book, date(2026, 11, 23), CPH, usual, {})
    assert mail.gap_told(gap, "Europe/Copenhagen").startswith("Mon 23 Nov 22:00–24:00, general: nobody")


@pytest.fixture
def always(tmp_path: Path) -> Rulebook:
    """Give rules in which the queue `general` is always open."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("lead: tom, hours: office", "lead: tom"), encoding="utf-8")
    return load(path, channels=CHANNELS)


def test_a_gap_ends_at_midnight(always: Rulebook) -> None:
    """A night without people is told as the end of one day and the beginning of the next."""
    usual = {"general": {(0, 23): 3.0, (1, 0): 3.0, (1, 1): 1.0}}
    assert [gap_told(one) for one in gaps.gaps(always, WEEK, CPH, usual, {})] == [
        "Mon 23 Nov 23:00–24:00, general: nobody is on, about 3 messages usually come",
        "Tue 24 Nov 00:00–02:00, general: nobody is on, about 4 messages usually come",
    ]


@pytest.mark.parametrize(
    ("monday", "said", "hours"),
    [(date(2027, 3, 22), "Sun 28 Mar", 23), (date(2026, 10, 19), "Sun 25 Oct", 25)],
)
def test_a_day_on_which_the_clocks_change_is_whole(
    always: Rulebook, monday: date, said: str, hours: int
) -> None:
    """It has an hour less or more, and is told as one day without a hole and without an hour twice."""
    usual = {"general": {(6, hour): 3.0 for hour in range(24)}}
    (gap,) = gaps.gaps(always, monday, CPH, usual, {})
    assert gap_told(gap).startswith(f"{said} 00:00–24:00, general: nobody is on")
    assert (gap.end - gap.start, gap.messages) == (hours * HOUR, 3.0 * hours)


@pytest.mark.parametrize(("weeks", "gap"), [(1, ""), (3, ""), (4, "about 1 message usually comes")])
async def test_what_came_once_is_not_usual(world: World, always: Rulebook, weeks: int, gap: str) -> None:
    """One message in one night of four weeks makes no gap; one in each of them does."""
    hours = tuple(int(hour == 3) for hour in range(24))
    for monday in ("2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23")[:weeks]:
        day = Day(day=monday, arrivals=(Arrivals(queue="general", channel="email", hours=hours),))
        await world.store.put_record(Record(kind=tally.KIND, id=monday, value=_value(day), version=1))
    found = await letter.compose(world.store, always, WEEK, CPH)
    assert gap in " ".join(map(gap_told, found.gaps))
    assert len(found.gaps) == bool(gap)


def gap_told(gap: Gap) -> str:
    """Return a gap as the letter tells it."""
    return mail.gap_told(gap, "Europe/Copenhagen")


# --- on its way


class Sending:
    """One process that sends letters, through a channel that it shares with others."""

    def __init__(self, world: World, channel: Channel, readers: Readers = READERS) -> None:
        self.post = Post(
            world.store, world.ids, world.clock, lambda: world.house, {("email", "support"): channel}, readers
        )

    async def round(self) -> None:
        """Let the process look once."""
        await self.post.round()


class Dying(RecordingChannel):
    """A provider that takes the mail while our process dies, and can be asked afterwards."""

    def __init__(self, says: str) -> None:
        super().__init__()
        #: What it says when it is read back: sent, unsent or nothing.
        self.says = says
        self.dies = True
        self.asked = 0

    async def send(self, outgoing: Outgoing) -> Sent:
        """Take it; the process does not live to hear so."""
        if self.dies:
            self.dies = False
            self.sent.append(outgoing)
            raise Dead
        return await super().send(outgoing)

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Tell whether it was sent, as far as this provider can."""
        self.asked += 1
        if self.says == "unsent":
            raise NotSent("it never came")
        return Sent(message_id=outgoing.id) if self.says == "sent" else None


class Dead(BaseException):
    """The process is gone."""


async def promised(world: World) -> None:
    """Let a promise be kept in the week, and go to the Monday after, before the letter's hour."""
    at = world.clock.now()
    await count(world, line("promised", at), line("kept", at))
    world.clock.set(SEVEN - HOUR)


async def mailing(world: World) -> post.Mailing:
    """Return what is known of the letter."""
    record = await world.store.record(post.KIND, "2026-W48")
    assert record is not None
    return mailing_of(record)


async def states(world: World) -> list[str]:
    """Return how far each copy is."""
    return [one.state for one in (await mailing(world)).copies]


async def test_it_goes_out_on_monday_at_seven_once(world: World) -> None:
    """Not before the hour, then one mail to each reader, and none again all week; the next week has its own."""
    await promised(world)
    process = Sending(world, world.mail)
    await process.round()
    assert world.mail.sent == []
    world.clock.set(SEVEN)
    for _ in range(190):
        await process.round()
        world.clock.move(3000)
    assert [one.to.address for one in world.mail.sent] == ["ines@example.com", "lead@example.com"]
    first = world.mail.sent[0]
    assert first.automatic
    assert "23 to 29 November 2026" in first.subject
    assert "the one promise that ended was kept" in first.text
    assert await states(world) == ["sent", "sent"]
    assert await heard(world.store) == []
    await count(world, line("kept", world.clock.now()))
    world.clock.set(SEVEN + timedelta(days=7))
    await process.round()
    assert len(world.mail.sent) == 4


async def test_the_mail_is_one_that_people_and_machines_can_read(world: World) -> None:
    """Subject, reader and text arrive as they are, marked as automatic, so that no out-of-office answers it."""
    await promised(world)
    world.clock.set(SEVEN)
    await Sending(world, world.mail).round()
    account = accounts.read({"address": "help@example.com", "receive": "smtp://127.0.0.1:2525"})
    made = compose(world.mail.sent[0], account)
    arrived = message_from_bytes(made.data, policy=policy.default)
    assert (arrived["To"], made.recipient) == ("ines@example.com", "ines@example.com")
    assert "promises kept in the week of 23 to 29 November 2026" in arrived["Subject"]
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert "The week ahead" in arrived.get_content()


async def test_a_restart_and_a_second_process_send_nothing_again(world: World) -> None:
    """Two processes look at the same time, each is started anew again and again: still one mail a reader."""
    await promised(world)
    world.clock.set(SEVEN)
    for _ in range(5):
        one, two = Sending(world, world.mail), Sending(world, world.mail)
        await one.round()
        await two.round()
        world.clock.move(200)
    assert sorted(one.to.address for one in world.mail.sent) == sorted(READERS.to)


@pytest.mark.parametrize(
    ("known", "sends", "ends"),
    [("sent", 1, "sent"), ("unsent", 2, "sent"), ("nothing", 1, "unknown")],
)
async def test_a_crash_while_sending_is_read_back_never_guessed(
    world: World, known: str, sends: int, ends: str
) -> None:
    """The process dies in the send: the next asks the provider, sends again only what certainly did not leave."""
    await promised(world)
    world.clock.set(SEVEN)
    channel = Dying(known)
    only = replace(READERS, to=("ines@example.com",))
    with pytest.raises(Dead):
        await Sending(world, channel, only).round()
    assert await states(world) == ["sending"]
    for _ in range(10):
        await Sending(world, channel, only).round()
        world.clock.move(200)
    assert channel.asked == 1
    assert (len(channel.sent), await states(world)) == (sends, [ends])


async def test_a_crash_before_or_after_the_record_sends_once(world: World) -> None:
    """Dead right after the letter was written down, the next process sends it from there, with the same words."""
    await promised(world)
    world.clock.set(SEVEN)
    written = Sending(world, world.mail).post
    record = await written._written(WEEK)
    assert record is not None
    await count(world, line("broken", SEVEN - 12 * HOUR, promised=(SEVEN - 12 * HOUR).isoformat()))
    world.clock.move(200)
    await Sending(world, world.mail).round()
    assert {one.text for one in world.mail.sent} == {mailing_of(record).text}
    assert len(world.mail.sent) == 2


@pytest.mark.parametrize(
    ("error", "state", "sends"),
    [(Refused("no such mailbox"), "failed", 1), (InDoubt("line lost"), "unknown", 1)],
)
async def test_what_may_not_have_arrived_is_shown(
    world: World, error: ChannelError, state: str, sends: int
) -> None:
    """A refused or doubtful mail is not sent again; health says so, and the other reader still gets theirs."""
    await promised(world)
    world.clock.set(SEVEN)
    world.mail.outcomes.append(error)
    process = Sending(world, world.mail)
    for _ in range(3):
        await process.round()
        world.clock.move(400)
    assert await states(world) == [state, "sent"]
    await process.round()
    (told,) = await heard(world.store)
    assert "1 of 2 readers" in told.text
    assert "example.com" not in told.text
    world.clock.move(3 * 24 * 3600)
    await process.round()
    assert await heard(world.store) == [], "nobody can do anything about it by then"
    assert await states(world) == [state, "sent"]


async def test_it_waits_until_all_is_counted(world: World) -> None:
    """After a stop over the weekend the log is counted first, so that the letter tells of all that happened."""
    await promised(world)
    late = world.clock.now() - 12 * HOUR
    await world.store.append([line("broken", late, promised=late.isoformat(), made=late.isoformat())])
    world.clock.set(SEVEN)
    process = Sending(world, world.mail)
    await process.round()
    assert world.mail.sent == []
    await count(world)
    await process.round()
    assert "50.0 % of 2 promises were kept" in world.mail.sent[0].text


async def test_what_certainly_did_not_leave_is_tried_for_a_day(world: World) -> None:
    """While the server is down the letter waits; it leaves when the server is back, and is given up after a day."""
    await promised(world)
    world.clock.set(SEVEN)
    world.mail.outcomes += [NotSent("server down")] * 4
    process = Sending(world, world.mail)
    await process.round()
    assert await states(world) == ["waiting", "waiting"]
    for _ in range(6):
        world.clock.move(301)
        await process.round()
    assert await states(world) == ["sent", "sent"]
    assert len({one.id for one in world.mail.sent}) == 2


async def test_without_a_mail_account_somebody_is_told(world: World) -> None:
    """Readers but no account to leave by: the letter waits, and health says what to set up."""
    await promised(world)
    world.clock.set(SEVEN)
    lonely = Post(world.store, world.ids, world.clock, lambda: world.house, {}, READERS)
    await lonely.round()
    (told,) = await heard(world.store)
    assert "no mail account" in told.text


async def test_a_week_without_promises_has_no_letter(world: World) -> None:
    """Where nothing was promised there is nothing to tell, now or when something is counted later."""
    world.clock.set(SEVEN)
    process = Sending(world, world.mail)
    await process.round()
    await process.round()
    assert (await mailing(world)).copies == ()
    assert world.mail.sent == []


def test_copies_of_old_versions_are_read() -> None:
    """A record needs only what a copy cannot do without."""
    record = Record(
        kind="letter",
        id="2026-W48",
        version=1,
        value={"at": "2026-11-30T06:00:00Z", "copies": [{"to": "a@b.c", "at": "2026-11-30T06:00:00Z"}]},
    )
    assert mailing_of(record).copies == (Copy(to="a@b.c", at=SEVEN),)


def test_a_miss_without_its_conversation_is_still_told() -> None:
    """A conversation that is gone leaves its promise in the letter, without a reference."""
    one = Missed(
        conversation="gone", channel="email", queue="general", agent="maria", made=None, promised=MONDAY_NOON
    )
    said = mail.told(letter.miss(one, None), "Europe/Copenhagen")
    assert said == "A conversation (email): promised Mon 23 Nov 12:00, not answered yet"


# --- who gets it


@pytest.mark.parametrize(
    "written", ['to = ["ines@example.com", "lead@example.com"]', 'to = "ines@example.com, lead@example.com"']
)
def test_the_readers_are_a_setting(tmp_path: Path, written: str) -> None:
    """A list in the file, or addresses apart by commas as the environment has them; nobody unless named."""
    file = tmp_path / "handleby.toml"
    file.write_text(f"[letter]\n{written}\n", encoding="utf-8")
    assert load_settings(file, environ={}, prepare=False).letter.to == READERS.to
    named = {"HANDLEBY_LETTER__TO": "a@example.com"}
    assert load_settings(file, environ=named, prepare=False).letter.to == ("a@example.com",)
    file.write_text("", encoding="utf-8")
    assert load_settings(file, environ={}, prepare=False).letter.to == ()


def test_a_reader_without_an_address_is_refused(tmp_path: Path) -> None:
    """What is no mail address is named with its place and an example."""
    file = tmp_path / "handleby.toml"
    file.write_text('[letter]\nto = ["ines"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"letter\.to: must be a mail address such as"):
        load_settings(file, environ={}, prepare=False)
