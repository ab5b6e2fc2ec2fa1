"""Tells a closing "thanks" from a message that wants an answer: it must not start a clock."""

import re
import unicodedata

#: Longer than this is never only a thank-you.
LONGEST = 80

#: What closes a conversation, by language; words on either side of the thanks may be left out.
_WORDS = {
    "en": "thanks|thank|you|thx|ty|cheers|so|very|much|many|a|lot|great|perfect|ok|okay|super|fine|all|good|got|it|"
    "that|helps|helped|works|solved|have|nice|day|weekend|evening|bye|appreciated|appreciate|for|your|the|help|reply|answer",
    "da": "tak|mange|tusind|super|fint|perfekt|ok|okay|for|hjælpen|svaret|hjælp|svar|det|hav|en|god|dag|weekend|aften|"
    "du|har|så|meget|i|lige|måde|hilsen|venlig|jer|dig",
    "de": "danke|dank|vielen|herzlichen|schön|sehr|super|prima|perfekt|ok|okay|alles|klar|für|die|hilfe|antwort|ihre|"
    "deine|schönen|tag|abend|wochenende|noch|gut|bestens|ihnen|dir",
    "fr": "merci|beaucoup|bien|mille|très|gentil|gentille|super|parfait|ok|d|accord|pour|votre|ton|aide|réponse|la|l|c|"
    "est|bonne|journée|soirée|infiniment|à|vous|toi",
    "es": "gracias|muchas|mil|muy|amable|perfecto|ok|vale|genial|por|la|su|tu|ayuda|respuesta|todo|bien|buen|día|"
    "tarde|noche|fin|de|semana|un|saludo|saludos",
    "ru": "спасибо|большое|огромное|благодарю|вас|вам|тебе|за|помощь|ответ|отлично|супер|хорошо|ок|всё|все|понятно|"
    "хорошего|дня|вечера|доброго",
}
#: At least one of these must be there.
_THANKS = re.compile(r"\b(?:thanks?|thx|ty|cheers|tak|danke|dank|merci|gracias|спасибо|благодарю)\b")
_KNOWN = {language: frozenset(words.split("|")) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")


def says_thanks(text: str) -> bool:
    """Tell whether the text says thank you, whatever else it says."""
    return _THANKS.search(unicodedata.normalize("NFKC", text).casefold()) is not None


def is_closing_thanks(text: str) -> bool:
    """Tell whether the text says thank you and nothing else, in one of our languages."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    if not plain or len(plain) > LONGEST or "?" in plain or not _THANKS.search(plain):
        return False
    words = _WORD.findall(plain)
    return not any(letter.isdigit() for letter in plain) and any(
        known.issuperset(words) for known in _KNOWN.values()
    )
