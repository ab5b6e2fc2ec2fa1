from tests.unit.desk.office import HEALTH, Client, Office, visitor


async def test_accounts_are_made_changed_and_removed(ada: Client) -> None:
    """An admin does what the command line does."""
    user = await ada.post("/users", {"email": "new@example.com", "name": "New", "role": "lead"})
    assert (user["email"], user["role"], user["agent"]) == ("new@example.com", "lead", "")
    changed = await ada.ask("PATCH", f"/users/{user['id']}", json={"role": "ops"})
    assert (await changed.json())["role"] == "ops"
    assert user["id"] in {one["id"] for one in (await ada.get("/users"))["users"]}
    assert (await ada.ask("DELETE", f"/users/{user['id']}")).status == 204
    assert user["id"] not in {one["id"] for one in (await ada.get("/users"))["users"]}
    assert (await ada.ask("PATCH", f"/users/{user['id']}", json={"role": "ops"})).status == 404


async def test_a_second_account_for_an_address_is_refused(ada: Client) -> None:
    """The conflict says that there is one."""
    response = await ada.ask("POST", "/users", json={"email": "MARIA@example.com"})
    assert response.status == 409
    assert "already has an account" in (await response.json())["detail"]


async def test_an_admin_cannot_lock_themselves_out(ada: Client) -> None:
    """Neither deleting oneself nor giving the role away is possible alone."""
    me = (await ada.get("/me"))["id"]
    assert (await ada.ask("DELETE", f"/users/{me}")).status == 409
    assert (await ada.ask("PATCH", f"/users/{me}", json={"role": "agent"})).status == 409


async def test_a_link_for_somebody_signs_them_in(office: Office, ada: Client, stranger: Client) -> None:
    """The admin makes the link, the other one uses it."""
    maria = next(one for one in (await ada.get("/users"))["users"] if one["agent"] == "maria")
    link = (await ada.post(f"/users/{maria['id']}/link"))["url"]
    token = link.partition("token=")[2]
    assert (await stranger.ask("POST", "/signin/link", data={"token": token})).status == 303
    assert (await stranger.get("/me"))["agent"]["id"] == "maria"


async def test_tokens_are_shown_once_and_dropped(office: Office, ada: Client) -> None:
    """A listed token has no secret; after dropping it the secret is worth nothing."""
    maria = next(one for one in (await ada.get("/users"))["users"] if one["agent"] == "maria")
    secret = (await ada.post(f"/users/{maria['id']}/tokens", {"name": "import"}))["token"]
    assert secret.startswith("hb_")
    (listed,) = (await ada.get(f"/users/{maria['id']}/tokens"))["tokens"]
    assert listed["name"] == "import"
    assert secret not in str(listed)
    async with visitor(office, Authorization=f"Bearer {secret}") as program:
        assert (await program.get("/me"))["agent"]["id"] == "maria"
        assert (await ada.ask("DELETE", f"/users/{maria['id']}/tokens/{listed['id']}")).status == 204
        assert (await program.ask("GET", "/me")).status == 401


async def test_signing_somebody_out_everywhere(office: Office, ada: Client, maria: Client) -> None:
    """Revoking ends what the account has open."""
    user = (await maria.get("/me"))["id"]
    await ada.ask("PATCH", f"/users/{user}", json={"revoke": True})
    assert (await maria.ask("GET", "/me")).status == 401


async def test_health_is_the_document_of_the_router(office: Office) -> None:
    """Ops read the same document that /health/queues gives."""
    async with visitor(office, "ops") as otto:
        assert await otto.get("/health") == HEALTH
