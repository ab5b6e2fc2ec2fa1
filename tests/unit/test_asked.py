"""The one missing fact is asked for when it is missing, and only then."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Customer
from router.reading.asked import wanted
from tests.support.world import RULES, World

ASKS = """
  - name: Parcels need the order number
    when: {text: {contains_any: [parcel]}}
    then: {ask: order}
"""
PRESENT = """
Where is my parcel? Order 5521.
Where is my parcel? My order number is A-1207
order no. #991 is late
Hvor er min pakke? Ordrenr. 4471
Bestellnummer: 77120, wo ist das Paket?
N° de commande 8812-33
Mi pedido es el 30912
Номер заказа 44120, где посылка?
Where is parcel 5521834?
HB12-99120 has not come
"""
MISSING = """
Where is my parcel?
I ordered on 12 March, where is it?
I ordered it in 2026 and paid 12,500.00
Call me on +45 12345678 about my parcel
My phone number is 12345678
Wo ist meine Bestellung?
Où est ma commande du 12/03/2026 ?
"""


@pytest.mark.parametrize("text", PRESENT.strip().splitlines())
def test_an_order_number_that_is_there_is_not_asked_for(tmp_path: Path, text: str) -> None:
    """However it is called, and also without a name."""
    assert wanted("order", World(tmp_path).mail_from(text=text, subject="Hello"), None) == ""


@pytest.mark.parametrize("text", MISSING.strip().splitlines())
def test_an_order_number_that_is_missing_is_asked_for(tmp_path: Path, text: str) -> None:
    """Days, years, amounts and telephones are no order numbers."""
    assert wanted("order", World(tmp_path).mail_from(text=text, subject="Hello"), None) == "order"


def test_an_address_is_asked_for_where_nobody_knows_one(tmp_path: Path) -> None:
    """Not of those who write by mail, nor of those who gave one, nor when it stands in the text."""
    world = World(tmp_path)
    chat = world.chat_from()
    known = replace(chat, claims=(Identity(kind="email", address="ana@example.org"),))
    written = world.chat_from(text="please answer ana@example.org")
    assert [wanted("email", one, None) for one in (chat, known, written, world.mail_from())] == [
        "email",
        "",
        "",
        "",
    ]


def test_what_the_record_knows_is_not_asked_for(tmp_path: Path) -> None:
    """A fact of the operator's own stands in the customer's record under its name."""
    message = World(tmp_path).mail_from()
    known = Customer(id="c_1", attributes={"serial": "S-1"})
    assert (wanted("serial", message, known), wanted("serial", message, None)) == ("", "serial")


async def test_the_note_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    """Two customers under one rule: who wrote the number is not asked for it."""
    world = World(tmp_path, RULES + ASKS)
    (told, silent) = await world.take(
        world.mail_from("ben@example.org", "Where is my parcel? Order 5521."),
        world.mail_from("eva@example.org", "Where is my parcel?"),
    )
    assert ["order number" in one.outbox[0].text for one in (told, silent)] == [False, True]
