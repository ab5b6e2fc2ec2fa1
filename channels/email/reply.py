"""What the person wrote this time: the quoted mails below are cut off."""

import re

from mailparser_reply import EmailReplyParser
from mailparser_reply.constants import MAIL_LANGUAGES

from channels.email.subject import answers, passes_on

#: Characters searched for quotes; the patterns of the library are not linear.
LONGEST = 50_000
_LANGUAGES = [name for name in MAIL_LANGUAGES if name != "david"]
_BLANKS = re.compile(r"\n{3,}")
_QUOTE = re.compile(r"^(?:>|-----|_____)", re.MULTILINE)


def likely(subject: str, text: str, *, cites: bool) -> bool:
    """Tell whether quoted mails may stand below; what was forwarded is the message itself."""
    if passes_on(subject):
        return False
    return cites or answers(subject) or _QUOTE.search(text) is not None


def strip(text: str) -> str:
    """Return the text without the mails that it quotes; all of it when nothing else would be left."""
    head = _BLANKS.sub("\n\n", text[:LONGEST])
    replies = EmailReplyParser(languages=list(_LANGUAGES)).read(head).replies
    if len(replies) == 1 and not replies[0].headers:
        return _unquoted(text) or text
    own = "" if replies[0].headers else replies[0].content
    return _unquoted(_original(own, head) if own else head) or text


def _original(own: str, text: str) -> str:
    """Return the lines as they were written: the library loses their indentation."""
    lines = text.strip().split("\n")[: own.count("\n") + 1]
    same = [line.strip() for line in lines] == [line.strip() for line in own.split("\n")]
    return "\n".join(lines).rstrip() if same else own


def _unquoted(text: str) -> str:
    """Drop the quoted lines, and the line above the first of them when it announces them."""
    out: list[str] = []
    for line in text.split("\n"):
        if line.startswith(">"):
            while out and not out[-1].strip():
                out.pop()
            if out and out[-1].rstrip().endswith(":") and len(out[-1]) < 200 and "@" in out[-1]:
                out.pop()
        else:
            out.append(line)
    return _BLANKS.sub("\n\n", "\n".join(out)).strip()
