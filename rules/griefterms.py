"""How people say that somebody close to them has died: who it was, and what is said of them; data only.

Every word for a person is put into every phrase for `{who}`. Only people stand here: batteries die too. A star
stands for any ending.
"""

#: By language: words for people, and phrases.
GRIEF = {
    "en": (
        """husband, wife, partner, spouse, father, mother, dad, daddy, mum, mummy, mom, son, daughter, brother,
        sister, grandfather, grandmother, grandad, granddad, grandpa, grandma, nan, gran, uncle, aunt, cousin,
        fiancé, fiancée, boyfriend, girlfriend, best friend, baby, stepfather, stepmother, account holder,
        mother-in-law, father-in-law""",
        """{who} died, {who} has died, {who} just died, {who} has just died, {who} recently died,
        {who} has recently died, {who} suddenly died, {who} sadly died, {who} has sadly died,
        {who} unexpectedly died, {who} is dead, {who} passed on, {who} has passed on, {who} s death,
        death of my {who}, loss of my {who}, my late {who}, lost my {who} in, lost my {who} last,
        lost my {who} on, lost my {who} to, lost my {who} this, lost my {who} recently, lost my {who} suddenly""",
    ),
    "da": (
        """far, mor, mand, kone, kæreste, søn, datter, bror, søster, ægtefælle, samlever, farfar, morfar, farmor,
        mormor, bedstefar, bedstemor, onkel, tante, faster, moster, svigermor, svigerfar, ven, veninde,
        kontohaver, kontohaveren, barn""",
        """{who} er død, {who} døde, {who} er lige død, {who} gik bort, {who} sov ind, mistet min {who},
        mistede min {who}, mistet mit {who}, mistede mit {who}""",
    ),
    "de": (
        """mann, frau, mutter, vater, mama, papa, sohn, tochter, bruder, schwester, ehemann, ehefrau, partner,
        partnerin, lebensgefährte, lebensgefährtin, oma, opa, großmutter, großvater, onkel, tante, freund,
        freundin, schwiegermutter, schwiegervater, kontoinhaber, kontoinhaberin, kind""",
        """{who} ist tot, {who} starb, {who} ist von uns gegangen, {who} lebt nicht mehr, {who} ist entschlafen,
        meinen {who} verloren, habe meine {who} verloren, haben meine {who} verloren, habe mein {who} verloren""",
    ),
    "fr": (
        """père, mère, papa, maman, mari, femme, épouse, époux, fils, fille, frère, soeur, sœur, oncle, tante,
        conjoint, conjointe, compagnon, compagne, ami, amie, bébé, beau-père, belle-mère, titulaire""",
        """{who} est mort, {who} est morte, {who} vient de mourir, {who} nous a quittés, {who} nous a quitté,
        {who} n est plus, perdu mon {who}, perdu ma {who}, mort de mon {who}, mort de ma {who}""",
    ),
    "es": (
        """padre, madre, papá, mamá, marido, esposo, esposa, mujer, hijo, hija, hermano, hermana, abuelo, abuela,
        tío, tía, pareja, novio, novia, amigo, amiga, suegro, suegra, bebé, titular""",
        """{who} murió, {who} ha muerto, {who} se murió, {who} acaba de morir,
        murió mi {who}, ha muerto mi {who}, perdido a mi {who}, perdí a mi {who}, muerte de mi {who}""",
    ),
    "ru": (
        """отец, папа, муж, супруг, сын, брат, дед, дедушка, дядя, друг, мать, мама, жена, супруга, дочь, сестра,
        бабушка, тётя, тетя, подруга, ребёнок, ребенок, владелец счёта, владелец счета""",
        """{who} умер, {who} умерла, {who} вчера умер, {who} вчера умерла, {who} недавно умер,
        {who} недавно умерла, {who} внезапно умер, {who} внезапно умерла, {who} погиб, {who} погибла,
        умер {who}, умерла {who}, умер мой {who}, умерла моя {who}, погиб мой {who}, погибла моя {who}""",
    ),
}
