"""TwiML, Twilio's language for what happens on a call: built as a tree, so that no text can become a verb."""

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET  # builds only; nothing from outside is parsed with it

from aiohttp import web

#: The longest text that one Say takes.
LONGEST_SAY = 4096
#: What XML cannot carry.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Languages as the provider's voices name them.
VOICES = {"en": "en-GB", "da": "da-DK", "de": "de-DE", "es": "es-ES", "fr": "fr-FR", "ru": "ru-RU"}


class Twiml:
    """The verbs of one answer, in order."""

    def __init__(self, language: str, voice: str = "", *, inside: ET.Element | None = None) -> None:
        """Begin an empty answer whose words are spoken in this language."""
        self._root = ET.Element("Response") if inside is None else inside
        self._language, self._voice = language, voice

    def say(self, *texts: str) -> "Twiml":
        """Speak, each text for itself; empty ones are left out."""
        for text in texts:
            for words in _pieces(_FORBIDDEN.sub("", text).strip()):
                attributes = {"language": VOICES.get(self._language, self._language)}
                if self._voice:
                    attributes["voice"] = self._voice
                ET.SubElement(self._root, "Say", attributes).text = words
        return self

    def pause(self, seconds: int = 1) -> "Twiml":
        """Say nothing for a while."""
        ET.SubElement(self._root, "Pause", {"length": str(seconds)})
        return self

    def gather(
        self, action: str, *, digits: int = 1, timeout: int = 6, finish: str = "", listen: bool = False
    ) -> "Twiml":
        """Ask for keys, or also for words; what is added to the returned part is spoken meanwhile.

        The action is called without any key as well: without that, a caller who presses nothing falls through.
        """
        attributes = {
            "input": "dtmf",
            "action": action,
            "method": "POST",
            "timeout": str(timeout),
            "actionOnEmptyResult": "true",
            "finishOnKey": finish,
        }
        if digits:
            attributes["numDigits"] = str(digits)
        if listen:
            attributes |= {"input": "dtmf speech", "language": VOICES.get(self._language, self._language)}
            attributes |= {"speechTimeout": "auto"}
        return Twiml(self._language, self._voice, inside=ET.SubElement(self._root, "Gather", attributes))

    def dial(self, number: str, *, leg: Mapping[str, str], **attributes: str) -> "Twiml":
        """Bridge to a number; `leg` is what the provider does on that number's end."""
        dial = ET.SubElement(self._root, "Dial", {"method": "POST", **attributes})
        ET.SubElement(dial, "Number", dict(leg)).text = number
        return self

    def redirect(self, url: str) -> "Twiml":
        """Go on with what another address answers."""
        ET.SubElement(self._root, "Redirect", {"method": "POST"}).text = url
        return self

    def hang_up(self) -> "Twiml":
        """End the call."""
        ET.SubElement(self._root, "Hangup")
        return self

    def text(self) -> str:
        """Return the document."""
        return ET.tostring(self._root, encoding="unicode", xml_declaration=False)

    def response(self) -> web.Response:
        """Return it as an answer to the provider."""
        body = '<?xml version="1.0" encoding="UTF-8"?>' + self.text()
        return web.Response(text=body, content_type="text/xml", headers={"Cache-Control": "no-store"})


def _pieces(text: str) -> list[str]:
    """Return the text in pieces that one Say takes each, cut between words where there are any."""
    found = []
    while len(text) > LONGEST_SAY:
        cut = text.rfind(" ", 1, LONGEST_SAY)
        cut = cut if cut > 0 else LONGEST_SAY
        found.append(text[:cut])
        text = text[cut:].lstrip()
    return [*found, text] if text else found
