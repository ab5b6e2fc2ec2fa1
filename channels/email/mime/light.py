"""Which mails are small and plain enough to be read in place, without a child process."""

import re

#: Bytes; the limits keep reading below a millisecond whatever the content.
LARGEST = 32_768
LARGEST_HEAD = 8_192
MOST_FIELDS = 60

_HEAVY_HEAD = re.compile(
    rb"^(?:content-type:(?![ \t]*text/plain\b)|content-transfer-encoding:[ \t]*(?:base64|x-)"
    rb"|in-reply-to:|references:|subject:[ \t]*[\w\x80-\xff]{1,21}[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTING = re.compile(rb"^(?:>|=3E|-----|_____)", re.MULTILINE)


def light(raw: bytes) -> bool:
    """Tell whether the mail is one short plain text that quotes nothing."""
    if len(raw) > LARGEST:
        return False
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        end = raw.find(b"\n\n")
    if end < 0 or end > LARGEST_HEAD:
        return False
    head = raw[:end]
    if head.count(b"\n") > MOST_FIELDS or _HEAVY_HEAD.search(head):
        return False
    return _QUOTING.search(raw, end) is None
