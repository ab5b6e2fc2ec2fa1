"""What a real phone account shows: the credentials, the number and where its calls are answered, the clock."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import msgspec
from aiohttp import ClientError
from msgspec import Struct

from channels.phone.account import Account
from channels.port import Host
from channels.tryout import Finding


class _Number(Struct, frozen=True, kw_only=True):
    phone_number: str = ""
    voice_url: str | None = None
    voice_method: str | None = None


class _Numbers(Struct, frozen=True, kw_only=True):
    incoming_phone_numbers: list[_Number] = []


async def try_out(host: Host) -> AsyncIterator[Finding]:
    """Yield what is found; nobody is called."""
    account = Account.of(host)
    try:
        signed_in = await _signed_in(account)
        yield signed_in
        if signed_in.ok:
            yield await _number(account)
    finally:
        await account.wire.close()
    yield _people(account)


async def _signed_in(account: Account) -> Finding:
    try:
        status, _ = await account.wire.look(".json")
    except (ClientError, TimeoutError, OSError) as error:
        what = f"{account.settings.api} cannot be reached ({type(error).__name__})."
        return Finding(ok=False, what=what, mend="See that this machine may reach it, and `api` is right.")
    if status != HTTPStatus.OK:
        return Finding(
            ok=False,
            what=f"Twilio does not let us in (status {status}).",
            mend="Copy account_sid and auth_token anew from the front page of the console.",
        )
    return Finding(ok=True, what="Twilio lets us in.")


async def _number(account: Account) -> Finding:
    wanted = account.settings.number
    try:
        status, body = await account.wire.look("/IncomingPhoneNumbers.json", {"PhoneNumber": wanted})
        found = msgspec.json.decode(body, type=_Numbers).incoming_phone_numbers if status == 200 else []
    except (ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        return Finding(
            ok=False,
            what=f"The number cannot be looked up ({type(error).__name__}).",
            mend="Try again later.",
        )
    one = next((each for each in found if each.phone_number == wanted), None)
    if one is None:
        return Finding(
            ok=False,
            what=f"{wanted} is no number of this account.",
            mend="Buy it there, or correct `number`; one verified as caller id only takes no calls.",
        )
    hook = account.host.public_url.rstrip("/") + account.path
    if (one.voice_url or "").partition("#")[0] != hook or one.voice_method != "POST":
        mend = (
            f"In the console, set *A call comes in* of the number to Webhook, HTTP POST, {hook}#rc=5&rp=all"
        )
        return Finding(ok=False, what="Calls to the number are not answered by this service.", mend=mend)
    return Finding(ok=True, what=f"Calls to {wanted} are answered by this service.")


def _people(account: Account) -> Finding:
    """Say what nobody can try without calling somebody."""
    return Finding(
        ok=True,
        what=f"Customers are called between {account.settings.call_from:%H:%M} and their evening.",
        mend="Give everybody who calls a `phone` in the rules, allow the countries you call under "
        "Geo permissions, and be called once yourself: open /callback.",
    )
