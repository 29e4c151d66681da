//! Words by which texts state facts that no plan holds. None of them may stand in a text; words that are neither here nor
//! among the harmless ones are looked at with distrust.

/// Nouns and verbs by their base form; their regular endings are understood.
pub(super) const STEMS: &str = "\
     accent acclaim act actor actress acting adapt adaptation adult airplane airport album alien amateur ancestor angel animal \
     ape apartment army arrest artist assassin assassinate astronaut athlete attack auction audition aunt author award baby ballet \
     ban bandit bank bar baron baseball basketball bastard battleship bear beast bedroom bestseller betray betrayal bible bird birth \
     bishop blackmail blind blockbuster blonde boat body bomb book border boss bounty box boxer boxing boy boyfriend bribe bride \
     bridegroom broadcast brother budget bug building bullet bully burglar burn business businessman businesswoman butler \
     camera cameo campaign cancer captain car carnival castle cat cathedral cave celebrity cemetery censor censorship century ceremony \
     certificate chancellor character charge chef chemist chief choreograph choreographer church cia cinematographer cinematography \
     circus city civilian clash classic clan climax clone clown club coach coast code coffin college colonel colony color colour comet commander \
     communist company competition compose composer computer concert conspiracy convict cop corpse corruption cost costume \
     count countess country couple court cousin cow cowboy coward crash create creator creature crew critic criticise criticize \
     cult culture curse customer cut czar dad dancer daughter dead death deal debut decease defeat defect demon desert detective \
     devil diamond dialogue diary dictator die dinosaur diplomat direct direction director disaster disease disguise dispute divorce \
     doctor dog doll dolphin donkey dragon dress drown drug drunk dub duke dvd dwarf earl earn earthquake edit edition editor elephant \
     elf emperor empire employ employee enemy engine engineer ending episode epic escape evil execute executive exile expensive \
     expert explode explosion factory fail fairy fake fame farm farmer father fbi female festival fiance fight fighter filmmaker finale \
     finance fisherman flood flop flower fool footage forest foreign fox franchise fraud friend friendship frog fugitive funeral gang gangster garden \
     gay general genius ghost giant girl girlfriend gladiator god gold government governor grandfather grandmother grandson grave gross \
     guard guest guitar gun guy hacker hair hairdresser harbour haunt hate headquarters heir heiress helicopter hell hero heroine hijack hire \
     historian hit hitman homage horse hospital hostage hotel hour housewife hunt hunter hurricane husband ice illness immigrant immortal incest \
     influence inherit injure injury innocence inspector invade invasion invent inventor investigate investigation island jail jazz \
     jewel jewelry job journalist judge jungle jury kidnap kidnapper kidnapping kill killer king kingdom kitchen kitten knight laboratory \
     lady lake landlord landscape language lawyer lead leader legend length letter library librarian lie lion location lord \
     mad mafia magazine magician maid mail makeup man manager manor marathon marriage marshal mask massacre master masterpiece mayor medal \
     merchandise mermaid messenger meteor million millionaire billion billionaire mine miner minister minute miracle model modernise mom money monk \
     monkey monster month moon mortgage mother motorcycle mountain mouse movement mum mummy murder murderer museum musician mutant mutiny name \
     narrate narration narrator nation navy nazi nephew newspaper niece ninja nobleman nomination nominate norm nude nudity nun nurse \
     ocean office officer oil opera orchestra original orphan oscar outlaw overrate owner painter palace panda parody parrot passenger patient peasant \
     pension perform performance performer period phone photograph photographer pianist piano pig pilot pioneer pirate plague plane planet plant \
     playwright plot poem poet poison police policeman politician politics pony pope pornography poverty powder practice praise pregnancy president press prequel \
     price priest prime prince princess principal prison prisoner prize problem produce producer production professor profit profanity propaganda prophet \
     prostitute protagonist psychiatrist psychologist publisher puppet pupil puppy queen rabbi rabbit race racer racism radio railway rape rapper rat \
     reboot rebel rebellion record region religion remake remaster rent reporter rescue restaurant restore revenge revolution revolutionary rich rider riot \
     rival river robber robbery robot rocket royalty ruin runtime sailor saint salary salesman samurai satire satirize saga scandal scene school scientist \
     score screenplay screenwriter script sea secretary senator sequel sergeant series serial servant sex shaman shark sheep sheriff ship shipwreck shoot \
     singer sister slave slavery sleuth slum smuggle smuggler snake sniper soccer soldier son sorcerer soundtrack spaceship special-effect spider sponsor spy \
     squad stadium stage stalker star stepfather stepmother stepson stepdaughter storm stranger street stream student studio submarine subtitle suburb success \
     suicide sultan superhero surgeon surgery surrender survive survivor suspect sword symphony talent tank teacher teenager television temple \
     tennis terrorism terrorist test theatre theater theft thief throne thug tiger tornado torture tourist town toy tragedy train traitor transform tribute \
     trilogy troop trophy truck tsar tyrant uncle universe university vampire vegan veteran vice victim victory video vigilante village villain violence violin virgin virus \
     volcano voice voyage waiter waitress warrior wedding weapon whale widow widower wife wilderness win winner winter witch wizard wolf woman worker worldwide \
     wound wrestler wrestling write writer zombie zoo \
     everybody everyone twist neighbour neighbor remade";

/// Adjectives, adverbs and forms that no rule gives.
pub(super) const FORMS: &str = "\
     acclaimed african aged aging alcoholic all-star ambitious american ancient animated armed arthouse asian australian autobiographical award \
     banned best better biblical bigger biggest billed bitter black blind blonde bloody blue bored boring bought british brutal canadian \
     celebrated censored certified cheap chinese christian classic colourful colorful colored coloured complex complicated confusing controversial cost \
     costly crazy critical critically cruel cult dark deadly deaf deadliest depressing dirty disappointing disappointed disturbing drunk dubbed dull dutch dying \
     earliest elderly eldest english european evil expensive experimental explicit failed famed famous fastest female fewer fictional filmed first \
     five flawed foreign forgotten french german graphic greatest grossing groundbreaking guilty harmful heroic hidden highest historic historical \
     hollywood hour hourly iconic ill illegal independent indian influential inspired-by irish italian japanese jewish korean landmark largest last \
     latest lead legendary length lengthy lesbian lesser lethal local lonely long longer longest loud lowest low made-for-tv male many married \
     medieval mediocre men mexican middle-aged military millions modern monochrome most murdered naked nominated notorious novel nuclear nude obscene \
     official old oldest original outdated overlong overrated pale poor popular postwar pregnant pretentious prewar previous profitable profane racist rare \
     recent recently red released-on retired ridiculous royal russian sad saddest satirical scandalous scored scottish scripted sexual sexy shallow \
     short shorter shortest shot silent slow slower slowest smallest soviet spanish starred starring steven stolen strange studio stupid subtitled successful \
     surreal swedish teenage televised terrible third timeless toughest tragic twice ugly underrated unfunny unhappy unknown unpopular unrated \
     unrealistic unsuccessful vast victorian vintage violent vulgar weak weird white wicked widescreen women won worse worst written wrote \
     yellow yesterday youngest";
