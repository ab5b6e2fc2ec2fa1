import re
from pathlib import Path

import pytest

from router.desk.assets import FOLDER, Assets
from tests.unit.desk.office import Client, Office, opened, visitor

PAGES = ["/", "/outbox", "/report", "/report/letter", "/ops", "/ops/wording", "/admin"]


@pytest.mark.parametrize("path", [*PAGES, "/c/HB-222222"])
async def test_pages_carry_strict_headers(office: Office, path: str) -> None:
    """No inline script or style, no framing, nothing from elsewhere, nothing kept by proxies."""
    async with visitor(office, "admin") as client:
        response = await client.session.get(office.url + path)
        policy = response.headers["Content-Security-Policy"]
        html = await response.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


async def test_every_file_of_a_page_is_served_and_kept(office: Office) -> None:
    """Scripts and styles carry their hash in the path, so browsers keep them for good."""
    async with visitor(office, "admin") as client:
        for path in PAGES:
            html = await (await client.session.get(office.url + path)).text()
            for asset in set(re.findall(r"(?:src|href)=\"(/desk/assets/[^\"]+)\"", html)):
                response = await client.ask("GET", asset)
                assert response.status == 200, asset
                assert "immutable" in response.headers["Cache-Control"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_every_import_of_a_script_exists() -> None:
    """The modules import only their neighbours, by names that are there."""
    names = {path.name for path in FOLDER.iterdir()}
    for path in FOLDER.glob("*.js"):
        for wanted in re.findall(r"from \"([^\"]+)\"", path.read_text()):
            assert wanted.startswith("./"), (path.name, wanted)
            assert wanted.removeprefix("./") in names, (path.name, wanted)


def test_no_script_writes_html() -> None:
    """Text becomes nodes; the one frame for a cleaned mail is the only exception."""
    writers = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc")
    found = {path.name for path in FOLDER.glob("*.js") if writers.search(path.read_text())}
    assert found == {"lines.js"}


def test_the_version_follows_the_files(tmp_path: Path) -> None:
    """A changed file changes the path of all."""
    (tmp_path / "a.js").write_text("1")
    before = Assets(tmp_path).version
    (tmp_path / "a.js").write_text("2")
    assert Assets(tmp_path).version != before


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e%2fapp.py", "nothing.js", "..%5capp.py"])
async def test_only_the_pages_files_are_served(stranger: Client, name: str) -> None:
    """No path leads out of the folder."""
    assert (await stranger.ask("GET", f"/desk/assets/x/{name}")).status == 404


async def test_an_old_path_still_works_but_is_not_kept(stranger: Client) -> None:
    """A page that was open during an update gets the new file."""
    response = await stranger.ask("GET", "/desk/assets/old/base.css")
    assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")


async def test_the_sign_in_page_says_what_to_do(stranger: Client) -> None:
    """It names the administrator's page and the command."""
    html = await (await stranger.ask("GET", "/signin")).text()
    assert "handleby users link" in html


async def test_names_are_escaped_in_pages(tmp_path: Path) -> None:
    """Organisation, banner and account names are text, not markup."""
    evil = "<script>alert(1)</script>"
    async with (
        opened(tmp_path, organisation=evil, banner=evil, open_outbox=True) as office,
        visitor(office) as client,
    ):
        html = await (await client.session.get(f"{office.url}/outbox")).text()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;") >= 2


async def test_the_open_outbox_needs_no_account(tmp_path: Path) -> None:
    """While nothing leaves the machine, page and API are open; the rest is not."""
    async with opened(tmp_path, open_outbox=True) as office, visitor(office) as client:
        page = await client.session.get(f"{office.url}/outbox")
        assert "Nothing leaves this machine" in await page.text()
        assert await client.get("/outbox") == {"items": []}
        assert (await client.ask("GET", "/work")).status == 401


async def test_a_page_one_may_not_see_says_so(office: Office) -> None:
    """The refusal is a page with the role that is needed."""
    async with visitor(office, "agent") as client:
        response = await client.session.get(f"{office.url}/admin")
        assert response.status == 403
        assert "ops" in await response.text()
