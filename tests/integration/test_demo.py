"""The demo: it starts by itself, customers and team are busy on every channel, and Ctrl-C leaves nothing behind."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from channels import registry
from router.config import load_settings
from router.demo import folder
from router.demo.folder import Account
from router.demo.people import link, team
from router.demo.show import Options, Show
from sandbox import cast
from sandbox.script import Line, Script, carries
from tests.support.demo import Demo, demo
from tests.support.ports import free_port
from tests.support.running import until


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give a demo that is much faster than life."""
    place = tmp_path_factory.mktemp("demo")
    with demo(place, "--speed", "30", "--seed", "3", "--folder", str(place / "kept")) as running:
        yield running


def counts(page: str) -> dict[str, tuple[int, int]]:
    """Return by channel how much came in and went out."""
    found = re.findall(r'data-channel="(\w+)".*?class="counts">(\d+) in · (\d+) out', page, re.DOTALL)
    return {name: (int(written), int(heard)) for name, written, heard in found}


def test_every_channel_is_lively(lively: Demo) -> None:
    """On all channels customers write and hear from us, and the desk keeps what it promised."""

    def busy() -> dict[str, tuple[int, int]] | None:
        found = counts(lively.page())
        return found if found and all(min(both) > 0 for both in found.values()) else None

    found = until(busy, "something in and out on every channel", 90)
    assert set(found) == set(registry.names())
    kept = r'<div class="good"><dt>kept</dt><dd>([1-9]\d*)</dd>'
    until(lambda: re.search(kept, lively.page()), "a promise to be kept", 60)
    assert "is not part of this run" not in lively.said
    assert "Traceback" not in lively.said


def test_a_fault_is_switched_and_struck(lively: Demo) -> None:
    """A switch of the page lets a provider fail, and the page counts how often."""
    assert lively.post("/faults", channel="forum", fault="slow", share="always") == 200
    until(lambda: re.search(r"Slow to answer <em>\d+×", lively.page()), "a slow answer", 60)
    assert lively.post("/faults", share="never") == 200
    assert "faults on" not in lively.page()
    assert lively.post("/faults", channel="forum", fault="slow", share="sometimes") == 400


def test_you_can_write_as_a_customer(lively: Demo) -> None:
    """What is typed into the page comes in like everything else, and somebody answers."""
    assert lively.post("/write", channel="email", customer="Wanda Watcher", text="Is this real?") == 200
    until(lambda: lively.page().count("Wanda Watcher") >= 2, "the message on both sides", 60)
    assert lively.post("/write", channel="email", customer="Wanda Watcher", text=" ") == 400
    assert lively.post("/write", channel="pigeon", text="Coo") == 400


def test_the_page_is_for_this_machine_only(lively: Demo) -> None:
    """A page of another site can neither read it under a name of its own nor press the switches."""
    url = lively.url("Both sides")
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        asked = Request(f"{url}/faults", data=b"share=always", headers=headers)
        with pytest.raises(HTTPError) as refused:
            urlopen(asked, timeout=20)
        with refused.value as error:
            assert error.code == 403


def test_the_viewer_is_signed_in_by_a_new_link_each_time(lively: Demo) -> None:
    """The page leads to the desk as somebody of the team."""
    for _ in range(2):
        with urlopen(f"{lively.url('Both sides')}/desk", timeout=40) as answer:
            assert "Robin Vale" in answer.read().decode()


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    """The service ends with the demo, and a folder that was not asked for is gone."""
    with demo(tmp_path) as running:
        desk = running.url("Health").removesuffix("/admin")
        place = Path(re.search(r"Log +(\S+)", running.said)[1]).parent  # type: ignore[index]
        assert place.is_dir()
        assert running.interrupt() == 0
        assert "Stopping." in running.said
        assert "Traceback" not in running.said
        assert not place.exists()
        with pytest.raises(URLError):
            urlopen(f"{desk}/health/live", timeout=5)


def test_a_folder_of_its_own_is_used(lively: Demo) -> None:
    """With --folder the settings, the log and the data are there to be looked at."""
    place = Path(re.search(r"Log +(\S+)", lively.said)[1]).parent  # type: ignore[index]
    assert place.parent == lively.output.parent / "kept"
    assert {"handleby.toml", "rules.yaml", "service.log", "data"} <= {one.name for one in place.iterdir()}


async def test_a_part_that_cannot_start_is_told_and_the_rest_goes_on() -> None:
    """What is missing is named with the reason."""
    said: list[str] = []
    show = Show(Options(), said.append)

    async def broken() -> None:
        raise OSError("no such thing here")

    async def fine() -> str:
        return "fine"

    assert await show._part("forum", broken) is None
    assert await show._part("email", fine) == "fine"
    assert show.missing == {"forum": "no such thing here"}
    assert said == ["  forum is not part of this run: no such thing here"]


async def test_the_team_of_the_demo_gets_tokens_and_links(tmp_path: Path) -> None:
    """Settings that the demo writes load, everybody has a token, and a second run in the folder is no trouble."""
    account = Account(channel="webchat", name="demo", settings={"title": 'Ask "us"', "origins": ["http://x"]})
    settings = folder.write(tmp_path, organisation="Æ & Ø", port=free_port(), accounts=[account])
    loaded = load_settings(settings, environ={})
    assert loaded.organisation == "Æ & Ø"
    assert loaded.channels["webchat"]["demo"]["title"] == 'Ask "us"'
    for _ in range(2):
        members = await team(settings)
        assert {one.id for one in members} == {"maria", "tom", "ines", "robin"}
        assert all(one.token and one.slack for one in members)
    assert (await link(settings)).startswith(loaded.public_url)


def test_settings_of_every_kind_are_written() -> None:
    """Texts, numbers, lists and tables come back as they were; what no setting can be is refused."""
    given = {"a": 'a "b"\n', "b": True, "c": 1.5, "d": ["x", "y"], "e": {"f g": 1}}
    text = "\n".join(f"{key} = {folder.value(each)}" for key, each in given.items())
    assert tomllib.loads(text) == given
    with pytest.raises(TypeError):
        folder.value(object())


def test_the_cast_never_runs_out() -> None:
    """Stories come without end, on the channels that there are, and two runs with one seed are alike."""
    known = cast.load()
    some = [*islice(cast.stories(known, frozenset({"email", "webchat"}), 5), 200)]
    again = [*islice(cast.stories(known, frozenset({"email", "webchat"}), 5), 200)]
    assert some == again
    assert {one.channel for one in some} == {"email", "webchat"}
    assert "{order}" not in json.dumps([[step.say + step.answer for step in one.steps] for one in some])
    titles = Counter(one.title for one in some)
    assert titles["A parcel that does not come"] > 3
    assert [*cast.stories(known, frozenset(), 5)] == []


def test_the_team_finds_its_lines() -> None:
    """Whatever a channel adds to what a customer wrote, the answer that belongs to it is found; a stranger's is not."""
    step = cast.Step(say="Where is order 12345?", answer="On its way.")
    script = Script()
    script.said(Line(channel="twitter", customer="Ana", step=step))
    for written in ("Where is order 12345?", "@birkandbay where is ORDER 12345 ?!"):
        found = script.find(written)
        assert found is not None
        assert found.step is step
    assert script.find("Hello") is None
    assert script.find("") is None
    assert carries("Hi Ana! On its way.\n\nMaria", "On its way.")
    assert not carries("Maria here", "On its way.")
