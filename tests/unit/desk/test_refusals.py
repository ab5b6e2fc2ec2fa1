from typing import Any

import pytest

from router.desk.failures import TABLE, answer, problem
from router.errors import BrokerDown, Conflict, NotFound, Poison, StoreDown, StoreFull
from tests.unit.desk.office import Client


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/work?limit=0", "limit"),
        ("/work?limit=many", "limit"),
        ("/work?colour=red", "colour"),
        ("/me?x=1", "x"),
        ("/conversations?status=lost", "status"),
        ("/conversations?limit=1&limit=2", "once"),
        ("/search", "q"),
        ("/search?q=", "q"),
    ],
)
async def test_a_query_that_is_not_understood_says_what_is_wrong(maria: Client, path: str, told: str) -> None:
    """The problem names the parameter."""
    response = await maria.ask("GET", path)
    assert response.status == 422
    assert told in (await response.json())["detail"]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"said": "here"', "application/json", 400),
        (b'{"said": "\xff"}', "application/json", 400),
        (b'{"said": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b'{"said": ' + b"[" * 100_000, "application/json", 422),
        (b"said=here", "application/x-www-form-urlencoded", 422),
        (b'{"said": "here"}', "text/plain", 422),
        (b"", "application/json", 400),
        (b'{"said": "asleep"}', "application/json", 422),
    ],
)
async def test_a_body_that_is_not_understood_is_refused(
    maria: Client, data: bytes, kind: str, status: int
) -> None:
    """Broken JSON, other types and wrong values never reach the verbs."""
    response = await maria.ask("PUT", "/presence", data=data, headers={"Content-Type": kind})
    assert response.status == status, await response.text()
    assert (await response.json())["detail"]


async def test_a_body_where_none_belongs_is_refused(maria: Client) -> None:
    """Fields that nobody reads are not swallowed."""
    response = await maria.ask("POST", "/heartbeat", json={"at": "now"})
    assert response.status == 422


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/conversations/cv_0",
        "/conversations/cv_0/transcript",
        "/conversations/HB-222222",
        "/conversations/%00",
        "/customers/cu_0",
        "/conversations/cv_0/lines/x/raw",
    ],
)
async def test_what_is_not_there_is_a_problem_too(maria: Client, path: str) -> None:
    """Unknown things and unknown paths answer 404 as problem+json, with the usual headers."""
    response = await maria.ask("GET", path)
    assert (response.status, response.content_type) == (404, "application/problem+json")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("no"), 404, "not-found"),
        (Conflict(), 409, "conflict"),
        (StoreDown(), 503, "unavailable"),
        (StoreFull(), 503, "unavailable"),
        (BrokerDown(), 503, "unavailable"),
        (Poison(), 500, "failed"),
        (TimeoutError(), 408, "timeout"),
        (ValueError("secret inside"), 500, "failed"),
    ],
)
def test_every_error_has_its_answer(error: Exception, status: int, code: str) -> None:
    """One table maps what went wrong to HTTP; unknown errors tell nothing of the inside."""
    said = problem(error)
    assert (said.status, said.code) == (status, code)
    assert said.detail
    assert "secret inside" not in said.detail
    if status == 503:
        assert answer(error).headers["Retry-After"]


def test_every_line_of_the_table_can_be_reached() -> None:
    """No error kind hides a narrower one below it."""
    kinds = [kind for kind, *_ in TABLE]
    hidden = [
        (below, above)
        for place, above in enumerate(kinds)
        for below in kinds[place + 1 :]
        if issubclass(below, above)
    ]
    assert hidden == []


async def test_a_path_with_the_wrong_verb_is_refused(maria: Client) -> None:
    """Deleting what can only be read is no success."""
    response: Any = await maria.ask("DELETE", "/work")
    assert response.status == 404
