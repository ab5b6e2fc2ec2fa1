import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator

from router.desk.app import operations
from router.desk.openapi import document
from tests.unit.desk.office import Client


def test_the_document_is_valid() -> None:
    """The validator of OpenAPI 3.1 finds nothing."""
    written = msgspec.to_builtins(
        document(operations(), organisation="Example", public_url="https://x.example/")
    )
    assert not [error.message for error in OpenAPIV31SpecValidator(written).iter_errors()]


def test_the_document_tells_of_every_operation() -> None:
    """Each has a name of its own, a summary, the role it needs, and what goes wrong."""
    written = document(operations(), organisation="Example", public_url="https://x.example")
    told = [one for path in written["paths"].values() for one in path.values()]
    assert len(told) == len(operations())
    assert len({one["operationId"] for one in told}) == len(told)
    for one in told:
        assert one["summary"]
        assert "Needs the role" in one["description"]
        assert "default" in one["responses"]


def test_parameters_are_described() -> None:
    """Path, query and header parameters are there with their types."""
    paths = document(operations(), organisation="Example", public_url="https://x.example")["paths"]
    listed = {one["name"]: one for one in paths["/api/v1/conversations"]["get"]["parameters"]}
    assert set(listed) == {"status", "queue", "limit", "after"}
    reply = paths["/api/v1/conversations/{id}/reply"]["post"]
    assert [(one["in"], one["name"]) for one in reply["parameters"]] == [
        ("path", "id"),
        ("header", "Idempotency-Key"),
    ]
    assert reply["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Reply")


async def test_the_document_is_served_to_anybody(stranger: Client) -> None:
    """Programs can read it before they have a token."""
    response = await stranger.ask("GET", "/api/openapi.json")
    assert response.status == 200
    assert (await response.json())["openapi"] == "3.1.0"
