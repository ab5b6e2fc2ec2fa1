"""Whether the one fact that a rule asks for is known already: then nobody asks for it."""

import re
import unicodedata

from channels.message import Message
from router.conversation import Customer

#: The facts that the shipped texts ask for; of others a rule's own condition tells.
EMAIL, ORDER = "email", "order"

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w{2,}")
#: A number that is called an order's, in six languages: `order no. 5521`, `Bestellnummer: A-1207`.
_CALLED = re.compile(
    r"(?:order|ordre|bestell|auftrag|commande|pedido|заказ)\w*[^\d\n]{0,20}?((?:\b[a-z]{1,4}-?)?\d{3,}[\w-]*)"
)
#: A number that can hardly be anything else: five digits or more, no amount, no date and nobody's telephone.
_BARE = re.compile(r"(?<![\w+.,:/-])#?(?:[a-z]{1,4}\d{0,3}-?)?\d{5,}[\w-]*(?![.,:/]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_PHONE = re.compile(r"(?:\+|tel|phone|mobil|mobile|handy|call|ring|appel|llam|тел|звон)[^\n]{0,25}$")


def wanted(ask: str, message: Message, customer: Customer | None) -> str:
    """Return the fact to ask for; "" where the message or the customer's record has it."""
    return "" if ask and _known(ask, message, customer) else ask


def _known(ask: str, message: Message, customer: Customer | None) -> bool:
    if customer is not None and customer.attributes.get(ask):
        return True
    text = unicodedata.normalize("NFKC", f"{message.subject}\n{message.text}").casefold()
    if ask == EMAIL:
        known = (message.sender, *message.claims, *(customer.identities if customer is not None else ()))
        return any(one.kind == EMAIL for one in known) or _ADDRESS.search(text) is not None
    return ask == ORDER and _numbered(text)


def _numbered(text: str) -> bool:
    """Tell whether an order number stands in the text."""
    if any(_YEAR.fullmatch(found[1]) is None for found in _CALLED.finditer(text)):
        return True
    return any(_PHONE.search(text[: found.start()]) is None for found in _BARE.finditer(text))
