"""Subjects of mails: what an answer's subject is, and whether two subjects are about the same matter."""

import re
import unicodedata

from rules.called import line

#: What mail programs of many languages put before the subject of an answer.
REPLIES = tuple(
    """re aw sv antw antwort rif ri r odp odg ynt yan res vá ats atb bls ha απ σχετ ответ отв от отг на відп
    השב رد ตอบ 回复 回覆 答复 答覆 返信 답장 회신""".split()  # noqa: SIM905  # a list of words reads best as text
)
#: What they put before the subject of a mail that is passed on.
FORWARDS = tuple(
    """fwd fw wg vb vl tr rv enc i doorst pd ilt trs fs πρθ пересл переслано הועבר 转发 轉寄 轉發 転送 전달
    """.split()  # noqa: SIM905  # the same
)
#: An answer in one language and a mail passed on in another.
EITHER = ("vs",)
#: Longest subject of an answer.
LONGEST = 200
#: Characters of it that tell matters apart: fewer, as marks of others take some of the room.
COMPARED = 150
#: Characters looked at.
_LOOKED_AT = 1000


def _any_of(words: tuple[str, ...]) -> str:
    # The longest first, so that `re` does not hide `res`; a number as in `Re[2]:` or `Re (3):`.
    longest_first = sorted(words, key=len, reverse=True)
    return (
        rf"(?:{'|'.join(map(re.escape, longest_first))})\.?\s*(?:[\[(^]\d{{1,4}}[\])]?)?\s*[:\uff1a\ufe55]\s*"
    )


_REPLY = re.compile(rf"\s*(?:{_any_of((*REPLIES, *EITHER))})+", re.IGNORECASE)
#: Gateways put a warning before the subject of whatever comes from outside.
_OUTSIDE = r"\[(?:external|extern|ext)\]\s*:?\s*"
_ALL = re.compile(rf"\s*(?:{_any_of((*REPLIES, *FORWARDS, *EITHER))}|{_OUTSIDE})+", re.IGNORECASE)


def reply_subject(subject: str) -> str:
    """Return the subject of an answer, on one line, without piling up `Re:`; "" stays ""."""
    plain = _without(_REPLY, line(subject, longest=_LOOKED_AT))
    return f"Re: {plain[:LONGEST].rstrip()}" if plain else ""


def base_subject(subject: str) -> str:
    """Return what stays of the subject when it is answered or passed on, for comparing.

    Only the beginning counts, as we and others cut long subjects. Blanks go, as mail programs fold them
    where they like.
    """
    plain = _without(_ALL, line(subject, longest=_LOOKED_AT))[:COMPARED]
    return "".join(unicodedata.normalize("NFKC", plain).casefold().split())


def _without(prefix: re.Pattern[str], subject: str) -> str:
    found = prefix.match(subject)
    return subject[found.end() :].strip() if found else subject.strip()
