"""What mail programs of many languages put before the subject of an answer, or of a mail passed on."""

import re

REPLIES = tuple(
    """re aw sv antw antwort rif ri r odp odg ynt yan res vá ats atb bls ha απ σχετ ответ отв от отг на відп
    השב رد ตอบ 回复 回覆 答复 答覆 返信 답장 회신""".split()  # noqa: SIM905  # a list of words reads best as text
)
FORWARDS = tuple(
    """fwd fw wg vb vl tr rv enc i doorst pd ilt trs fs πρθ пересл переслано הועבר 转发 轉寄 轉發 転送 전달
    """.split()  # noqa: SIM905  # the same
)
#: An answer in one language and a mail passed on in another.
EITHER = ("vs",)


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"\s*(?:{either})\.?\s*(?:[\[(^]\d{{1,4}}[\])]?)?\s*[:\uff1a\ufe55]", re.IGNORECASE)


_REPLY = _pattern((*REPLIES, *EITHER))
_FORWARD = _pattern((*FORWARDS, *EITHER))


def answers(subject: str) -> bool:
    """Tell whether the subject is marked as that of an answer."""
    return _REPLY.match(subject) is not None


def passes_on(subject: str) -> bool:
    """Tell whether the subject is marked as that of a mail passed on."""
    return _FORWARD.match(subject) is not None
