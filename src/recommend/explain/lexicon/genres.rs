//! How genres are said.

/// Ways to say a genre beside its name and plural, in lower case and with spaces for hyphens; a form may take several
/// genres at once. A text may hold a form only if all of its genres are backed.
pub(super) const FORMS: &[(&[&str], &str)] = &[
    (&["action"], "action packed|action filled|action driven|action heavy|action loaded"),
    (&["adventure"], "adventurous"),
    (&["animation"], "animated|animations|cartoon|cartoons"),
    (
        &["children"],
        "children's|childrens|child|child's|kid|kids|kid's|family friendly|family film|family films|family movie|\
         family movies|family viewing|family fun|family picture|families|family|young viewers|young viewer|\
         young audiences|young audience",
    ),
    (&["comedy"], "comedies|comedic|comic|comical|funny|humour|humor|humorous"),
    (&["crime"], "criminal|crimes"),
    (&["documentary"], "documentaries|non fiction|nonfiction|factual"),
    (&["drama"], "dramatic|dramas"),
    (&["fantasy"], "fantasies|fantastical"),
    (&["film noir"], "noir|noirs|film noirs|films noirs"),
    (&["horror"], "horrors|scary|frightening"),
    (&["musical"], "musicals|music"),
    (&["mystery"], "mysteries|mysterious"),
    (
        &["romance"],
        "romantic|romances|love story|love stories|love film|love films|love movie|love movies|love tale|love tales",
    ),
    (&["romance", "comedy"], "rom com|rom coms|romcom|romcoms"),
    (&["drama", "comedy"], "dramedy|dramedies|comedy drama|comedy dramas"),
    (&["sci fi"], "science fiction|scifi"),
    (&["thriller"], "thrilling|thrillers|suspense|suspenseful"),
    (&["war"], "wartime|wars"),
    (&["western"], "westerns|wild west|old west|the west|west"),
];

/// Words that evoke a genre. They pass where the genre is backed, but plain explanations do without them.
pub(super) const FIGURES: &[(&[&str], &str)] = &[
    (
        &["action"],
        "adrenaline|explosive|explosions|punches|stunt|stunts|high octane|fast paced|fists|pounding|fight|fights|fighting|\
         muscle|mayhem",
    ),
    (
        &["adventure"],
        "adventuring|adventurer|adventurers|quest|quests|voyage|voyages|journey|journeys|expedition|escapade|escapades|exploits|\
         swashbuckling|derring do|travel|travels|wanderlust|set sail|sail|set off|set out",
    ),
    (&["animation"], "animator|animators|drawn|drawing|drawings|hand drawn|pixels|animate|toon|toons"),
    (
        &["children"],
        "family favourite|family favorite|the whole family|youngsters|youngster|young ones|little ones|little one|young|\
         young at heart|young fans|kiddie|small ones|smaller viewers|small viewers|small fry|toddlers|tots|childhood|childlike|\
         playground|bedtime|nursery|boys and girls|girls and boys|parents|parent|grandchildren|nephews and nieces|all ages|\
         junior|juniors|big and small|young and old|old and young|generations|schoolchildren|sons and daughters|family night",
    ),
    (
        &["comedy"],
        "comically|funnier|funniest|laugh|laughs|laughed|laughing|laughter|laughable|jokes|joke|joking|giggle|giggles|giggling|\
         giggled|hilarious|hilarity|comedian|funny bone|in stitches|wit|witty|wittily|gags|gag|silliness|silly|chuckles|belly laugh|\
         belly laughs|guffaw|guffaws|farce|farcical|slapstick|mirth|levity|light hearted|lighthearted|droll|wry|zany|goofy|\
         crack up|cracked up|cracks you up|punchline|punchlines|lark|larks|clown|clowning|merriment",
    ),
    (
        &["crime"],
        "criminals|criminally|crook|crooks|crooked|villainy|villains|outlaws|lawbreakers|lawless|underworld|misdeeds|misdeed|\
         wrongdoing|felony|felonies|offences|the wrong side of the law|law|gangsters|heist|foul play|shady",
    ),
    (
        &["documentary"],
        "doc|docs|documentarian|documentary maker|documentary makers|real life|true life|true stories|true story|facts|reality|\
         real world|real people|real events|fly on the wall|reportage|fact based|life|lives|truth|document|documents|\
         documented|documenting|actuality|reporting",
    ),
    (
        &["drama"],
        "dramatically|dramatics|emotion|emotions|emotional|emotionally|tears|tearful|tear|weighty|heavy|moving|weight|serious|\
         tragic|tragedy|human|depth|poignant|gravitas|heartbreak|heartbreaking",
    ),
    (
        &["fantasy"],
        "magic|magical|magically|magician|make believe|fairy tale|fairy tales|fairytale|fairytales|wizardry|sorcery|enchantment|\
         otherworldly|other worlds|other world|another world|imaginary|imagination|imaginative|fantastic worlds|fabled|fable|fables|myth|\
         mythical|wonderland|dreamland|whimsical|wand|spells|spellbinding|spellbound|once upon a time|worlds|world",
    ),
    (
        &["film noir"],
        "noirish|shadowy|shadow|shadows|dark|darker|darkness|hard boiled|hardboiled|smoky|trench coat|trench coats|femme fatale|fedora|\
         cynical|moody|gloom|gloomy|murky|shady",
    ),
    (
        &["horror"],
        "horrific|horrify|horrified|horrifying|scares|scare|scared|scaring|scarier|frighten|frightens|frightened|fright|frights|terrifying|\
         terrify|terrified|terrifies|terror|terrors|spooky|spook|spooks|spooked|chilling|chills|chill|chilled|creepy|creeps|creep|\
         goosebumps|shiver|shivers|shivering|shivery|scream|screams|screaming|screamed|nerves|nerve|fear|fears|fearful|fearsome|dread|\
         nightmare|nightmares|nightmarish|hide|hiding|lights on|lights off|lights out|after dark|dark|darkness|heebie jeebies|\
         eerie|macabre|grisly|gruesome|gory|bloodcurdling|blood|afraid|haunt|haunts|haunting|haunted|monsters|spine|jump scares|\
         jumpy|unsettling|unsettle|dark side|sinister|ghoulish|screamer|hair raising|behind the sofa",
    ),
    (
        &["musical"],
        "musically|song|songs|songbook|sing along|singalong|sing alongs|song and dance|singer|singers|hum|humming|hummed|tune|tunes|\
         tuneful|melody|melodies|melodic|dance|dances|dancing|danced|toe tapping|showtunes|show tunes|chorus|choruses|burst into song|\
         numbers|song filled|ballads|lyrics|tapping your feet|dancing shoes",
    ),
    (
        &["mystery"],
        "whodunit|whodunits|whodunnit|whodunnits|puzzler|puzzlers|puzzle|puzzles|puzzling|puzzled|riddle|riddles|enigma|enigmas|enigmatic|\
         enigmatically|clue|clues|sleuth|sleuths|sleuthing|secret|secrets|unsolved|unravel|unravelling|unraveling|detective work|intrigue|\
         mysteriously|mystify|mystifying|mystified|baffle|baffling|brain teaser|brain teasers|hidden|unexplained|solve|solving|solved|\
         guesswork|suspects|secretive",
    ),
    (
        &["romance"],
        "romantically|romantics|romancing|swoon|swoons|swooning|swoony|sweethearts|sweetheart|valentine|courtship|falling in love|heartwarming|\
         heart melting|hearts and flowers|amour|lovestruck|lovebirds|smooch|kisses|tender|true love|love affair|wooing|cupid",
    ),
    (&["romance", "comedy"], "meet cute"),
    (
        &["sci fi"],
        "sf|futuristic|science|sciency|scientific|space|outer space|spaceships|spaceship|planets|planet|galaxy|galaxies|universe|universes|\
         cosmic|cosmos|stars|rocket|rockets|robots|aliens|technology|speculative|the future|future|blast off|lift off|stargazing|\
         stargazers|stargazer|intergalactic|interstellar",
    ),
    (
        &["thriller"],
        "thrill|thrills|thrilled|thrillingly|thrill seekers|thrill seeker|suspensefully|tension|tense|tensely|tensions|nail biting|nail biter|\
         nail biters|nails|edge of your seat|edge of the seat|edge of my seat|gripping|grips|gripped|nervous|nerve racking|nerve wracking|pulse|\
         pulses|pulse pounding|racing pulse|heart pounding|breathless|danger|dangers|dangerous|edgy|on edge|white knuckle|\
         pulse racing|heart racing|holding your breath",
    ),
    (
        &["war"],
        "combat|battlefield|battlefields|battle|battles|soldier|soldiers|soldiering|military|front line|front lines|trenches|troops|warfare|\
         conflict|conflicts|under fire|the front|warring|battle scarred|army|march|fight|fights|fighting",
    ),
    (
        &["western"],
        "cowboy|cowboys|frontier|frontiers|saddle|saddles|saddle up|ride|rides|riding|rode|gallop|galloping|\
         gunslinger|gunslingers|gunfight|gunfights|six shooter|six shooters|spurs|stetson|stetsons|horseback|horse|horses|hat|hats|prairie|saloon|\
         dust|dusty|tumbleweed|sunset|lasso|holster|high plains|showdown|showdowns|duel|ranch|trail",
    ),
];

/// Words among [`FIGURES`] that are too common to say their genre by themselves.
pub(super) const COMMON: &str = "\
     dark darker darkness moving serious heavy weighty tender witty wit silly grips gripping gripped tense tension nervous nerve nerves \
     danger dangers dangerous emotional emotions emotionally human weight tragic poignant reality facts worlds imagination imaginative \
     imaginary parents parent generations childhood rides riding hat hats dusty sunset trail law shady fight fights fighting battle conflict \
     march hide hiding fear fears afraid haunt haunts haunting haunted dread secrets hidden clue clues puzzle puzzles puzzled riddle solve \
     solved solving intrigue tune tunes tuneful dance dances dancing numbers chorus hum humming melody space future stars universe \
     technology spell spells journey journeys travel travels sail kisses dream pulse breathless explosive muscle mayhem cynical moody \
     gloomy whimsical light hearted lives truth spine jumpy edgy drawn drawing young junior chills chill blood";
