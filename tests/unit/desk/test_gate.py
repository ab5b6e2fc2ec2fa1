from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.desk import sessions
from tests.unit.desk.office import Client, Office, opened, sign_in, visitor

OURS = {"X-Handleby": "1"}


async def test_a_link_leads_in_through_a_button(office: Office, stranger: Client) -> None:
    """Opening the link uses nothing up; the button signs in with a cookie that scripts cannot read."""
    link = await office.link()
    for _ in range(2):
        page = await stranger.ask("GET", link.removeprefix(office.url))
        assert page.status == 200
        assert "Maria Jensen" in await page.text()
    assert (await stranger.ask("GET", "/me")).status == 401
    response = await stranger.ask("POST", "/signin/link", data={"token": link.partition("token=")[2]})
    assert (response.status, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert (await stranger.get("/me"))["email"] == "maria@example.com"


async def test_behind_https_the_cookie_is_for_this_host_only(tmp_path: Path) -> None:
    """With an https address the cookie is Secure and carries the __Host- name."""
    async with opened(tmp_path, public_url="https://desk.example.com") as office, visitor(office) as client:
        token = (await office.link()).partition("token=")[2]
        response = await client.ask("POST", "/signin/link", data={"token": token})
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-handleby=")
        assert "Secure" in cookie


async def test_a_used_link_explains_itself(office: Office, stranger: Client) -> None:
    """The second use is refused on a page that says what to do."""
    token = (await office.link()).partition("token=")[2]
    await stranger.ask("POST", "/signin/link", data={"token": token})
    response = await stranger.ask("POST", "/signin/link", data={"token": token})
    assert response.status == 422
    assert "handleby users link" in await response.text()


async def test_another_site_cannot_sign_somebody_in(office: Office, stranger: Client) -> None:
    """A form on a foreign page is refused, and the link stays unused."""
    token = (await office.link()).partition("token=")[2]
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        response = await stranger.ask("POST", "/signin/link", data={"token": token}, headers=headers)
        assert response.status == 403
    response = await stranger.ask(
        "POST", "/signin/link", data={"token": token}, headers={"Origin": office.url}
    )
    assert response.status == 303


@pytest.fixture
async def browser(office: Office) -> AsyncIterator[Client]:
    """Give somebody who signed in with a cookie."""
    async with visitor(office) as client:
        await sign_in(client)
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**OURS, "Origin": "https://evil.example"},
        {**OURS, "Sec-Fetch-Site": "cross-site"},
        {**OURS, "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_cookie_alone_changes_nothing(browser: Client, headers: dict[str, str]) -> None:
    """Requests that change something need our header and our origin."""
    response = await browser.ask("PUT", "/presence", json={"said": "away"}, headers=headers)
    assert response.status == 403
    assert "API token" in (await response.json())["detail"]


async def test_our_own_pages_may_change_things(browser: Client) -> None:
    """With the header and our own origin the same request passes."""
    headers = {**OURS, "Origin": browser.office.url, "Sec-Fetch-Site": "same-origin"}
    response = await browser.ask("PUT", "/presence", json={"said": "away"}, headers=headers)
    assert response.status == 200


async def test_signing_out_ends_the_session_on_the_server(browser: Client) -> None:
    """The old cookie is worth nothing afterwards, wherever it was copied to."""
    kept = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}
    response = await browser.ask("DELETE", "/session", headers=OURS)
    assert response.status == 204
    assert (await browser.ask("GET", "/me", cookies=kept)).status == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer hb_wrong", "Basic bWFyaWE6cHc=", "Bearer " + "x" * 5000]
)
async def test_a_wrong_token_does_not_fall_back_to_the_cookie(browser: Client, value: str) -> None:
    """Whoever sends a token is judged by it; an empty header counts as none."""
    response = await browser.ask("GET", "/me", headers={"Authorization": value})
    assert response.status == (200 if value in {"", "Bearer"} else 401)


async def test_guessing_is_slowed_down(office: Office, stranger: Client) -> None:
    """After many wrong tokens the address must wait, and is told how long; right ones still pass."""
    wrong = {"Authorization": "Bearer hb_" + "x" * 40}
    statuses = [(await stranger.ask("GET", "/me", headers=wrong)).status for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    response = await stranger.ask("GET", "/me", headers=wrong)
    assert int(response.headers["Retry-After"]) >= 1
    async with visitor(office, "agent") as maria:
        assert (await maria.ask("GET", "/me")).status == 200
    office.world.clock.move(60)
    assert (await stranger.ask("GET", "/me", headers=wrong)).status == 401


async def test_signing_in_is_slowed_down(stranger: Client) -> None:
    """Links can be tried only so often from one address."""
    statuses = [(await stranger.ask("POST", "/signin/link", data={"token": "x"})).status for _ in range(25)]
    assert statuses[0] == 422
    assert statuses[-1] == 429


async def test_a_session_ends_with_time(browser: Client) -> None:
    """After two weeks one signs in again."""
    browser.office.world.clock.move(sessions.SESSION_S)
    assert (await browser.ask("GET", "/me")).status == 401


async def test_the_desk_never_shows_its_secret(office: Office) -> None:
    """The key stays out of what is logged about the parts."""
    assert "sss" not in repr(replace(office.parts))
