"""What the API shows of the note texts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.office import Office, opened, visitor


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk."""
    async with opened(tmp_path) as found:
        yield found


async def test_the_first_notes_are_shown_with_what_there_is_to_choose(office: Office) -> None:
    """Without a wish: first notes in the first language, none of them refused, and all the choices."""
    async with visitor(office, "lead") as client:
        found = await client.get("/wording")
    assert found["language"] == "en"
    assert set(found["languages"]) == {"en", "da", "de", "fr", "es", "ru"}
    assert {"first", "late", "missed"} <= set(found["kinds"])
    assert {"channel": "phone", "style": "spoken"} in found["channels"]
    assert "maria" in {one["id"] for one in found["agents"]}
    assert {one["kind"] for one in found["texts"]} == {"first"}
    assert not any(one["faults"] for one in found["texts"])
    assert all(one["where"].startswith("shipped wording/en.yaml:") for one in found["texts"])


async def test_texts_can_be_chosen(office: Office) -> None:
    """One language, channel, kind, form of address and person."""
    asked = {"language": "de", "channel": "email", "kind": "missed", "address": "informal", "agent": "maria"}
    async with visitor(office, "lead") as client:
        found = (await client.get("/wording", **asked))["texts"]
    assert {(one["kind"], one["style"], one["address"]) for one in found} == {("missed", "mail", "informal")}
    assert all("Hallo" in one["text"] and "Maria" in one["text"] for one in found)
    assert {one["voice"] for one in found} == {"owner", "duty"}


async def test_the_customers_page_is_shown(office: Office) -> None:
    """The parts beside the notes are there too, with example values in them."""
    async with visitor(office, "lead") as client:
        found = (await client.get("/wording", kind="page", language="da"))["texts"]
    texts = {one["voice"]: one["text"] for one in found}
    assert texts["later"] == "I morgen er fint"
    assert texts["pick_done"] == "Fint. Du har svaret senest kl. 15.40 i dag (dansk tid)."


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"language": "dk"}, "no language called 'dk'"),
        ({"channel": "mail"}, "did you mean 'email'?"),
        ({"kind": "frist"}, "did you mean 'first'?"),
        ({"address": "polite"}, "known: formal, informal"),
        ({"agent": "marie"}, "did you mean 'maria'?"),
    ],
)
async def test_what_is_not_known_is_told(office: Office, asked: dict[str, str], told: str) -> None:
    """A wish that cannot be met is refused with what could be meant."""
    async with visitor(office, "lead") as client:
        response = await client.ask("GET", "/wording", params=asked)
        assert response.status == 422
        assert told in (await response.json())["detail"]
