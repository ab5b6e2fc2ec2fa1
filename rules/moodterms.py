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
    "death": {
        "en": """passed away, he died, she died, he has died, she has died, who died, who has died, husband
            died, wife died, partner died, father died, mother died, dad died, mum died, mom died, son died,
            daughter died, brother died, sister died, husband has died, wife has died, partner has died,
            father has died, mother has died, son has died, daughter has died, my late husband, my late wife,
            my late mother, my late father, deceased, bereavement, bereaved, funeral, death certificate, death
            of my, death in the family""",
        "da": """mor er død, far er død, mand er død, kone er død, kæreste er død, søn er død, datter er død,
            bror er død, søster er død, ægtefælle er død, gået bort, afgået ved døden, dødsfald, afdød,
            afdøde, afdødes, begravelse, bisættelse, dødsbo*, dødsattest""",
        "ru": """отец умер, папа умер, муж умер, сын умер, брат умер, умер отец, умер папа, умер муж, умер
            сын, мать умерла, мама умерла, жена умерла, дочь умерла, сестра умерла, умерла мать, умерла мама,
            умерла жена, умерла дочь, скончал*, смерть, смерти, похорон*, покойный, покойная, покойного,
            покойной, ушел из жизни, ушёл из жизни, ушла из жизни""",
        "de": """verstorben*, gestorben, verstarb, mann ist tot, frau ist tot, mutter ist tot, vater ist tot,
            sohn ist tot, tochter ist tot, bruder ist tot, schwester ist tot, todesfall*, sterbeurkunde,
            beerdigung, hinterbliebene*, tod meiner, tod meines""",
        "fr": """décédé*, décès, père est mort, mari est mort, fils est mort, frère est mort, mère est morte,
            femme est morte, fille est morte, soeur est morte, sœur est morte, obsèques, défunt*, enterrement,
            deuil""",
        "es": """falleció, fallecido, fallecida, fallecimiento, padre murió, madre murió, marido murió, esposo
            murió, esposa murió, hijo murió, hija murió, padre ha muerto, madre ha muerto, marido ha muerto,
            esposo ha muerto, esposa ha muerto, hijo ha muerto, hija ha muerto, difunto, difunta, defunción,
            la muerte de, de luto""",
    },
    "self_harm": {
        "en": """suicide, suicidal, kill myself, killing myself, end my life, ending my life, take my own
            life, want to die, self-harm, hurt myself, harm myself, don't want to live, dont want to live, no
            reason to live, better off dead, better off without me""",
        "da": """selvmord*, tage mit eget liv, tage livet af mig, slå mig selv ihjel, vil ikke leve, vil ikke
            mere leve, ønsker at dø, jeg vil dø, selvskade*, skade mig selv, skade på mig selv""",
        "ru": """самоубийств*, суицид*, покончить с собой, покончу с собой, убью себя, убить себя, не хочу
            жить, хочу умереть, не хочется жить, причинить себе вред""",
        "de": """selbstmord*, suizid*, mich umbringen, bringe mich um, mir das leben nehmen, nicht mehr leben,
            will sterben, selbstverletz*, mich selbst verletzen, mir etwas antun""",
        "fr": """me suicider, suicidaire*, me tuer, mettre fin à mes jours, en finir avec la vie, envie de
            mourir, veux mourir, plus envie de vivre, me faire du mal, automutil*""",
        "es": """suicidio, suicidarme, suicida, matarme, quitarme la vida, no quiero vivir, quiero morir, no
            quiero seguir viviendo, hacerme daño, autolesi*""",
    },
    "danger": {
        "en": """on fire, caught fire, exploded, explosion, electric shock, electrocuted, injured, injury, gas
            leak, smell gas, smells of gas, carbon monoxide, poisoned, poisoning, in danger, life-threatening,
            allergic reaction, anaphyla*, in hospital, in the hospital, to hospital, to the hospital,
            hospitalised, hospitalized, ambulance, kill you, death threat*, bomb threat*, domestic violence""",
        "da": """brød i brand, gik i brand, der er ild i, eksploderede, eksploderet, eksplosion, elektrisk
            stød, fik stød, kommet til skade, kom til skade, gaslugt, lugter af gas, gasudslip, kulilte,
            forgiftet, forgiftning, i fare, livsfarlig*, livstruende, allergisk reaktion, på hospitalet, på
            sygehuset, på skadestuen, slå dig ihjel, slår dig ihjel, dødstrussel, dødstrusler, bombetrussel""",
        "ru": """загорел*, пожар, взорвал*, взрыв, ударило током, удар током, получил травму, получила травму,
            утечка газа, запах газа, пахнет газом, угарный газ, отравил*, отравлен*, в опасности, опасно для
            жизни, угроза жизни, аллергическая реакция, в больнице, в больницу, скорую помощь, скорая помощь,
            убью вас, убью тебя, угрозы убийством, заложена бомба, заложил бомбу""",
        "de": """fing feuer, feuer gefangen, in flammen, explodiert, stromschlag, verletzt, verletzung*,
            gasgeruch, riecht nach gas, gasleck, kohlenmonoxid, vergiftet, vergiftung, in gefahr,
            lebensgefahr*, lebensbedrohlich*, allergische reaktion, im krankenhaus, ins krankenhaus, notarzt,
            rettungswagen, bringe sie um, bringe dich um, morddrohung*, bombendrohung""",
        "fr": """pris feu, en feu, explosé, choc électrique, électrocuté*, blessé, blessée, blessure*, fuite
            de gaz, odeur de gaz, monoxyde de carbone, intoxiqué*, empoisonné*, en danger, danger de mort,
            réaction allergique, à l'hôpital, hospitalisé*, vais vous tuer, menace de mort, menaces de mort,
            alerte à la bombe""",
        "es": """se incendió, en llamas, se prendió fuego, explotó, explosión, descarga eléctrica,
            electrocut*, herido, herida, lesionado, lesionada, fuga de gas, olor a gas, monóxido de carbono,
            intoxicad*, envenenad*, en peligro, peligro de muerte, reacción alérgica, en el hospital, al
            hospital, hospitalizad*, ambulancia, voy a matar, amenaza de muerte, amenazas de muerte, amenaza
            de bomba""",
    },
    "legal": {
        "en": """lawyer*, attorney*, solicitor, solicitors, lawsuit, legal action, legal proceedings, take you
            to court, see you in court, small claims, sue you, suing, going to sue, will sue, subpoena, cease
            and desist, data protection authority, ombudsman, press charges, report you to, trading standards""",
        "da": """advokat*, retssag*, sagsøge, sagsøger, sagsøgt, i retten, søgsmål, stævning*, juridiske
            skridt, retlige skridt, forbrugerombudsmand*, forbrugerklagenævn*, datatilsynet, anmelde jer,
            anmelder jer, politianmeld*, fogedret*""",
        "ru": """адвокат*, юрист*, в суд, через суд, судебн*, исковое, иск, претензию, роспотребнадзор*,
            прокуратур*, досудебн*""",
        "de": """anwalt*, anwält*, rechtsanwalt*, rechtsanwält*, rechtliche schritte, verklage, verklagen,
            klage einreichen, vor gericht, abmahnung, strafanzeige, verbraucherzentrale, verbraucherschutz*,
            datenschutzbehörde, mahnbescheid""",
        "fr": """mon avocat, mon avocate, notre avocat, action en justice, actions en justice, poursuites
            judiciaires, en justice, tribunal, porter plainte, porte plainte, dépose plainte, déposer plainte,
            mise en demeure, huissier, cnil, dgccrf, procès, 60 millions de consommateurs""",
        "es": """abogado, abogada, abogados, demandarles, demandarlos, demandaros, presentar una demanda,
            poner una demanda, acciones legales, tribunales, juzgado, denunciar, denunciarles, denunciaré,
            hoja de reclamaciones, defensa del consumidor""",
    },
    "press": {
        "en": """journalist*, a reporter, reporter at, reporter for, press enquiry, press inquiry, press
            request, media enquiry, media inquiry, request for comment, story about you, article about you, go
            to the press, going to the press, interview request, go public with""",
        "da": """journalist*, pressehenvendelse, presseforespørgsel, redaktionen, gå til pressen, går til
            pressen, gå til medierne, går til medierne, skriver en artikel""",
        "ru": """журналист*, редакци*, в прессу, для прессы, запрос сми, в сми, просим прокомментировать,
            корреспондент*, репортер*, репортёр*""",
        "de": """journalist*, presseanfrage, an die presse, zur presse, an die medien, redaktion, redakteur*,
            bitte um stellungnahme, artikel über sie""",
        "fr": """journaliste*, demande presse, demande de presse, à la presse, rédaction, demande d'interview,
            article sur vous, aux médias""",
        "es": """periodista*, a la prensa, consulta de prensa, redacción, solicitud de entrevista, artículo
            sobre ustedes, a los medios""",
    },
}
