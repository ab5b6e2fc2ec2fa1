import asyncio
import json
import re
from datetime import timedelta
from html import unescape

from channels.message import Kind
from channels.phone.words import all_words
from channels.port import Line
from tests.support.calling import Office, office

NUMBER = "+45 22 50 01 00"


async def nonce(at: Office) -> str:
    """Open the form and return its hidden name."""
    async with at.session.get(f"{at.url}/callback") as answer:
        found = re.search(r'name="nonce" value="([^"]+)"', await answer.text())
        assert found is not None
        return found[1]


async def send(at: Office, **fields: str) -> tuple[int, str, str]:
    """Send the form; return status, where it leads, and the page."""
    given = {"nonce": fields.pop("nonce", "") or await nonce(at), "number": NUMBER, "when": "asap"} | fields
    async with at.session.post(f"{at.url}/callback?lang=en", data=given, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", ""), unescape(await answer.text())


async def test_the_form_leads_to_the_page_of_the_request() -> None:
    """Sent twice it is one request; the page shows who calls, by when, the note, and what was spoken."""
    async with office(calling=False, outage="Card payments fail.") as at:
        same = await nonce(at)
        fields = {"nonce": same, "name": "Ana", "about": "1", "text": "My bill is wrong"}
        (status, where, _), (_, again, _) = [await send(at, **fields) for _ in range(2)]
        assert (status, where) == (303, again)
        (asked,) = at.host.delivered
        assert (asked.sender.address, asked.sender.name) == ("+4522500100", "Ana")
        assert (asked.subject, asked.text, asked.sender.verified) == ("Billing", "My bill is wrong", False)
        at.host.show(
            asked.thread,
            Line(
                seq=1, id="n1", ours=True, automatic=True, author="Maria Jensen", text="I'll call <b>you</b>.",
                at=at.host.clock.now(),
            ),
        )  # fmt: skip
        async with at.session.get(f"{at.url}/{where}") as answer:
            page = await answer.text()
            assert answer.headers["Content-Security-Policy"].startswith(
                "default-src 'none'; script-src 'self'"
            )
        assert "Maria Jensen calls you by" in page
        assert "I&#x27;ll call &lt;b&gt;you&lt;/b&gt;." in page
        assert "Your reference: HB-7K2Q9M" in page
        assert "Card payments fail." in page


async def test_news_reach_the_page_at_once() -> None:
    """A request for news waits until there are some."""
    async with office(calling=False) as at:
        _, where, _ = await send(at)
        url = f"{at.url}/{where.replace('/case', '/standing')}"

        async def ask(mark: str = "") -> dict[str, object]:
            async with at.session.get(url, params={"mark": mark} if mark else None) as answer:
                assert answer.status == 200
                return dict(await answer.json())

        first = await ask()
        assert first["status"] == "open"
        waiting = asyncio.create_task(ask(str(first["mark"])))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        at.host.close(at.host.asked()[0].thread, "pending")
        at.host.show(at.host.asked()[0].thread)
        news = await waiting
        assert (news["status"], news["told"]) == (
            "pending",
            "This call has been made. Ask again whenever you like.",
        )


async def test_only_whoever_asked_sees_the_page() -> None:
    """Without the key, or with that of another request, there is nothing to see."""
    async with office(calling=False) as at:
        _, where, _ = await send(at)
        for wrong in (where[:-40], where.replace("key=", "key=0"), where.replace("id=cb", "id=cx")):
            for page in (wrong, wrong.replace("/case", "/standing")):
                async with at.session.get(f"{at.url}/{page}") as answer:
                    assert answer.status == 404
                    assert "HB-" not in await answer.text()


async def test_numbers_are_checked_and_what_was_typed_stays() -> None:
    """Wrong, dear, short and missing numbers are named beside the field; nothing is stored."""
    async with office(calling=False) as at:
        for number, told in (
            ("hello", "Please check the number"),
            ("90 12 34 56", "costs extra"),
            ("112", "Short numbers cannot be called"),
            ("", "Please give the number"),
            ("anonymous", "Please give the number"),
            ("+45 70 10 10 10", "Please check the number"),  # our own
        ):
            status, _, page = await send(at, number=number, name='Ana "<script>"', text="Keep this")
            assert status == 422
            assert told in page
            assert 'aria-invalid="true"' in page
            assert "Keep this</textarea>" in page
            assert '<script>"' not in page.replace('value="Ana "<script>""', "")
        assert at.host.delivered == []


async def test_one_open_callback_for_a_number() -> None:
    """A stranger learns only that it keeps its place; what they add is there for the agent."""
    async with office(calling=False) as at:
        await send(at, text="First")
        status, _, page = await send(at, text="Second")
        assert status == 422
        assert "There is a callback open for this number already." in page
        assert "Maria" not in page
        results = await asyncio.gather(*(send(at, number="22500222", text=f"Together {n}") for n in range(5)))
        assert [one[0] for one in results].count(303) == 1
    first, second, *together = at.host.asked()
    assert (first.thread, second.text) == (second.thread, "Second")
    assert len({one.thread for one in together}) == 1


async def test_a_time_that_others_take_meanwhile() -> None:
    """Of many who choose the last place at once, one gets it; the others are told to choose another."""
    async with office(calling=False) as at:
        start = (at.host.clock.now() + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
        (slot,) = at.host.offer(start, 1, 2)
        numbers = [f"2250030{n}" for n in range(6)]
        results = await asyncio.gather(
            *(send(at, number=one, when="slot", slot=slot.start.isoformat()) for one in numbers)
        )
        assert sorted(one[0] for one in results) == [303, 303, 422, 422, 422, 422]
        assert "That time has just been taken." in next(one[2] for one in results if one[0] == 422)
        assert [one.not_before for one in at.host.asked()] == [start, start]
        for wrong in ("", "yesterday", (start + timedelta(minutes=7)).isoformat(), "2026-01-01T00:00:00"):
            status, _, _ = await send(at, number="22500999", when="slot", slot=wrong)
            assert status == 422
        async with at.session.get(f"{at.url}/callback") as answer:
            assert "At a time that I choose" not in await answer.text()


async def test_who_asks_too_often_is_asked_to_wait() -> None:
    """A network address has a limit, and so has a number; programs with the key have none."""
    async with office(calling=False, requests_per_hour=6, api_key="k" * 20) as at:
        statuses = [(await send(at, number=f"2250040{n}"))[0] for n in range(5)]
        assert statuses == [303, 303, 303, 429, 429]
        key = {"Authorization": f"Bearer {'k' * 20}"}
        for number in range(5, 9):
            url = f"{at.url}/callback/api/test"
            async with at.session.post(url, json={"number": f"+452250040{number}"}, headers=key) as answer:
                assert answer.status == 201
        async with at.session.post(url, json={"number": "+4522500410"}) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) > 0


async def test_the_form_is_for_our_own_page() -> None:
    """Another site's page cannot send it for its visitors; other kinds of bodies are refused."""
    async with office(calling=False) as at:
        given = {"nonce": await nonce(at), "number": NUMBER}
        for origin, status in (("https://evil.example", 403), ("null", 403), (at.url, 303)):
            async with at.session.post(
                f"{at.url}/callback", data=given, headers={"Origin": origin}, allow_redirects=False
            ) as answer:
                assert answer.status == status
        for body, kind in ((b"{}", "application/json"), (b"x" * 20_000, "application/x-www-form-urlencoded")):
            async with at.session.post(
                f"{at.url}/callback", data=body, headers={"Content-Type": kind}
            ) as answer:
                assert answer.status == 422
        assert (await send(at, nonce="short"))[0] == 422
        async with at.session.get(f"{at.url}/callback?account=nobody") as answer:
            assert answer.status == 404


async def test_programs_ask_by_json() -> None:
    """The same id twice is one request; errors say what, and what else there is."""
    async with office(calling=False, api_key="k" * 20) as at:
        url = f"{at.url}/callback/api/test"
        key = {"Authorization": f"Bearer {'k' * 20}"}
        start = (at.host.clock.now() + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
        at.host.offer(start, 2, 1)
        async with at.session.get(f"{url}/slots?number=%2B4522500100") as answer:
            times = await answer.json()
        body = {"number": NUMBER, "id": "a1", "about": "Delivery", "slot": times[0]["start"], "text": "Hi"}
        answers = []
        for _ in range(2):
            async with at.session.post(url, json=body, headers=key) as answer:
                answers.append((answer.status, await answer.json()))
        assert answers[0] == answers[1]
        status, found = answers[0]
        assert status == 201
        async with at.session.get(found["page"]) as answer:
            assert answer.status == 200
        (asked,) = at.host.delivered
        assert (asked.subject, asked.not_before, asked.sender.verified) == ("Delivery", start, True)
        async with at.session.post(url, json={"number": NUMBER}, headers=key) as answer:
            assert (answer.status, (await answer.json())["already"]) == (200, True)
        at.host.unwelcome.add("phone:+4522500199")
        for wrong, expected in (
            ({"number": "hello"}, (400, "number")),
            ({"number": "+4522500199"}, (403, "tier")),
            ({"phone": "1"}, (400, "body")),
            ({"number": "+4522500198", "slot": "soon"}, (400, "slot")),
        ):
            async with at.session.post(url, json=wrong, headers=key) as answer:
                told = await answer.json()
                assert (answer.status, told["code"]) == expected
                assert told["text"]
        for data in (b"{", b"[]", b"\xff", json.dumps({"number": "1", "text": "x" * 20_000}).encode()):
            async with at.session.post(url, data=data) as answer:
                assert answer.status == 400
        async with at.session.post(url, json=body, headers={"Authorization": "Bearer no"}) as answer:
            assert answer.status == 401


async def test_who_may_not_be_called_reads_what_else_there_is() -> None:
    """Tiers without callbacks are told kindly, with the other ways on the page."""
    async with office(calling=False, other_ways=("help@example.com",)) as at:
        at.host.unwelcome.add("phone:+4522500100")
        status, _, page = await send(at)
        assert status == 422
        assert "A person answers you just as well" in page
        assert "help@example.com" in page
        assert at.host.delivered == []


async def test_every_language_has_every_word() -> None:
    """The same names, the same fields, the same lists."""
    known = all_words()
    assert set(known) == {"da", "de", "en", "es", "fr", "ru"}
    english = known["en"]._texts
    for language, words in known.items():
        assert list(words._texts) == list(english), language
        for name, text in english.items():
            if isinstance(text, str):
                fields = sorted(set(re.findall(r"\{\w+\}", text)))
                assert sorted(set(re.findall(r"\{\w+\}", words._texts[name]))) == fields, (language, name)
    assert known["ru"].lengths([60, 180, 300, 1260]) == "1 минуту, 3 минуты, 5 минут и 21 минуту"
    assert known["da"].lengths([3600, 1800]) == "1 time og 30 minutter"


async def test_a_talk_ends_on_the_page() -> None:
    """The request's page says while the telephone rings, and afterwards, what happens."""
    async with office() as at:
        _, where, _ = await send(at, name="Ana")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        async with at.session.get(f"{at.url}/{where}") as answer:
            assert "This call has been made." in await answer.text()
