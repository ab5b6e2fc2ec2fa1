"""Sensitive matters in everyday words, in six languages; and what only sounds like them."""

from pathlib import Path

import pytest

from router.keeping.again import SENSITIVE
from rules import mood
from rules.words import Words
from tests.support.world import RULES, World

ALARMING = """
My father passed away last week
I lost my husband in March
my wife is dead
Our mother died on Tuesday
My grandmother has died and I need to close her account
He is no longer with us, he died in the hospital
I am writing on behalf of my late brother
the account holder has died
I want to kill myself
I can't go on anymore, I don't want to be alive
I'm thinking about ending it all
I don't want to live anymore
I'm going to hurt myself
I cut myself because of you and want to do it again
The charger started burning
my phone caught fire
The battery is smoking and sparks fly
I got an electric shock from your heater
My child swallowed a part of the toy
my daughter is choking on it
there is smoke coming out of the device
I was burned by the kettle
He threatens to kill me
I'm being stalked through your app
I will sue
My lawyer will contact you
see you in court
I am taking legal action
this is a GDPR complaint, I will go to the authorities
I'll report you to the police
I'm a reporter with the Guardian
I write for the New York Times and want a comment
We are from BBC News and would like a statement
I am a journalist
Min far er død
min mor døde i går
min mand er gået bort
min kone døde for en måned siden
min far gik bort i sidste uge
kontohaveren er død
Jeg har mistet min mand
Jeg vil ikke leve længere
jeg orker ikke livet mere
jeg vil tage mit eget liv
jeg har lyst til at dø
Telefonen brød i brand
der kommer røg ud af opladeren
jeg fik elektrisk stød af den
mit barn har slugt en del
min søn er indlagt
jeg har talt med min advokat
vi ses i retten
jeg melder jer til politiet
jeg sagsøger jer
jeg er journalist på Politiken
jeg skriver for Berlingske og vil gerne have en kommentar
Mein Vater ist gestorben
mein Mann ist letzte Woche verstorben
meine Mutter ist tot
meine Oma ist von uns gegangen
der Kontoinhaber ist verstorben
ich habe meinen Mann verloren
ich will nicht mehr leben
ich möchte sterben
ich bringe mich um
das Gerät hat Feuer gefangen
aus dem Ladegerät kommt Rauch
das Ladegerät brennt
ich habe einen Stromschlag bekommen
mein Kind hat ein Teil verschluckt
ich wurde verletzt
ich schalte meinen Anwalt ein
ich werde Sie verklagen
wir sehen uns vor Gericht
ich erstatte Anzeige
ich bin Journalistin beim Spiegel
ich schreibe für die Süddeutsche und bitte um eine Stellungnahme
Mon père est décédé
ma mère est morte hier
mon mari est mort
mon grand-père nous a quittés
le titulaire du compte est décédé
j'ai perdu mon mari
je veux mourir
je n'ai plus envie de vivre
je vais me tuer
l'appareil a pris feu
il y a de la fumée qui sort du chargeur
j'ai reçu une décharge électrique
mon enfant a avalé une pièce
je suis blessé
mon avocat va vous contacter
je vais porter plainte
on se verra au tribunal
je vous poursuis en justice
je suis journaliste au Monde
Mi padre falleció
mi padre murió ayer
mi madre ha muerto
mi abuela murió
el titular ha fallecido
he perdido a mi marido
quiero morirme
no quiero vivir más
me voy a matar
me quiero morir
el cargador se incendió
sale humo del aparato
el aparato se prendió fuego
me dio una descarga eléctrica
mi hijo se tragó una pieza
estoy herido
mi abogado se pondrá en contacto
les voy a demandar
los voy a denunciar
nos vemos en los tribunales
soy periodista de El País
escribo para El Mundo y quisiera una declaración
Мой отец умер
моя мама умерла вчера
мой муж скончался
бабушка умерла
владелец счёта умер
я потеряла мужа
умер мой отец
не хочу жить
я хочу умереть
я покончу с собой
жить больше не хочется
телефон загорелся
из зарядки идёт дым
меня ударило током
ребёнок проглотил деталь
я получил травму
я подам на вас в суд
мой адвокат свяжется с вами
мой юрист напишет вам
напишу заявление в полицию
я журналист газеты
пишу для Коммерсанта, прошу комментарий
"""

HARMLESS = """
my phone died
the battery died on me
my laptop is dead
the app keeps dying
press the button
I press send and nothing happens
express delivery
Todesstern Lego set
the Death Star set is missing a piece
deadline is tomorrow
dead link on your page
killer deal
this is killing my battery
I'm dying to know when it arrives
I could kill for a coffee
it kills the connection
the story about your company, my sort code
court shoes size 38
tennis court booking
my tennis court shoes arrived damaged
the suit I ordered
case number 123
legal size paper
paper in legal format
the fire tablet will not start
Kindle Fire
Amazon Fire stick
fire alarm batteries
lawn mower
poison ivy costume
danger zone poster
hospital gown order
emergency exit sign order
explosive sales
bomb bath order
bath bombs
shot of espresso
French press coffee maker
press release of the new phone
article number 123 about you
in the article about your shoes
report a problem
trial period ended
court of appeal t-shirt
Min telefon er død
telefonen døde
batteriet er dødt
linket er dødt
dødlækre sko
tryk på knappen
pressemeddelelse
retten til fortrydelse
forretten var god
jeg vil have retten serveret kold
brandvarm vare
brandalarm batteri
mein Handy ist tot
der Akku ist tot
toter Link
Drucken Sie den Knopf
Presse für Knoblauch
Todesstern Bausatz
bitte die Klage-CD
Verletzung der Garantie
Verletzungsgefahr steht auf der Packung
ich brauche den Brandmelder
sterbender Schwan Figur
Redaktionsschluss
mon téléphone est mort
la batterie est morte
lien mort
appuyez sur le bouton
presse-agrumes
heure limite
nature morte affiche
je suis mort de rire
feu tricolore
le feu en moi disque
la rédaction du contrat
faute dans la rédaction de la facture
el móvil murió
la batería ha muerto
enlace muerto
naturaleza muerta cuadro
prensa de ajos
prensa francesa
fecha límite
la redacción del texto
Día de los Muertos disfraz
estoy muerto de sueño
телефон умер
телефон сдох
батарея умерла
мёртвая ссылка
нажмите кнопку
пресс для чеснока
смертельно устал ждать
до смерти надоело
Звезда смерти, набор лего
крайний срок
пожарная машина игрушка
взрывная новинка
судно модель
редакция договора
редактор фото
юридическое лицо
выпишите счёт на юрлицо
юридический адрес
суд да дело
death metal t-shirt
life and death of a phone
the doctor bag is late
the machine swallowed my card
Der Automat hat meine Karte verschluckt
automaten har slugt mit kort
банкомат проглотил карту
el cajero se ha tragado mi tarjeta
I want a statement of my account
my husband's phone died
den Ring hat meine Frau verloren
my son has passed the exam
"""


@pytest.mark.parametrize("text", ALARMING.strip().splitlines())
def test_a_sensitive_matter_is_known_in_everyday_words(text: str) -> None:
    """However people put it, a person is to answer."""
    assert mood.sensitive(Words(text))


@pytest.mark.parametrize("text", HARMLESS.strip().splitlines())
def test_what_only_sounds_grave_is_none(text: str) -> None:
    """Batteries die, buttons are pressed, machines swallow cards."""
    assert mood.sensitive(Words(text)) == ()


async def test_a_death_gets_no_automatic_words_and_alerts_a_person(tmp_path: Path) -> None:
    """Under the shipped rules nothing goes out, the work goes ahead of other work, and somebody is told."""
    shipped = Path(mood.__file__).with_name("default.yaml").read_text(encoding="utf-8")
    rule = shipped[shipped.index("  - name: Sensitive") : shipped.index("  - name: Upset")]
    world = World(tmp_path, RULES + rule)
    (grave, other) = await world.take(
        world.mail_from("ben@example.org", "min mor døde i går, hvad gør jeg med abonnementet?"),
        world.mail_from("eva@example.org", "min telefon døde i går"),
    )
    assert (grave.outbox, grave.promise, grave.priority, grave.flags) == ((), None, "high", (SENSITIVE,))
    assert len(other.outbox) == 1
