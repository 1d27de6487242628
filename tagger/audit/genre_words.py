"""The genre words that people and shops use, under the genres that they are kinds of.

A word that is a kind of several genres stands under each. Case, spaces, punctuation and accents do
not count, and `&`, `and` and `'n'` are the same, so one spelling of a word is enough.
"""

GENRE_WORDS: dict[str, str] = {
    "Blues": """
        acoustic blues, blues rock, boogie-woogie, british blues, chicago blues,
        classic female blues, contemporary blues, country blues, delta blues, electric blues,
        harmonica blues, hill country blues, jazz blues, jump blues, memphis blues, modern blues,
        piano blues, piedmont blues, r&b, rhythm & blues, rnb, soul blues, swamp blues, texas blues,
        west coast blues, work song
    """,
    "Classical": """
        a cappella, aria, art song, avant-garde classical, ballet, baroque, cantata, cello, chamber,
        chamber music, choir, choral, chorale, clasica, classica, classical crossover,
        classical music, classical period, classique, concerto, contemporary classical, early music,
        etude, fugue, gregorian, gregorian chant, impressionist, kammermusik, klassiek, klassik,
        klassisch, klassische musik, klaviermusik, lied, lieder, madrigal, mass, medieval,
        medieval music, minimal music, minimalism, modern classical, motet, musica clasica,
        musica classica, musica erudita, musique classique, neo-classical, opera, operetta,
        oratorio, orchestra, orchestral, organ, overture, piano, post-minimalism, prelude,
        renaissance, requiem, romantic, romantic era, sacred, serialism, sinfonie, solo piano,
        sonata, song cycle, string quartet, symphonic, symphony, vocal classical, waltz
    """,
    "Country": """
        alt country, alternative country, americana, bakersfield sound, bluegrass, bro country, c&w,
        classic country, contemporary country, country & western, country blues, country folk,
        country pop, country rock, cowboy, cowpunk, folk country, gothic country, hillbilly,
        honky tonk, nashville sound, neotraditional country, newgrass, old-time, outlaw country,
        progressive bluegrass, progressive country, psychobilly, red dirt, rockabilly,
        texas country, today's country, traditional bluegrass, traditional country, urban cowboy,
        western, western swing
    """,
    "Disco": """
        boogie, dance-pop, disco funk, disco house, disco polo, eurodisco, hi-nrg, italo disco,
        nu disco, post-disco, space disco
    """,
    "Hip-Hop": """
        abstract hip hop, alternative hip hop, alternative rap, battle rap, boom bap,
        british hip hop, christian gangsta rap, christian rap, cloud rap, conscious hip hop,
        contemporary r&b, crunk, deutschrap, dirty rap, dirty south, drill, east coast rap, emo rap,
        experimental hip hop, french rap, g-funk, gangsta, gangsta rap, gangster rap,
        german hip hop, golden age hip hop, grime, hardcore hip hop, hardcore rap, hip hop music,
        hip hop soul, hip-hop/rap, horrorcore, hyphy, instrumental hip hop, jazz rap, latin hip hop,
        latin rap, lo-fi hip hop, miami bass, new jack swing, old school hip hop, old school rap,
        phonk, political hip hop, pop rap, r&b, rap, rap & hip hop, rap francais, rap metal,
        rap rock, rapcore, reggaeton, rhythm & blues, rnb, snap, southern hip hop, southern rap,
        trap, trap rap, trip-hop, turntablism, uk drill, uk hip hop, underground hip hop,
        underground rap, urban, west coast rap
    """,
    "Jazz": """
        acid jazz, afro-cuban jazz, avant-garde jazz, bebop, big band, boogie-woogie, bop,
        bossa nova, brazilian jazz, chamber jazz, contemporary jazz, cool, cool jazz,
        crossover jazz, dark jazz, dixie, dixieland, ethio-jazz, european jazz, fast-fusion,
        free improvisation, free jazz, funk jazz, fusion, gypsy jazz, hard bop, hot jazz,
        jazz blues, jazz funk, jazz fusion, jazz instrumental, jazz music, jazz pop, jazz rap,
        jazz rock, jazz rock fusion, jazz vocal, latin jazz, lounge, mainstream jazz, manouche,
        modal jazz, modern jazz, new orleans jazz, nu jazz, post-bop, progressive jazz, ragtime,
        smooth jazz, soul jazz, spiritual jazz, stride, swing, swing revival, third stream,
        trad jazz, traditional jazz, vocal jazz, west coast jazz
    """,
    "Metal": """
        aggressive rock, alternative metal, atmospheric black metal, avant-garde metal, black metal,
        blackgaze, brutal death metal, celtic metal, christian metal, crossover thrash, death,
        death doom, death metal, deathcore, deathgrind, djent, doom, doom metal, drone metal,
        epic metal, extreme metal, folk metal, funk metal, glam metal, goregrind, gothic metal,
        grindcore, groove metal, hair metal, hard & heavy, hard rock, hard rock & metal,
        heavy metal, industrial metal, math metal, mathcore, melodeath, melodic death metal,
        melodic metal, metal core, metall, modern metal, neo-classical metal,
        new wave of british heavy metal, nu metal, nwobhm, pagan metal, post-metal, power metal,
        progressive metal, rap metal, rapcore, shred, sludge, sludge metal, speed metal,
        stoner metal, symphonic black metal, symphonic metal, technical death metal,
        technical metal, thrash, thrash metal, trash metal, viking metal, war metal
    """,
    "Pop": """
        acoustic pop, adult alternative, adult contemporary, alternative pop, anime, art pop,
        avant-pop, balada, ballad, barbershop, baroque pop, beat, boy band, brill building pop,
        britpop, bubblegum, bubblegum pop, c-pop, cabaret, cantopop, chamber pop, chanson,
        chanson francaise, christian pop, contemporary christian, contemporary r&b, country pop,
        crooner, dance pop, disco polo, doo-wop, dream pop, easy listening, electro pop, euro pop,
        eurodance, female vocalist, folk pop, freestyle, french pop, german pop, girl group,
        hyperpop, idol, indie pop, instrumental pop, italian pop, j-pop, jangle pop, jazz pop,
        k-pop, kayokyoku, latin pop, mainstream, mandopop, mpb, musica pop, nederpop, neo soul,
        new romantic, new wave, noise pop, oldies, operatic pop, pop folk, pop francais, pop music,
        pop punk, pop rap, pop rock, pop soul, pop vocal, pop/funk, pop/r&b, popmusik, power ballad,
        power pop, progressive pop, psychedelic pop, r&b, rhythm & blues, rnb, schlager,
        singer-songwriter, soft pop, soft rock, sophisti-pop, sunshine pop, surf pop, swing revival,
        synth pop, teen pop, top 40, torch song, traditional pop, turbo-folk, twee pop, variete,
        variete francaise, vispop, vocal pop, yacht rock
    """,
    "Reggae": """
        2 tone, ambient dub, dancehall, dub, dub reggae, lovers rock, mento, modern reggae, ragga,
        raggamuffin, reggae dub, reggae fusion, reggae music, reggae pop, reggae rock, reggaeton,
        rocksteady, roots, roots reggae, roots rock reggae, rub-a-dub, ska, ska punk, skacore,
        steppers, third wave ska, two tone
    """,
    "Rock": """
        acid rock, acoustic rock, adult alternative, adult oriented rock, afro-punk,
        aggressive rock, album rock, alt rock, alternative, alternative & punk, alternative country,
        alternative metal, alternative rock, alternrock, aor, arena rock, art punk, art rock, beat,
        beat music, blues rock, boogie rock, brit rock, british invasion, britpop, celtic rock,
        christian rock, classic rock, college rock, comedy rock, country rock, crossover,
        dance rock, dance-punk, darkwave, desert rock, deutschrock, emo, emocore, experimental rock,
        folk rock, freakbeat, fusion, garage, garage punk, garage rock, german rock, glam,
        glam metal, glam rock, goth, gothic, gothic rock, grunge, hair metal, hard & heavy,
        hard rock, hard rock & metal, hardcore, hardcore punk, heartland rock, heavy rock, indie,
        indie rock, industrial rock, instrumental rock, j-rock, jam band, jangle pop, jazz rock,
        jazz rock fusion, krautrock, latin rock, lo-fi, madchester, mainstream rock, mangue beat,
        math rock, melodic hardcore, melodic rock, merseybeat, mod, modern rock, neo-prog,
        neo-psychedelia, neue deutsche welle, new wave, noise rock, nu metal, oi, oldies,
        paisley underground, piano rock, pop punk, pop rock, post-grunge, post-hardcore, post-punk,
        post-rock, power ballad, power pop, prog, prog rock, progressive, progressive rock,
        proto-punk, psych, psych rock, psychedelia, psychedelic, psychedelic rock, psychobilly,
        pub rock, punk, punk rock, queercore, rap rock, reggae rock, riot grrrl, rock & roll,
        rock alternatif, rock en espanol, rock francais, rock music, rock opera, rock progressif,
        rockabilly, rockmusik, roots rock, screamo, shoegaze, shoegazing, singer-songwriter,
        ska punk, skate punk, slow rock, slowcore, soft rock, southern rock, space rock, stoner,
        stoner rock, surf, surf rock, swamp rock, symphonic rock, trop rock, visual kei, yacht rock,
        zolo
    """,
    "Ambient": """
        ambient dub, chillout, dark ambient, drone, lowercase, meditation, meditative, new age,
        psybient, relaxation, space, space ambient, space music
    """,
    "Electronic": """
        2-step, acid, acid house, acid techno, ambient, ambient dub, ambient techno, bass,
        bass music, bassline, berlin school, big beat, big room, breakbeat, breakcore, breaks,
        brostep, chill, chill out, chillstep, chillwave, chip music, chiptune, club, club-house,
        d&b, dance, dance & dj, dance music, dark techno, darkwave, deep house, detroit techno, dnb,
        downbeat, downtempo, dream, drill & bass, drum & bass, dub, dub techno, dubstep, ebm, edm,
        electro, electro house, electro industrial, electro pop, electro swing, electroclash,
        electronic body music, electronic dance music, electronic music, electronica, electronique,
        elektro, elektronica, elektronisch, euro-house, euro-techno, eurodance, footwork, freestyle,
        french house, future bass, future garage, gabber, garage house, glitch, glitch hop, goa,
        goa trance, happy hardcore, hard dance, hard house, hard trance, hardcore techno, hardstyle,
        hi-nrg, house, house music, idm, illbient, indietronica, industrial, industrial techno,
        industro-goth, intelligent dance music, italo disco, juke, jumpstyle, jungle, leftfield,
        liquid funk, lo-fi house, melodic techno, melodic trance, microhouse, minimal,
        minimal house, minimal techno, moombahton, musique electronique, neurofunk, nu disco,
        nu-breakz, outrun, plunderphonics, power noise, progressive electronic, progressive house,
        progressive trance, psybient, psychedelic trance, psytrance, rave, retrowave,
        rhythmic noise, schranz, speed garage, synth pop, synthwave, tech house, tech trance,
        techno, techno-industrial, trance, trap edm, tribal house, trip-hop, tropical house,
        uk garage, uplifting trance, vaporwave, vocal trance, wave, witch house
    """,
    "Experimental": """
        abstract, avant-garde, drone, eclectic, electroacoustic, field recording,
        free improvisation, improvisation, lowercase, musique concrete, noise, sound art,
        sound collage
    """,
    "Folk": """
        acoustic, alternative folk, americana, anti-folk, bluegrass, british folk, celtic,
        celtic folk, chamber folk, contemporary folk, country folk, dark folk, fado, folk country,
        folk metal, folk music, folk pop, folk punk, folk rock, folklore, folktronica, freak folk,
        free folk, indie folk, irish, irish folk, klezmer, medieval folk, national folk, neo-folk,
        nordic folk, nueva cancion, old-time, polka, pop folk, progressive folk, psychedelic folk,
        scottish, sea shanty, shanty, singer-songwriter, skiffle, traditional, traditional folk,
        urban folk, volksmusik, world & folk
    """,
    "Funk": """
        acid jazz, afrobeat, boogie, deep funk, disco funk, funk metal, funk rock, funk soul, funky,
        g-funk, go-go, jazz funk, p-funk, pop/funk, synth funk
    """,
    "Latin": """
        axe, bachata, baile funk, banda, batucada, bolero, boogaloo, bossa nova, brazilian, brega,
        calypso, cha cha cha, choro, conjunto, corrido, cumbia, flamenco, forro, guaracha,
        latin alternative, latin american, latin hip hop, latin jazz, latin music, latin pop,
        latin rap, latin rock, latina, latino, mambo, mariachi, merengue, mpb, musica latina,
        musica mexicana, musica popular brasileira, norteno, pagode, ranchera, reggaeton,
        regional mexican, rumba, salsa, samba, sertanejo, soca, son, son cubano, tango, tejano,
        timba, tropical, tropicalia, tropicalismo, urbano, urbano latino, vallenato, zouk
    """,
    "Punk": """
        afro-punk, alternative punk, anarcho-punk, art punk, crust, crust punk, d-beat, dance-punk,
        folk punk, garage punk, hardcore, hardcore punk, horror punk, melodic hardcore, oi,
        polsk punk, pop punk, post-hardcore, post-punk, powerviolence, proto-punk, psychobilly,
        punk rock, queercore, riot grrrl, ska punk, skate punk, street punk
    """,
    "R&B": """
        alternative r&b, contemporary r&b, funk, motown, neo soul, new jack swing, northern soul,
        philly soul, pop/r&b, quiet storm, r&b/soul, rhythm & blues, rnb, soul, soul & r&b,
        swing beat, urban, urban contemporary
    """,
    "Soul": """
        alternative r&b, blue-eyed soul, contemporary r&b, deep soul, doo-wop, funk soul, gospel,
        hip hop soul, motown, neo soul, northern soul, philly soul, pop soul, psychedelic soul,
        quiet storm, r&b, r&b/soul, rhythm & blues, rhythmic soul, rnb, smooth soul, soul & r&b,
        soul blues, soul jazz, southern soul
    """,
    "World": """
        african, african music, afro-cuban, afrobeat, afrobeats, afropop, arabic, balkan, bhangra,
        bollywood, brass band, cajun, calypso, carnatic, celtic, desert blues, ethnic, fado,
        fanfare, filmi, flamenco, gamelan, ghazal, global, gnawa, griot, gypsy, hawaiian, highlife,
        hindi, hindustani, indian, indian classical, international, juju, kizomba, klezmer, kuduro,
        latin, mbalax, middle eastern, native american, qawwali, raga, rai, soca, soukous,
        traditional, tribal, world & folk, world fusion, world music, worldbeat, zydeco
    """,
    "Soundtrack": """
        anime, bande originale, bgm, cinematic, film, film music, film score, film soundtrack,
        filmmusik, game, game music, musical, musical theatre, original score, original soundtrack,
        ost, score, showtunes, soundtracks, stage & screen, television, trailer, tv, vgm,
        video game, video game music
    """,
    "Spoken": """
        audio drama, audio theatre, audiobook, audiobooks, comedy, horbuch, horspiel, humor, humour,
        interview, lecture, podcast, poetry, radio drama, satire, sermon, speech, spoken word,
        stand-up, stand-up comedy, storytelling
    """,
    "Religious": """
        ccm, christian, christian & gospel, christmas, contemporary christian, devotional, gospel,
        holiday, hymn, hymns, inspirational, praise & worship, spiritual, spirituals, worship, xmas
    """,
    "Other": """
        children, children's, children's music, instrumental, karaoke, kids, misc, miscellaneous,
        none, sound effects, unclassifiable, unknown, various, various artists, vocal, vocals
    """,
}
