"""Whose figures the API and the report page show to whom, what is downloaded, and that plots are told in words."""

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from router.conversation import Event
from router.desk import kept
from router.desk.sight import Sight
from router.desk.verdict import aim_of, verdict
from router.kept.figures import Group
from router.kept.tally import Tally
from router.ports import Record
from tests.support.world import MONDAY_NOON
from tests.unit.desk.office import Client, Office, opened, visitor

HOUR = timedelta(hours=1)
#: Maria promises in both queues; she leads billing, which Tom serves. Lea serves general.
PLACES = [("maria", "general", "email"), ("tom", "billing", "email"), ("lea", "general", "webchat")]


def told(
    kind: str,
    agent: str,
    queue: str,
    channel: str,
    at: datetime,
    *,
    conversation: str = "cv",
    reason: str = "nobody took it",
) -> Event:
    """Return the log's line about a promise."""
    data = {"promised": at.isoformat(), "made": (at - HOUR).isoformat(), "reason": reason}
    place = {"agent": agent, "queue": queue, "channel": channel}
    return Event(at=at, kind=kind, conversation=conversation, data=data, **place)


def waited(agent: str, queue: str, channel: str, at: datetime, slack: timedelta) -> Event:
    """Return the log's line about a wait that ended so long before the promised time."""
    said = (at + slack).isoformat()
    data = {
        "how": "answered",
        "arrived": (at - HOUR).isoformat(),
        "promised_at": (at - HOUR).isoformat(),
        "first": said,
        "last": said,
        "by": agent,
        "renewals": 0,
        "reason": "=1+1",
    }
    return Event(at=at, kind="waited", agent="x", queue=queue, channel=channel, conversation="cv", data=data)


async def fill(office: Office, *more: Event) -> None:
    """Let each of three people keep and make promises this week and last; Maria breaks one."""
    lines = []
    for place in PLACES:
        for weeks in (0, 1):
            at = MONDAY_NOON - timedelta(weeks=weeks, minutes=30)
            lines += [told("promised", *place, at), told("kept", *place, at)]
            lines.append(waited(*place, at, HOUR / 2))
    lines.append(told("broken", *PLACES[0], MONDAY_NOON - HOUR))
    lines.append(waited(*PLACES[0], MONDAY_NOON - HOUR / 2, -HOUR / 4))
    world = office.world
    await world.store.append([*lines, *more])
    lease = await world.store.lease("figures", "test", 30)
    assert lease is not None
    tally = Tally(world.store, world.ids, world.clock, lambda: world.house, ZoneInfo(office.parts.zone))
    await tally.count(lease)


@pytest.fixture
async def filled(office: Office) -> Office:
    """Give an office where promises were made, kept and broken."""
    await fill(office)
    return office


@pytest.fixture
async def lea(filled: Office) -> AsyncIterator[Client]:
    """Give somebody whose role is lead, and whom the rules name lead of no queue."""
    async with visitor(filled, "lead") as client:
        yield client


async def test_a_lead_by_role_sees_all(lea: Client) -> None:
    """The sums by what is asked, with rates, slack and reasons, newest week last."""
    found = await lea.get("/figures", by="week", weeks=3)
    weeks = {row["name"]: row for row in found["rows"]}
    assert list(weeks) == ["2026-W47", "2026-W48"]
    now = weeks["2026-W48"]
    assert (now["made"], now["kept"], now["broken"], now["kept_rate"]) == (3, 3, 1, 0.75)
    assert (now["told"], now["first_rate"]) == (4, 0.75)
    assert now["slack_p10_s"] < 0 < now["slack_p50_s"]
    assert now["reasons"] == [["nobody took it", 1]]
    assert found["whole"]["kept"] == 6
    by_agent = await lea.get("/figures", by="agent")
    assert {row["name"]: row["kept"] for row in by_agent["rows"]} == {"maria": 2, "tom": 2, "lea": 2}
    one_channel = await lea.get("/figures", by="queue", channel="webchat")
    assert {row["name"]: row["kept"] for row in one_channel["rows"]} == {"general": 2}


@pytest.mark.parametrize("role", ["ops", "admin"])
async def test_who_leads_nobody_sees_no_persons_figures(filled: Office, role: str) -> None:
    """Ops and admins see all sums, and of persons nobody, whichever way they ask; nor who promised a single wait."""
    async with visitor(filled, role) as client:
        assert (await client.get("/figures", by="queue"))["whole"]["kept"] == 6
        assert (await client.get("/figures", by="agent"))["rows"] == []
        for path in ("/figures", "/figures/table.csv", "/figures/waits.csv"):
            assert (await client.ask("GET", path, params={"agent": "tom"})).status == 403, path
        waits = await (await client.ask("GET", "/figures/waits.csv")).text()
        assert {line["agent"] for line in csv.DictReader(io.StringIO(waits))} == {""}
        html = await (await client.session.get(f"{filled.url}/report")).text()
        assert (await client.session.get(f"{filled.url}/report?agent=tom")).status == 403
    for shown in (html, waits):
        assert not re.search("maria|tom berg|jensen", shown, re.IGNORECASE)


async def test_a_lead_of_some_queues_sees_their_people(filled: Office) -> None:
    """Who has the role lead and leads one queue by the rules sees all sums, and the figures of that queue's people."""
    book = filled.world.book
    queues = {
        name: structs.replace(queue, lead="lea") for name, queue in book.queues.items() if name == "billing"
    }
    filled.world.book = replace(book, queues={**book.queues, **queues})
    async with visitor(filled, "lead") as client:
        assert (await client.get("/figures"))["whole"]["kept"] == 6
        by_agent = await client.get("/figures", by="agent")
        assert {row["name"] for row in by_agent["rows"]} == {"tom", "lea"}
        assert (await client.ask("GET", "/figures", params={"agent": "maria"})).status == 403


async def test_waits_do_not_name_those_of_other_leads(filled: Office, maria: Client) -> None:
    """In a queue that she leads Maria sees every wait, but not who of another team promised it."""
    await filled.world.store.append([waited("otto", "billing", "email", MONDAY_NOON - HOUR, HOUR)])
    text = await (await maria.ask("GET", "/figures/waits.csv", params={"queue": "billing"})).text()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert sorted(line["agent"] for line in lines) == ["", "tom", "tom"]


async def test_only_so_many_waits_are_looked_at(filled: Office) -> None:
    """Whoever's they are, a page looks at a bounded number of lines, however few of them are the reader's own."""
    store = filled.world.store
    at = MONDAY_NOON - HOUR / 2
    await store.append([waited("tom", "general", "email", at + HOUR / 4, HOUR) for _ in range(3000)])
    await store.append([waited("maria", "general", "email", at - HOUR, HOUR)])
    for read, wanted in ((3000, 0), (9000, 4)):
        pages = kept.waits(filled.parts, Sight(agent="maria"), kept.Filter(weeks=4), limit=600, read=read)
        found = [wait async for page in pages for wait in page]
        assert len(found) == wanted


async def test_an_agent_sees_their_own_and_their_queues(filled: Office, maria: Client) -> None:
    """Maria leads billing: she sees that queue and her own promises, and by person Tom and herself, not Lea."""
    by_queue = await maria.get("/figures", by="queue")
    assert {row["name"]: row["kept"] for row in by_queue["rows"]} == {"general": 2, "billing": 2}
    by_agent = await maria.get("/figures", by="agent")
    assert {row["name"] for row in by_agent["rows"]} == {"maria", "tom"}
    assert (await maria.get("/figures", by="week", agent="tom"))["whole"]["kept"] == 2
    assert (await maria.get("/figures", by="week", queue="general"))["whole"]["kept"] == 2


async def test_a_colleague_is_refused(tmp_path: Path) -> None:
    """Who leads nobody sees only their own: asked for a colleague, every way in answers 403."""
    async with opened(tmp_path) as office:
        await fill(office)
        book = office.world.book
        led = {name: type(queue)(id=name, duty=queue.duty) for name, queue in book.queues.items()}
        office.world.book = type(book)(
            **{**{name: getattr(book, name) for name in book.__dataclass_fields__}, "queues": led}
        )
        async with visitor(office, "agent") as client:
            own = await client.get("/figures", by="agent")
            assert {row["name"] for row in own["rows"]} == {"maria"}
            assert own["whole"]["kept"] == 2
            for path in ("/figures", "/figures/table.csv", "/figures/waits.csv"):
                response = await client.ask("GET", path, params={"agent": "tom"})
                assert response.status == 403, path
            page = await client.session.get(f"{office.url}/report?agent=tom")
            assert page.status == 403
            html = await (await client.session.get(f"{office.url}/report")).text()
            assert "only you and your lead" in html
            assert "Tom Berg" not in html


async def test_an_account_without_an_agent_sees_nothing(filled: Office) -> None:
    """An account that is no agent and no lead is told why there is nothing to show."""
    office = filled
    people = {name: one for name, one in office.world.book.people.items() if name != "maria"}
    book = office.world.book
    office.world.book = type(book)(
        **{**{name: getattr(book, name) for name in book.__dataclass_fields__}, "people": people}
    )
    async with visitor(office, "agent") as client:
        response = await client.ask("GET", "/figures")
        assert response.status == 403
        assert "no agent and no lead" in await response.text()


async def test_waits_can_be_downloaded(lea: Client) -> None:
    """One line a wait, newest first, with promised, actual and slack; nothing in it is a formula."""
    response = await lea.ask("GET", "/figures/waits.csv", params={"weeks": "2"})
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in response.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(await response.text())))
    assert len(lines) == 7
    assert lines[-1]["actual"] < lines[0]["actual"]
    assert sorted(float(line["slack_s"]) for line in lines)[:2] == [-900, 1800]
    assert {line["reason"] for line in lines} == {"'=1+1"}
    own = await lea.ask("GET", "/figures/waits.csv", params={"agent": "tom"})
    assert len(list(csv.DictReader(io.StringIO(await own.text())))) == 2


async def test_sums_can_be_downloaded(filled: Office, ada: Client) -> None:
    """The table says by what it is summed, and has a line for each."""
    response = await ada.ask("GET", "/figures/table.csv", params={"by": "channel"})
    lines = list(csv.DictReader(io.StringIO(await response.text())))
    assert [(line["channel"], line["kept"], line["broken"]) for line in lines] == [
        ("email", "4", "1"),
        ("webchat", "2", "0"),
    ]


@pytest.mark.parametrize("query", ["by=year", "weeks=0", "weeks=54", "agents=x"])
async def test_what_cannot_be_shown_is_refused(filled: Office, ada: Client, query: str) -> None:
    """A wrong question is answered with what is wrong."""
    assert (await ada.ask("GET", f"/figures?{query}")).status == 422


async def test_the_page_tells_each_plot_in_words(filled: Office, ada: Client) -> None:
    """Each plot has a title and a description that screen readers find, a table beside it, and no inline style."""
    html = await (await ada.session.get(f"{filled.url}/report?weeks=4")).text()
    plots = re.findall(r'<svg class="plot".*?</svg>', html, re.DOTALL)
    assert len(plots) == 3
    for plot in plots:
        title, said = re.search(r'aria-labelledby="(\S+) (\S+)"', plot).groups()  # type: ignore[union-attr]
        assert f'<title id="{title}">' in plot
        assert len(re.search(rf'<desc id="{said}">([^<]+)<', plot)[1]) > 20  # type: ignore[index]
        assert "style=" not in plot
    assert html.count("<caption>") >= 6
    assert "85.7\u00a0%" in html  # six kept of seven
    assert "nobody took it" in html


async def test_the_letter_is_a_page_too(filled: Office, ada: Client) -> None:
    """It shows the last whole week unless another is named, leads to those beside it, and says whom it went to."""
    copies = [
        {"to": "ines@example.com", "state": "unknown", "at": "2026-11-23T06:00:00Z", "reason": "line lost"}
    ]
    value = {"at": "2026-11-23T06:00:00Z", "copies": copies}
    await filled.parts.store.put_record(Record(kind="letter", id="2026-W47", value=value, version=1))
    html = await (await ada.session.get(f"{filled.url}/report/letter")).text()
    assert "The week of 16 to 22 November 2026" in html
    assert "100.0\u00a0% of 3 promises were kept" in html
    assert "ines@example.com" in html
    assert "in doubt" in html
    assert "week=2026-W46" in html
    assert "week=2026-W48" in html
    now = await (await ada.session.get(f"{filled.url}/report/letter?week=2026-W48")).text()
    assert "75.0\u00a0% of 4 promises were kept, down from 100.0\u00a0%" in now
    assert "nobody took it" in now
    assert "week=2026-W49" not in now
    for week in ("soon", "2026-W60", "2026-W49", "9999-W52", "0001-W01"):
        assert (await ada.session.get(f"{filled.url}/report/letter?week={week}")).status == 422, week


async def test_the_letter_is_for_leads(filled: Office, maria: Client) -> None:
    """What a customer wrote and what broke is read by leads and admins only."""
    assert (await maria.session.get(f"{filled.url}/report/letter")).status == 403


async def test_a_page_without_promises_says_so(office: Office, ada: Client) -> None:
    """Before the first promise the page says that figures will appear."""
    html = await (await ada.session.get(f"{office.url}/report")).text()
    assert "Nothing was promised" in html
    assert (await ada.session.get(f"{office.url}/report?weeks=x")).status == 422


async def test_days_begin_in_the_organisations_zone(tmp_path: Path) -> None:
    """What was kept on Sunday evening by UTC counts for the new week where it was Monday already."""
    async with opened(tmp_path, zone="Asia/Tokyo") as office:
        await fill(office, told("kept", *PLACES[0], datetime(2026, 11, 22, 16, tzinfo=UTC)))
        async with visitor(office, "admin") as client:
            found = await client.get("/figures", by="day", weeks=1)
        assert {row["name"]: row["kept"] for row in found["rows"]} == {"2026-11-23": 4}


# --- in short


def row(kept_: int, broken: int, name: str = "general", reason: str = "nobody on") -> kept.FigureView:
    """Return a sum of promises that were kept and broken."""
    return kept.view(name, Group(kept=kept_, broken=broken, reasons={reason: broken} if broken else {}))


@pytest.mark.parametrize(
    ("whole", "look", "said"),
    [
        (
            row(19, 1),
            "ok",
            "Promises are kept: 95.0\u00a0% of 20 were kept. The aim is 95.0\u00a0%.",
        ),
        (row(9496, 504), "ok", "Promises are kept: 95.0\u00a0% of 10000 were kept."),
        (row(18, 2), "warning", "Too many promises are broken: 90.0\u00a0% of 20"),
        (row(17, 3), "critical", "Too many promises are broken: 85.0\u00a0% of 20"),
        (row(0, 9), "", "Only 9 promises have come to an end: too few"),
        (row(1, 0), "", "1 promise has come to an end: too few"),
        (row(0, 0), "", "No promise has come to an end: too few"),
    ],
)
def test_the_report_says_first_whether_promises_are_kept(
    whole: kept.FigureView, look: str, said: str
) -> None:
    """Against the share that is to be kept, and not at all of so few that nobody can tell."""
    found = verdict(whole, [], [], 0.95)
    assert found.look == look
    assert found.said.startswith(said)
    assert bool(found.help) == (look in {"warning", "critical"})


def test_the_report_says_where_not_and_what_helps() -> None:
    """Channels and queues below the aim, the most broken first, no more than three; what helps is told too."""
    channels = [("Email", row(90, 10)), ("Web chat", row(99, 1)), ("Forum", row(1, 1))]
    queues = [row(10, 20, "tax"), row(88, 8), row(10, 9, "lamps")]
    found = verdict(row(990, 10), channels, queues, 0.95)
    assert found.weak == [
        "Queue tax: 33.3\u00a0% kept, 20 broken",
        "Email: 90.0\u00a0% kept, 10 broken",
        "Queue lamps: 52.6\u00a0% kept, 9 broken",
    ]
    assert found.help.startswith(
        "10 were broken, most often because nobody was on (10 times). Look at the hours"
    )


def test_the_report_says_of_one_broken_promise_why() -> None:
    """One was broken, not were."""
    found = verdict(row(9, 1), [], [], 0.95)
    assert found.help.startswith("1 was broken, because nobody was on. Look at the hours")


def test_the_aim_follows_the_channels() -> None:
    """Each channel's own level counts by how many promises came to an end there."""
    level = {"email": 0.9, "webchat": 0.99}.__getitem__
    assert aim_of([row(70, 30, "email"), row(200, 0, "webchat")], level) == pytest.approx(0.96)
    assert aim_of([row(0, 0, "email")], level) == 0.9


async def test_only_a_channel_or_a_queue_can_be_shown(filled: Office, ada: Client) -> None:
    """What the address asks for stands in the form, so that nobody takes a part for the whole."""
    html = await (await ada.session.get(f"{filled.url}/report?queue=billing&weeks=4")).text()
    assert '<option value="billing" selected>billing</option>' in html
    assert '<option value="general">general</option>' in html
    assert '<option value="webchat">Web chat</option>' in html
    gone = await (await ada.session.get(f"{filled.url}/report?queue=gone")).text()
    assert '<option value="gone" selected>gone</option>' in gone
