"""Words by which upset customers and sensitive matters are known, in six languages; data only.

Commas separate terms; a star stands for any ending. All languages are searched in every message,
since a short or mixed text hides its language: a term must be harmless in the other five.
"""

#: One of these is enough.
UPSET = {
    "en": """angry, furious, livid, outrageous, unacceptable, disgusting, disgrace*, appalling, ridiculous,
        pathetic, fed up, sick of, sick and tired, worst service, worst company, terrible service, horrible
        service, awful service, is this a joke, absolute joke, complete joke, rip-off, ripped off, scam,
        scammers, never again, waste of my time, wasted my time, how dare you, nobody answers, no one answers,
        nobody replies, being ignored, keep ignoring, ignoring me, third time, fourth time, fifth time, for
        the last time, bullshit, fuck*, wtf, incompetent, liars, shameful, shame on you""",
    "da": """vred, rasende, uacceptabel*, til grin, latterlig*, skandaløs*, elendig service, dårlig service,
        dårligste, tredje gang, fjerde gang, femte gang, svindel, svindler*, fandeme, for helvede, hvad
        fanden, træt af, under al kritik, aldrig mere, spild af tid, skammelig*, inkompetent*, ingen svarer,
        ignorerer mig, bliver ignoreret""",
    "ru": """возмущен*, возмущён*, возмутительн*, безобразие, издевательство, издеваетесь, неприемлем*,
        ужасный сервис, отвратительн*, кошмар, позор, обман*, мошенник*, хамство, третий раз, четвертый раз,
        четвёртый раз, пятый раз, сколько можно, надоело, достали, больше никогда, в ярости, взбешен*, худший
        сервис, никто не отвечает, игнорируете, игнорируют, какого черта, какого чёрта""",
    "de": """wütend, unverschämt*, frechheit, inakzeptabel, unzumutbar, eine zumutung, skandalös*, zum dritten
        mal, zum vierten mal, zum fünften mal, nie wieder, betrüger, abzocke, scheiß*, verarsch*, lächerlich,
        schlechter service, schlechteste*, inkompetent*, niemand antwortet, keiner antwortet, es reicht,
        reicht mir, nase voll, empört, stinksauer, saftladen""",
    "fr": """furieux, furieuse, inacceptable*, inadmissible*, scandaleux, scandaleuse, honteux, honteuse, une
        honte, ras le bol, en ai marre, en ai assez, arnaque*, escroc*, vous moquez, se moque de, fout de,
        foutez de, merde, plus jamais, troisième fois, quatrième fois, 3ème fois, 4ème fois, service nul,
        service lamentable, lamentable, incompétent*, personne ne répond, perte de temps, en colère, ridicule""",
    "es": """enfadado, enfadada, furioso, furiosa, indignado, indignada, indignante, inaceptable, vergonzoso,
        vergonzosa, una vergüenza, qué vergüenza, estoy harto, estoy harta, estafa*, nunca más, tercera vez,
        cuarta vez, mierda, pésim*, lamentable, incompetente*, nadie responde, nadie contesta, tomadura de
        pelo, pérdida de tiempo, ridículo""",
}

#: Two different ones are needed.
ANNOYED = {
    "en": """disappoint*, frustrat*, annoy*, upset, unhappy, still waiting, still no, still nothing, again and
        again, no response, no reply, no answer, for weeks, for days, complain*, not good enough, let down,
        useless, terrible, horrible, awful, once again, second time""",
    "da": """skuffet, skuffende, frustreret, frustrerende, irriteret, irriterende, utilfreds, venter stadig,
        stadig ikke, stadig intet, intet svar, ikke fået svar, endnu en gang, igen og igen, klage, klager, i
        ugevis, i dagevis, elendig*, anden gang, sidste gang""",
    "ru": """разочарован*, недоволен, недовольна, недовольны, до сих пор, всё ещё, все еще, нет ответа, без
        ответа, не отвечаете, опять, снова, жалоба, жалобу, неделями, второй раз, плохо, расстроен*""",
    "de": """enttäuscht, enttäuschend, frustriert, ärgerlich, verärgert, unzufrieden, sauer, immer noch, noch
        immer, keine antwort, schon wieder, beschwerde, beschweren, seit wochen, seit tagen, zum zweiten mal,
        letzte mal""",
    "fr": """déçu, déçue, décevant*, frustré*, frustrant*, agacé*, mécontent*, toujours pas, aucune réponse,
        sans réponse, encore une fois, réclamation, depuis des semaines, depuis des jours, deuxième fois,
        dernière fois, très mauvais*""",
    "es": """decepcionado, decepcionada, decepcionante, frustrad*, molesto, molesta, descontent*,
        insatisfech*, sigo esperando, todavía no, aún no, sin respuesta, ninguna respuesta, otra vez, queja,
        reclamación, desde hace semanas, segunda vez, última vez, muy mal""",
}

#: What no automatic words should answer, by kind.
SENSITIVE = {
    "death": {  # beside what griefterms.py says of people
        "en": """passed away, he died, she died, he has died, she has died, who died, who has died, deceased,
            bereavement, bereaved, funeral, death certificate, death in the family""",
        "da": """gået bort, afgået ved døden, dødsfald, afdød, afdøde, afdødes, begravelse, bisættelse,
            dødsbo*, dødsattest""",
        "ru": """скончал*, о смерти, после смерти, смертью, смерть моего, смерть моей, смерти моего, смерти
            моей, смерть мужа, смерть жены, смерть отца, смерть матери, похорон*, покойный, покойная,
            покойного, покойной, ушел из жизни, ушёл из жизни, ушла из жизни, потерял отца, потеряла
            отца, потерял мать, потеряла мать, потеряла мужа, потерял жену, потерял сына, потеряла сына,
            потерял маму, потеряла маму""",
        "de": """verstorben*, gestorben, verstarb, todesfall*, sterbeurkunde, beerdigung, hinterbliebene*,
            tod meiner, tod meines""",
        "fr": """décédé*, décès, obsèques, défunt*, enterrement, deuil""",
        "es": """falleció, fallecido, fallecida, fallecimiento, difunto, difunta, defunción, la muerte de, de
            luto""",
    },
    "self_harm": {
        "en": """suicide, suicidal, kill myself, killing myself, end my life, ending my life, take my own
            life, want to die, self-harm, hurt myself, harm myself, don't want to live, dont want to
            live, no reason to live, better off dead, better off without me, want to be dead, want to be
            alive, wish i was dead, wish i were dead, ending it all, end it all, cut myself, cutting
            myself, no longer want to live, take my life, overdose""",
        "da": """selvmord*, tage mit eget liv, tage livet af mig, slå mig selv ihjel, vil ikke leve, vil ikke
            mere leve, ønsker at dø, jeg vil dø, selvskade*, skade mig selv, skade på mig selv, ikke
            leve længere, ikke leve mere, orker ikke livet, orker ikke at leve, lyst til at dø, ikke
            lyst til at leve, gøre en ende på det hele, gøre en ende på mit liv""",
        "ru": """самоубийств*, суицид*, покончить с собой, покончу с собой, убью себя, убить себя, не хочу
            жить, хочу умереть, не хочется жить, причинить себе вред, жить больше не хочется, не хочется
            больше жить, нет смысла жить, незачем жить, свести счёты с жизнью, свести счеты с жизнью,
            наложить на себя руки, лучше умереть, повеситься, режу себя""",
        "de": """selbstmord*, suizid*, mich umbringen, bringe mich um, mir das leben nehmen, nicht mehr
            leben, will sterben, selbstverletz*, mich selbst verletzen, mir etwas antun, möchte sterben,
            meinem leben ein ende, lebensmüde, mich töten, am liebsten tot""",
        "fr": """me suicider, suicidaire*, me tuer, mettre fin à mes jours, en finir avec la vie, envie de
            mourir, veux mourir, plus envie de vivre, me faire du mal, automutil*, en finir avec ma vie,
            mettre fin à ma vie, veux plus vivre, me donner la mort, préfère mourir, me pendre""",
        "es": """suicidio, suicidarme, suicida, matarme, quitarme la vida, no quiero vivir, quiero morir, no
            quiero seguir viviendo, hacerme daño, autolesi*, quiero morirme, me quiero morir, me voy a
            matar, acabar con mi vida, ganas de vivir, cortarme las venas""",
    },
    "danger": {
        "en": """on fire, caught fire, exploded, explosion, electric shock, electrocuted, injured, injury,
            gas leak, smell gas, smells of gas, carbon monoxide, poisoned, poisoning, in danger,
            life-threatening, allergic reaction, anaphyla*, in hospital, in the hospital, to hospital,
            to the hospital, hospitalised, hospitalized, ambulance, kill you, death threat*, bomb
            threat*, domestic violence, burst into flames, started burning, started to burn, smoke
            coming, is smoking, started smoking, sparks coming, choked on, burned by, burnt by, got
            burned, got burnt, burned my hand, burnt my hand, burned herself, burned himself, threatens
            to kill, threatened to kill, threatens me, threatened me, threatening me, stalking me,
            unconscious, can't breathe, cannot breathe, bleeding heavily, child swallowed, son
            swallowed, daughter swallowed, baby swallowed, toddler swallowed, kid swallowed, i
            swallowed, he swallowed, she swallowed, child has swallowed, son has swallowed, daughter has
            swallowed, baby has swallowed, being stalked, is choking, was choking""",
        "da": """brød i brand, gik i brand, der er ild i, eksploderede, eksploderet, eksplosion, elektrisk
            stød, fik stød, kommet til skade, kom til skade, gaslugt, lugter af gas, gasudslip, kulilte,
            forgiftet, forgiftning, i fare, livsfarlig*, livstruende, allergisk reaktion, på hospitalet,
            på sygehuset, på skadestuen, slå dig ihjel, slår dig ihjel, dødstrussel, dødstrusler,
            bombetrussel, kommer røg, røg ud af, begyndte at brænde, der brænder, brandsår, kvalt,
            brændte mig, truer mig, truet mig, bevidstløs, kan ikke få vejret, barn har slugt, søn har
            slugt, datter har slugt, barn slugte, søn slugte, datter slugte, barn er indlagt, søn er
            indlagt, datter er indlagt, mand er indlagt, kone er indlagt, jeg er indlagt, bløder
            kraftigt, bløder meget""",
        "ru": """загорел*, пожар, взорвал*, взрыв, ударило током, удар током, получил травму, получила
            травму, утечка газа, запах газа, пахнет газом, угарный газ, отравил*, отравлен*, в
            опасности, опасно для жизни, угроза жизни, аллергическая реакция, в больнице, в больницу,
            скорую помощь, скорая помощь, убью вас, убью тебя, угрозы убийством, заложена бомба, заложил
            бомбу, идёт дым, идет дым, пошёл дым, пошел дым, дымит*, ожог*, обжёг*, обжег*, угрожает
            убить, угрожают убить, мне угрожа*, без сознания, задыха*, истекает кровью, ребёнок
            проглотил, ребенок проглотил, малыш проглотил, сын проглотил, дочь проглотила, дочка
            проглотила""",
        "de": """fing feuer, feuer gefangen, in flammen, explodiert, stromschlag, verletzt, gasgeruch, riecht
            nach gas, gasleck, kohlenmonoxid, vergiftet, vergiftung, in gefahr, lebensgefahr*,
            lebensbedrohlich*, allergische reaktion, im krankenhaus, ins krankenhaus, notarzt,
            rettungswagen, bringe sie um, bringe dich um, morddrohung*, bombendrohung, rauch aus, kommt
            rauch, rauchentwicklung, hat gebrannt, ladegerät brennt, akku brennt, gerät brennt, mich
            verbrannt, verbrennungen, bedroht mich, bedrohen mich, bewusstlos, blutet stark, bekomme
            keine luft, verletzungen, körperverletzung, verletzung erlitten, verletzung am, verletzung
            an, eine verletzung, teil verschluckt, kleinteil verschluckt, stück verschluckt, batterie
            verschluckt, knopfzelle verschluckt, magnet verschluckt, magneten verschluckt, fing an zu
            brennen, fängt an zu brennen, begann zu brennen""",
        "fr": """pris feu, en feu, explosé, choc électrique, électrocuté*, blessé, blessée, blessure*, fuite
            de gaz, odeur de gaz, monoxyde de carbone, intoxiqué*, empoisonné*, en danger, danger de
            mort, réaction allergique, à l'hôpital, hospitalisé*, vais vous tuer, menace de mort,
            menaces de mort, alerte à la bombe, de la fumée, décharge électrique, enfant a avalé, fils a
            avalé, fille a avalé, bébé a avalé, me suis brûlé, me suis brûlée, brûlure*, s'étouffe, me
            menace, menace de me tuer, inconsciente, saigne""",
        "es": """se incendió, en llamas, se prendió fuego, explotó, explosión, descarga eléctrica,
            electrocut*, herido, herida, lesionado, lesionada, fuga de gas, olor a gas, monóxido de
            carbono, intoxicad*, envenenad*, en peligro, peligro de muerte, reacción alérgica, en el
            hospital, al hospital, hospitalizad*, ambulancia, voy a matar, amenaza de muerte, amenazas
            de muerte, amenaza de bomba, sale humo, salió humo, saliendo humo, empezó a arder, se está
            quemando, hijo se tragó, hija se tragó, niño se tragó, niña se tragó, bebé se tragó,
            quemadura*, me quemé, me amenaza, amenaza con matar*, inconsciente, no puede respirar, hijo
            se ha tragado, hija se ha tragado, niño se ha tragado, niña se ha tragado, bebé se ha
            tragado""",
    },
    "legal": {
        "en": """lawyer*, attorney*, solicitor, solicitors, lawsuit, legal action, legal proceedings, take
            you to court, see you in court, small claims, sue you, suing, going to sue, will sue,
            subpoena, cease and desist, data protection authority, ombudsman, press charges, report you
            to, trading standards, gdpr complaint, to the authorities, go to court, going to court, this
            to court, consumer protection, legal advice, you to the police, go to the police, going to
            the police""",
        "da": """advokat*, retssag*, sagsøge, sagsøger, sagsøgt, i retten, søgsmål, stævning*, juridiske
            skridt, retlige skridt, forbrugerombudsmand*, forbrugerklagenævn*, datatilsynet, anmelde
            jer, anmelder jer, politianmeld*, fogedret*, til domstolen*, jer til politiet, går til
            politiet""",
        "ru": """адвокат*, юрист*, в суд, через суд, судебн*, исковое, иск, претензию, роспотребнадзор*,
            прокуратур*, досудебн*, в прокуратуру, заявление в полицию, на вас в полицию, обращусь в
            полицию""",
        "de": """anwalt*, anwält*, rechtsanwalt*, rechtsanwält*, rechtliche schritte, verklage, verklagen,
            klage einreichen, vor gericht, abmahnung, strafanzeige, verbraucherzentrale,
            verbraucherschutz*, datenschutzbehörde, mahnbescheid, erstatte anzeige, anzeige erstatten,
            einstweilige verfügung, schlichtungsstelle, sie zur polizei, gehe zur polizei, gehe ich zur
            polizei""",
        "fr": """mon avocat, mon avocate, notre avocat, action en justice, actions en justice, poursuites
            judiciaires, en justice, tribunal, porter plainte, porte plainte, dépose plainte, déposer
            plainte, mise en demeure, huissier, cnil, dgccrf, procès, 60 millions de consommateurs,
            association de consommateurs, attaquer en justice, médiateur de la consommation, vais à la
            police, irai à la police""",
        "es": """abogado, abogada, abogados, demandarles, demandarlos, demandaros, presentar una demanda,
            poner una demanda, acciones legales, tribunales, juzgado, denunciar, denunciarles,
            denunciaré, hoja de reclamaciones, defensa del consumidor, voy a demandar, vamos a demandar,
            demandaré, los demando, les demando, oficina del consumidor, voy a la policía, iré a la
            policía, acudiré a la policía""",
    },
    "press": {
        "en": """journalist*, a reporter, reporter at, reporter for, press enquiry, press inquiry, press
            request, media enquiry, media inquiry, request for comment, story about you, article about
            you, go to the press, going to the press, interview request, go public with, writing an
            article, writing a story, i write for the, bbc news, want a comment, like a comment""",
        "da": """journalist*, pressehenvendelse, presseforespørgsel, redaktionen, gå til pressen, går til
            pressen, gå til medierne, går til medierne, skriver en artikel, en kommentar fra jer, gerne
            have en kommentar""",
        "ru": """журналист*, в прессу, для прессы, запрос сми, в сми, просим прокомментировать,
            корреспондент*, репортер*, репортёр*, из редакции, редакция газеты, редакции газеты,
            редакция журнала, редакции журнала, нашей редакции, наша редакция, прошу прокомментировать,
            прошу комментарий""",
        "de": """journalist*, presseanfrage, an die presse, zur presse, an die medien, redaktion, redakteur*,
            bitte um stellungnahme, artikel über sie, bitte um eine stellungnahme""",
        "fr": """journaliste*, demande presse, demande de presse, à la presse, demande d'interview, article
            sur vous, aux médias, notre rédaction, ma rédaction, de la rédaction du, rédacteur en chef,
            rédactrice en chef""",
        "es": """periodista*, a la prensa, consulta de prensa, solicitud de entrevista, artículo sobre
            ustedes, a los medios, nuestra redacción, jefe de redacción, jefa de redacción, quisiera una
            declaración, queremos una declaración""",
    },
}
