"""The choices of the form as HTML: what it is about, and when."""

from collections.abc import Mapping
from html import escape

from channels.phone.phone import Phone
from channels.phone.words import Words
from channels.port import Slot


def options(phone: Phone, words: Words, given: Mapping[str, str]) -> str:
    """Return the choice of what it is about; nothing where there is no menu."""
    menu = phone.account.settings.menu
    if not menu:
        return ""
    made = [
        _option(key, about, chosen=given.get("about") == key)
        for key, about in [*menu.items(), ("0", words("page_other"))]
    ]
    label = f'<label for="about">{escape(words("page_about"))}</label>'
    return f'<div class="field">{label}<select id="about" name="about">{"".join(made)}</select></div>'


def slots(free: list[Slot], words: Words, phone: Phone, given: Mapping[str, str]) -> str:
    """Return the choice of a time; nothing when there is none."""
    if not free:
        return ""
    zone, now = phone.account.zone_of(""), phone.account.host.clock.now()
    made = "".join(
        _option(
            one.start.isoformat(),
            words.at(one.start, now, zone),
            chosen=given.get("slot") == one.start.isoformat(),
        )
        for one in free
    )
    chosen = "checked" if given.get("when") == "slot" else ""
    label = escape(words("page_slot_label"))
    hint = escape(phone.account.zone_said(words))
    return (
        f'<label class="choice"><input type="radio" name="when" value="slot" {chosen}>'
        f"<span>{escape(words('page_slot'))}</span></label>"
        f'<div class="field nested"><label class="hidden" for="slot">{label}</label>'
        f'<select id="slot" name="slot" aria-describedby="slot-hint">{made}</select>'
        f'<p class="hint" id="slot-hint">{hint}</p></div>'
    )


def _option(value: str, text: str, *, chosen: bool) -> str:
    mark = " selected" if chosen else ""
    return f'<option value="{escape(value)}"{mark}>{escape(text)}</option>'
