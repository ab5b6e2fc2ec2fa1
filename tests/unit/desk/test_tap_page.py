"""The page behind a note's link: what it shows, what it refuses, and that opening it changes nothing."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession

from router.conversation import Conversation, Status
from router.taps.tapped import Taps
from tests.support.taps import asked, noted, serving
from tests.unit.desk.office import Office, visitor

_MARK = re.compile(r'name="mark" value="([^"]+)"')


class Customer:
    """Somebody who opens links."""

    def __init__(self, office: Office, taps: Taps, session: ClientSession) -> None:
        """Take the served desk."""
        self.office, self.taps, self.session = office, taps, session

    async def open(self, token: str, method: str = "GET", **headers: str) -> ClientResponse:
        """Open the page of a link."""
        response = await self.session.request(method, f"{self.office.url}/t/{token}", headers=headers)
        await response.read()
        return response

    async def page(self, token: str) -> str:
        """Return the page of a link that works."""
        response = await self.open(token)
        assert response.status == 200
        return await response.text()

    async def mark(self, token: str) -> str:
        """Return the mark of a page just opened."""
        found = _MARK.search(await self.page(token))
        assert found
        return found.group(1)

    async def tap(self, token: str, mark: str, choice: str, **options: str) -> ClientResponse:
        """Send a form of the page, and stay where the answer is."""
        headers = {name: value for name, value in options.items() if name[:1].isupper()}
        data = {"mark": mark, "choice": choice} | {k: v for k, v in options.items() if k not in headers}
        response = await self.session.post(
            f"{self.office.url}/t/{token}", data=data, headers=headers, allow_redirects=False
        )
        await response.read()
        return response

    async def now(self, one: Conversation) -> Conversation:
        """Return the conversation as it is now."""
        return await self.office.world.fresh(one)


@pytest.fixture
async def ana(tmp_path: Path) -> AsyncIterator[Customer]:
    """Give a customer and a desk whose notes carry links."""
    async with serving(tmp_path) as (office, taps), ClientSession() as session:
        yield Customer(office, taps, session)


async def test_the_page_says_who_answers_by_when_and_nothing_of_the_matter(ana: Customer) -> None:
    """First name, time and reference are there; message, subject, address and full names are not."""
    one, token = await noted(ana.office.world, text="My secret order 5521 is broken", subject="Order 5521")
    page = await ana.page(token)
    assert "Maria sees to it that you have an answer by 12:00 on Tuesday 24 November" in page
    assert one.reference in page
    for private in ("5521", "secret", "ana", "Ana", "Jensen", "Berg", "example.org", one.id):
        assert private not in page


async def test_the_page_may_not_be_kept_framed_indexed_or_scripted(ana: Customer) -> None:
    """Its headers say so, and the policy names the one style that stands in it."""
    _, token = await noted(ana.office.world)
    response = await ana.open(token)
    headers = response.headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in (await response.text()).casefold()
    assert "Set-Cookie" not in headers


async def test_opening_a_link_changes_nothing_whoever_does_it(ana: Customer) -> None:
    """Scanners and previews may look as often as they like, by any method that only looks."""
    one, token = await noted(ana.office.world)
    for place in range(100):
        method = "HEAD" if place % 2 else "GET"
        asked = {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "User-Agent": f"scanner/{place}"}
        response = await ana.open(f"{token}?a=solved", method, **asked)
        assert response.status == 200
        ana.office.world.clock.move(1)
    assert await ana.now(one) == one
    assert not [
        line for _, line in await ana.office.world.store.log(after=0, limit=500) if line.kind == "wish"
    ]


async def test_one_tap_says_it_and_another_takes_it_back(ana: Customer) -> None:
    """A tap leads back to the page, which says what was understood and offers to undo it."""
    one, token = await noted(ana.office.world)
    response = await ana.tap(token, await ana.mark(token), "later")
    assert (response.status, response.headers["Location"]) == (303, token)
    page = await ana.page(token)
    assert "Good. You&#39;ll have the answer by 17:00 on Tuesday 24 November (Copenhagen time)." in page
    await ana.tap(token, await ana.mark(token), "undone")
    assert (await ana.now(one)).due_at == one.due_at
    assert "I changed my mind" not in await ana.page(token)


@pytest.mark.parametrize("mark", ["", "0.0.0", "zz.ää.x", "x" * 500])
async def test_a_tap_without_a_mark_of_the_page_is_refused(ana: Customer, mark: str) -> None:
    """Whoever did not open the page cannot tap."""
    one, token = await noted(ana.office.world)
    assert (await ana.tap(token, mark, "solved")).status == 403
    assert await ana.now(one) == one


async def test_the_mark_of_another_page_is_refused(ana: Customer) -> None:
    """Each mark holds for one link."""
    one, token = await noted(ana.office.world)
    _, other = await noted(ana.office.world, who="bob@example.org")
    assert (await ana.tap(token, await ana.mark(other), "solved")).status == 403
    assert await ana.now(one) == one


async def test_a_mark_works_once_and_not_for_ever(ana: Customer) -> None:
    """The same form sent again changes nothing, nor does one from a page that stood open overnight."""
    one, token = await noted(ana.office.world)
    mark = await ana.mark(token)
    await ana.tap(token, mark, "solved")
    await ana.tap(token, await ana.mark(token), "undone")
    assert (await ana.tap(token, mark, "solved")).status == 303
    assert (await ana.now(one)).status is Status.OPEN
    old = await ana.mark(token)
    ana.office.world.clock.move(13 * 3600)
    assert (await ana.tap(token, old, "solved")).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
async def test_another_site_cannot_tap(ana: Customer, headers: dict[str, str]) -> None:
    """Even with a mark of the page, a foreign page's form is refused."""
    one, token = await noted(ana.office.world)
    mark = await ana.mark(token)
    response = await ana.session.post(
        f"{ana.office.url}/t/{token}", data={"mark": mark, "choice": "solved"}, headers=headers
    )
    assert response.status == 403
    assert await ana.now(one) == one


@pytest.mark.parametrize("origin", ["null", "https://help.example.com"])
async def test_the_page_s_own_form_passes(ana: Customer, origin: str) -> None:
    """A page without a referrer sends `Origin: null`; others name the public address."""
    one, token = await noted(ana.office.world)
    mark = await ana.mark(token)
    response = await ana.session.post(
        f"{ana.office.url}/t/{token}",
        data={"mark": mark, "choice": "solved"},
        headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
        allow_redirects=False,
    )
    assert response.status == 303
    assert (await ana.now(one)).status is Status.RESOLVED


async def test_a_time_that_is_not_offered_is_refused_kindly(ana: Customer) -> None:
    """The page says so and offers the times there are; nothing is promised."""
    one, token = await noted(ana.office.world)
    for at in ("1", "9999999999", "1795525201", "-1", "tomorrow", ""):
        response = await ana.tap(token, await ana.mark(token), "picked", at=at)
        assert response.status == 409
        assert "Please pick another one." in await response.text()
    assert await ana.now(one) == one


async def test_links_that_lead_nowhere_say_so(ana: Customer) -> None:
    """Wrong ones answer 404, ones that are over 410; both ask to reply to the message, in the note's language."""
    one, token = await noted(ana.office.world)
    wrong = await ana.open(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert (wrong.status, "incomplete" in await wrong.text()) == (404, True)
    danish = await ana.open("nothing", **{"Accept-Language": "da-DK, en;q=0.5"})
    assert ana.office.world.house.wording.page("da").broken in await danish.text()
    ana.office.world.clock.move(20 * 86400)
    over = await ana.open(token)
    assert (over.status, "no longer in use" in await over.text()) == (410, True)
    assert (await ana.tap(token, "", "solved")).status == 410
    assert await ana.now(one) == one


async def test_whoever_guesses_links_is_slowed_down(ana: Customer) -> None:
    """After some wrong ones the address must wait; a right link from there is still shown."""
    _, token = await noted(ana.office.world)
    answers = [(await ana.open(f"{place:048d}")).status for place in range(30)]
    assert answers == [404] * 20 + [429] * 10
    danish = await ana.open("nothing", **{"Accept-Language": "da"})
    assert ana.office.world.house.wording.page("da").failed in await danish.text()
    assert (await ana.open(token)).status == 200


async def test_whoever_asks_all_the_time_is_slowed_down(ana: Customer) -> None:
    """Taps count as much as looks, and after a pause it goes on."""
    one, token = await noted(ana.office.world)
    for _ in range(60):
        assert (await ana.open(token)).status == 200
        assert (await ana.tap(token, "", "solved")).status == 403
    assert (await ana.open(token)).status == 429
    assert (await ana.tap(token, "", "solved")).status == 429
    ana.office.world.clock.move(5)
    assert (await ana.open(token)).status == 200
    assert await ana.now(one) == one


async def test_a_form_that_is_too_large_or_none_is_refused(ana: Customer) -> None:
    """Nothing is read beyond what the page itself can send."""
    one, token = await noted(ana.office.world)
    mark = await ana.mark(token)
    assert (await ana.tap(token, mark, "solved", text="x" * 100_000)).status == 403
    many = await ana.tap(token, mark, "solved", **{f"f{place}": "x" for place in range(40)})
    assert many.status == 403
    as_json = await ana.session.post(f"{ana.office.url}/t/{token}", json={"mark": mark, "choice": "solved"})
    assert as_json.status == 403
    assert await ana.now(one) == one


async def test_a_link_may_name_the_choice_which_still_needs_the_tap(ana: Customer) -> None:
    """Then only that one is laid out, with a way back to the others."""
    _, token = await noted(ana.office.world)
    response = await ana.open(f"{token}?a=urgent")
    page = await response.text()
    assert "Please confirm" in page
    assert re.findall(r'name="choice" value="(\w+)"', page) == ["urgent"]
    assert f'href="{token}"' in page
    everything = await (await ana.open(f"{token}?a=delete")).text()
    assert set(re.findall(r'name="choice" value="(\w+)"', everything)) == {
        "later",
        "urgent",
        "solved",
        "picked",
    }


async def test_unknown_choices_change_nothing(ana: Customer) -> None:
    """What the page does not offer is not done."""
    one, token = await noted(ana.office.world)
    for choice in ("open", "delete", "", "undone"):
        assert (await ana.tap(token, await ana.mark(token), choice)).status == 303
    assert await ana.now(one) == one


async def test_what_is_still_open_comes_in_with_one_tap(ana: Customer) -> None:
    """The question has a field that may stay empty; what stands there becomes the customer's message."""
    one, token = await asked(ana.office.world)
    page = await ana.page(token)
    assert "Did that solve it?" in page
    assert "<textarea" in page
    await ana.tap(token, await ana.mark(token), "open", text="It still beeps.\r\nLoudly.\x00")
    stored = await ana.office.world.store.message(f"tap:{token}")
    assert stored is not None
    assert stored.message.text == "No, something is open\n\nIt still beeps.\nLoudly."
    assert "Tom takes it up again." in await ana.page(token)
    await ana.office.world.consumer.decide([f"tap:{token}"])
    assert (await ana.now(one)).status is Status.OPEN


async def test_what_could_not_be_taken_in_can_be_sent_again(ana: Customer) -> None:
    """While messages cannot be taken in the page says so, and the same form works once they can."""
    _, token = await asked(ana.office.world)
    mark = await ana.mark(token)
    ana.office.world.broker.down = "the disk is full"
    refused = await ana.tap(token, mark, "open", text="It beeps")
    assert (refused.status, "That did not work." in await refused.text()) == (503, True)
    ana.office.world.broker.down = ""
    assert (await ana.tap(token, mark, "open", text="It beeps")).status == 303
    assert await ana.office.world.store.message(f"tap:{token}") is not None


async def test_the_desk_shows_what_the_customer_said(ana: Customer) -> None:
    """The list and the conversation name the wish and by when; one that was taken back is not shown."""
    world = ana.office.world
    await world.here("maria")
    one, token = await noted(world)
    async with visitor(ana.office, "agent") as maria:
        assert (await maria.get(f"/conversations/{one.id}"))["wish"] is None
        await ana.tap(token, await ana.mark(token), "later")
        seen = (await maria.get(f"/conversations/{one.id}"))["wish"]
        assert seen == {"kind": "later", "at": "2026-11-23T11:00:00Z", "wanted_at": "2026-11-24T16:00:00Z"}
        assert [line["wish"] for line in (await maria.get("/work"))["mine"]] == [seen]
        await ana.tap(token, await ana.mark(token), "undone")
        assert (await maria.get(f"/conversations/{one.id}"))["wish"] is None


async def test_colleagues_do_not_get_the_customers_link(ana: Customer) -> None:
    """Nobody of ours can tap in the customer's place: in the desk the note's link is left out."""
    one, token = await noted(ana.office.world)
    async with visitor(ana.office, "admin") as ada:
        lines = (await ada.get(f"/conversations/{one.id}/transcript"))["lines"]
        outbox = (await ada.get("/outbox"))["items"]
        for shown in (*lines, *outbox):
            assert token not in shown["text"]
        assert "[the customer's link]" in lines[-1]["text"]
