"""Bytes to text when the charset is missing, unknown or a lie."""

import codecs

#: Longest text kept for reading, characters; the raw mail is kept whole.
LONGEST = 100_000
_CUT = "\n[…] The rest was cut: download the original to read it."

#: What mail programs write, and what they mean by it (WHATWG Encoding, section 4.2).
_MEANT = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
}
#: Codecs of Python that are no charsets of mail; some take quadratic time.
_REFUSED = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
#: In these every byte means something, so a wrong label goes unnoticed.
_ANY_BYTE = frozenset({"cp1252", "cp1254", "cp1250", "cp1251", "iso8859-15", "iso8859-2", "koi8-r", "cp437"})

_NEWLINES = str.maketrans(
    {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
)
_CONTROLS = {code: None for code in range(0x20) if code not in {0x09, 0x0A}} | {0x7F: None}


def decode(data: bytes, label: str = "") -> str:
    """Return the text in the charset that the bytes fit, the named one first."""
    charset = _codec(label)
    doubtful = charset in _ANY_BYTE and not data.isascii()
    for candidate in ("utf-8", charset) if doubtful else (charset, "utf-8"):
        try:
            return data.decode(candidate)
        except (LookupError, ValueError):
            continue  # wrong bytes, or a codec of Python that makes no text
    return data.decode("cp1252", "replace")


def clean(text: str) -> str:
    """Return the text with plain line ends and without NUL, other controls and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").translate(_NEWLINES).translate(_CONTROLS)
    return text.encode("utf-8", "replace").decode("utf-8")


def line(text: str, longest: int = 500) -> str:
    """Return the text as one line with single spaces, no longer than that many characters."""
    return " ".join(clean(text[: 4 * longest]).split())[:longest]


def short(text: str) -> str:
    """Return the text, cut when it is longer than anybody reads."""
    return text if len(text) <= LONGEST else text[:LONGEST] + _CUT


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label.strip().strip("\"'") or "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("_", "-") in _REFUSED else _MEANT.get(name, name)
