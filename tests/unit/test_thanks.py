"""What is only a thank-you, and what is a question in polite dress, in six languages."""

from pathlib import Path

import pytest

from router.answer import Answer
from router.conversation import Status
from router.reading.thanks import is_closing_thanks
from tests.support.world import World

CLOSING = """
Thanks! | Thank you so much, that helped a lot. Have a nice weekend! | thx | OK great, thanks
Cheers 👍 | Many thanks for your help
Perfect, thank you for the quick reply. Best regards | That's great, thanks :) | Got it, thanks
All sorted now, thank you! | thank you both
Tak! | Mange tak for hjælpen, hav en god dag | Perfekt, tusind tak
Tak for det hurtige svar. Venlig hilsen | Super, nu virker det. Tak skal du have
Danke! | Vielen Dank für Ihre schnelle Antwort, schönes Wochenende | Alles klar, danke dir
Super, hat geklappt. Vielen lieben Dank und viele Grüße
Merci ! | Merci beaucoup pour votre aide, bonne journée | C'est parfait, merci
D'accord, merci bien. Cordialement | Merci pour votre réponse rapide
¡Gracias! | Muchas gracias por su ayuda, un saludo | Perfecto, gracias
Todo resuelto, mil gracias. Que tenga un buen día
Спасибо! | Большое спасибо за помощь, хорошего дня | Всё понятно, спасибо | Отлично, благодарю Вас
Спасибо за быстрый ответ 🙏
"""

ASKING = """
have you got the answer thanks | help, thank you | thanks for nothing, when do you answer?
Thanks for nothing | answer it, thanks
reply thanks | your answer, thanks | please help thanks | thanks in advance
thanks but it did not work | no thanks | yes please, thanks
ok thanks and the invoice | thanks 😡 | thanks for your help :( | have you got it thanks
is it solved thanks | can you help, thanks a lot
thanks, 5521 | thanks anyway | Thanks. And my refund | great service, thanks for the third week
how long thanks | thanks, what about Tom
har du svaret, tak | hjælp tak | svar tak | du har svar i dag, tak | tak for ingenting
tak, men det virker ikke | på forhånd tak | ja tak | nej tak
hvornår, tak | har I det i dag tak | det virker ikke, tak
Haben Sie die Antwort, danke | Hilfe danke | Antwort danke | noch die Antwort danke
danke für nichts | vielen Dank im Voraus | nein danke | ja danke
danke, klappt nicht | Ihre Antwort, danke | bitte melden, danke
votre réponse merci | aide merci | la réponse, merci | merci d'avance | merci pour rien | non merci
merci de me répondre | merci de votre réponse
c'est la réponse, merci | toujours rien, merci | merci de rappeler
ayuda, gracias | su respuesta, gracias | la respuesta gracias | gracias por nada | no gracias
muchas gracias de antemano | cuándo, gracias
todavía no funciona, gracias | espero respuesta, gracias
ответ спасибо | помощь спасибо | ответьте, спасибо | спасибо за ничего | нет, спасибо
заранее спасибо | спасибо, но не работает | жду ответа, спасибо
когда будет, спасибо | помогите, спасибо
"""


def cases(text: str) -> list[str]:
    return [
        case.strip()
        for line in text.strip().splitlines()
        for case in line.split("|")
        if len(case.strip()) > 1
    ]


@pytest.mark.parametrize("text", cases(CLOSING))
def test_a_closing_thanks_is_known(text: str) -> None:
    """It says thank you, and nothing beside it that wants anything."""
    assert is_closing_thanks(text)


@pytest.mark.parametrize("text", cases(ASKING))
def test_in_doubt_it_is_a_question(text: str) -> None:
    """Whatever else stands there may want an answer, however polite it is."""
    assert not is_closing_thanks(text)


def test_names_of_those_who_talk_may_stand_in_it() -> None:
    """Who helped is thanked by name; a stranger's name may be a question."""
    assert is_closing_thanks("Thank you very much, Maria!", ["Maria Jensen"])
    assert not is_closing_thanks("Thank you, where is Maria", ["Maria Jensen"])
    assert not is_closing_thanks("Thanks, Peter")


async def test_a_thanks_starts_no_clock_and_a_question_in_polite_dress_does(tmp_path: Path) -> None:
    """After the answer a thanks by name, signed, leaves it closed; a polite question opens it again."""
    world = World(tmp_path)
    await world.here("maria")
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent=one.owner)
    await world.send()
    name = world.book.people[one.owner].name.split()[0]
    (closed,) = await world.take(world.mail_from(text=f"Thank you, {name}!\n\nAna", subject="Re: Parcel"))
    assert (closed.id, closed.waiting_since) == (one.id, None)
    (opened,) = await world.take(world.mail_from(text="have you got the answer thanks", subject="Re: Parcel"))
    assert (opened.id, opened.status) == (one.id, Status.OPEN)
    assert opened.waiting_since is not None
