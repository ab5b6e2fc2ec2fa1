"""What people say when they close a conversation with a thank-you, in six languages; data only.

Regular expressions for whole words in small letters, without punctuation: `that's` is `that s`. A message is a
closing thanks when nothing else stands in it, so each must be harmless: a word that could be the end of a
question (`answer`, `help`, `have you`) stands here only inside of a thank-you.
"""

#: The thank-you itself, with what belongs to it.
THANKS = {
    "en": r"(?:(?:many )?thanks|thank you|thank u|thankyou|thx|ty|cheers)(?: so much| very much| a lot| a million"
    r"| ever so much| again| all| both)?(?: for (?:(?:your|the|all your|all the|all of your)(?: quick| fast"
    r"| kind| great| good| prompt| swift| speedy)* (?:help|reply|answer|response|support|assistance|time|info"
    r"|information|update|service|patience|effort)|getting back to me|helping(?: me)?(?: out)?"
    r"|letting me know|everything|sorting (?:it|this|that)(?: out)?))?",
    "da": r"(?:(?:mange|tusind) )?tak(?: skal du have| skal i have| igen)?(?: for (?:(?:din|jeres|den|al) (?:gode "
    r"|hurtige |store )?hjælp|(?:dit|jeres|et|det) (?:gode |hurtige )?svar|hjælpen|svaret|hurtigt svar"
    r"|hurtig hjælp|god hjælp|opdateringen|beskeden|det hele|det|alt))?",
    "de": r"(?:danke(?: schön| sehr| vielmals| nochmals| nochmal)?|(?:vielen|herzlichen|besten|tausend|lieben)"
    r"(?: lieben)? dank)(?: ihnen| dir| euch)?(?: für (?:alles|(?:ihre|deine|eure|die)(?: schnelle| rasche"
    r"| gute| tolle| prompte| freundliche| super| liebe)* (?:hilfe|antwort|rückmeldung|auskunft|info"
    r"|information|unterstützung|mühe|nachricht)))?",
    "fr": r"(?:(?:un )?grand merci|mille (?:fois )?mercis?|merci)(?: beaucoup| bien| infiniment| encore"
    r"| mille fois)?(?: à (?:vous|toi|tous))?(?: pour (?:tout|(?:votre|ton|ta|l|la|le|cette)(?: bonne)? "
    r"(?:aide|réponse|retour|rapidité|réactivité|message|info|information|patience)(?: rapide| efficace"
    r"| précieuse)?))?",
    "es": r"(?:(?:muchas|muchísimas|mil) )?gracias(?: de nuevo| otra vez)?(?: a (?:usted|ustedes|ti|vosotros))?"
    r"(?: por (?:todo|(?:toda )?(?:la|su|tu|vuestra)(?: rápida| pronta| gran)? (?:ayuda|respuesta|información"
    r"|atención|rapidez|gestión)))?",
    "ru": r"(?:(?:большое|огромное) )?(?:спасибо|благодарю)(?: большое| огромное)?(?: вам| вас| тебе| тебя)?"
    r"(?: большое| огромное)?(?: ещё раз| еще раз)?(?: за (?:вс[её]|(?:вашу |твою |быструю )?(?:помощь"
    r"|поддержку|информацию|оперативность)|(?:ваш |твой |быстрый )*ответ))?",
}

#: What stands beside it.
BESIDE = {
    "en": r"and|then|oh|ok|okay|great|perfect|super|wonderful|brilliant|awesome|excellent|lovely|amazing|fine|cool"
    r"|nice|good|all good(?: now)?|got it(?: now)?|understood|(?:that|it|this) (?:really )?(?:helps|helped"
    r"|works|worked)(?: now| a lot| fine)?|(?:that s|that is|it s|it is|everything is|everything s|all) "
    r"(?:solved|fixed|sorted|great|perfect|fine|good|clear)(?: now)?|(?:solved|fixed|sorted)(?: now)?|"
    r"(?:that s |that is |very |so |most )?(?:kind of you|helpful)|much appreciated|i "
    r"(?:really )?appreciate (?:it|that|your help)|(?:have a |have an )?(?:nice|good|great|lovely"
    r"|excellent) (?:day|evening|weekend|one)|you too|bye|take care|(?:best|kind|warm) (?:wishes|regards)"
    r"|regards",
    "da": r"og|så|super|fint|perfekt|ok|okay|godt|dejligt|skønt|herligt|fedt|alt (?:godt|i orden|på plads)|forstået"
    r"|det (?:er|var) (?:fint|perfekt|super|dejligt|løst|i orden|på plads|en stor hjælp)|(?:det|så|nu) "
    r"(?:virker|virkede|hjalp)(?: det)?(?: nu)?|(?:hav |ha )?(?:en )?(?:fortsat )?(?:god|dejlig) (?:dag|aften"
    r"|weekend)|i lige måde|(?:med )?(?:venlig|bedste|kærlig) hilsen|hilsen|mvh|vh|hej hej",
    "de": r"und|dann|super|prima|perfekt|ok|okay|toll|wunderbar|klasse|bestens|alles (?:klar|gut|bestens|erledigt)"
    r"|verstanden|passt|erledigt|gelöst|(?:das |es )?(?:hat )?(?:geklappt|geholfen|funktioniert)(?: jetzt"
    r"| nun| wieder)?|(?:es )?klappt(?: jetzt)?|sehr (?:nett|freundlich|lieb)|(?:einen )?(?:schönen|guten) "
    r"(?:tag|abend|feierabend)(?: noch)?|(?:ein )?schönes wochenende|gleichfalls|ebenfalls|(?:viele|liebe"
    r"|beste|herzliche|schöne) grüße|mit (?:freundlichen|besten|lieben) grüßen|grüße|gruß|mfg|lg|vg|tschüss",
    "fr": r"et|alors|super|parfait|ok|okay|d accord|génial|très bien|bien reçu|noté|entendu|ça (?:marche"
    r"|fonctionne)(?: maintenant| très bien)?|c est (?:parfait|bon|réglé|super|gentil|très gentil|noté|ok"
    r"|très clair)|tout est (?:réglé|bon|clair|parfait)|très (?:gentil|gentille|aimable)|vous êtes "
    r"(?:très )?(?:gentil|gentille|aimable|efficace)|bonne (?:fin de )?(?:journée|soirée)|bon (?:week end"
    r"|weekend)|à vous aussi|de même|(?:bien )?cordialement|bien à vous|au revoir",
    "es": r"y|entonces|perfecto|ok|okay|vale|genial|estupendo|entendido|de acuerdo|muy amable|todo (?:bien|perfecto"
    r"|resuelto|claro|solucionado)|(?:ya )?(?:está )?(?:resuelto|solucionado)|(?:ya |ahora )?funciona(?: ya"
    r"| ahora)?|(?:que )?(?:tenga |tengas )?(?:un )?(?:buen|feliz) (?:día|fin de semana)|(?:que )?(?:tenga "
    r"|tengas )?(?:una )?(?:buena|feliz) (?:tarde|noche)|buenas (?:tardes|noches)|(?:un )?"
    r"(?:cordial )?saludos?|igualmente|adiós",
    "ru": r"и|тогда|отлично|супер|хорошо|ок|окей|здорово|прекрасно|замечательно|(?:вс[её] )?(?:понятно|ясно|хорошо"
    r"|отлично|работает|получилось|решено)|теперь (?:вс[её] )?работает|понял|поняла|помогло|вопрос реш[её]н"
    r"|очень помогли|(?:хорошего|доброго|приятного) (?:дня|вечера)|(?:хороших|приятных) выходных|всего "
    r"(?:доброго|хорошего)|до свидания|с уважением|и вам|взаимно",
}
