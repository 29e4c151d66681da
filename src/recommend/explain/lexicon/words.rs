//! The words themselves. The lists are closed: they hold words that join, address, feel, choose and recommend, and none
//! that states a fact of its own about a title: who made it, what happens in it, how long, old, famous or successful it
//! is.

/// Words that plain explanations are made of: all that a language model's drafts may hold.
pub(super) const PLAIN: &str = "\
     a an the and or of in on at to for from with by as into among between about like since because so that which who whom \
     whose while when where if then thus due given along alongside just also too well again even both each other others \
     another same similar similarly alike likewise such this these those it its itself they them their there here one two \
     pair together all any some more much very really quite certainly definitely surely perhaps maybe probably likely what how \
     why up out next back over plus moreover it'll \
     i we you your yours yourself me my our us people person user viewer watcher fan lover someone anyone folks you'll \
     you'd you've you're they're they've i'd i'll i'm i've let's we'd who've we've we're think it's that's there's here's \
     is are was were be been being has have had having do does did can could may might will would should must \
     liked likes liking love loved loves enjoy enjoyed enjoys enjoying enjoyment enjoyable appreciate appreciated suit suits \
     suited suitable fit fits fitting match matches matching matched appeal appeals appealing please pleased recommend \
     recommended recommends recommending recommendation suggest suggested suggests suggestion try trying give gave check \
     consider look looks watch watched watching see seen saw find found want go goes come comes came follow follows worth \
     good great nice fine solid perfect ideal natural lovely wonderful excellent choice pick option reason chance taste \
     tastes preference interest something kind sort way mix blend combination vein line \
     movie film title picture story work item genre category decade era period year share shares shared \
     sharing common overlap combine combines combining belong belongs tagged close related rate rated rating labelled \
     labeled films movies titles stories genres years works";

/// Verbs by their base form; regular endings are understood.
pub(super) const VERBS: &str = "\
     accept accommodate accompany acquaint add adjoin admire admit adore advise affirm agree aim alert allure amount \
     amuse anchor answer appeal applaud appreciate approve approximate arrange arrive ascertain ask assume assure \
     attach attest attract await awaken bag bask bear beat beckon befit befriend beg belong benefit bet bid bind bite \
     blend blow boast boil bond bookmark boost borrow bounce brace branch brave break breathe breeze brew bridge \
     brighten brim bring broaden brush buckle build bump bundle burst call calm cap captivate care carry catch cater \
     celebrate center charm chart chase chat cheer cherish chime chip choose chuckle circle claim click climb clinch \
     cluster coax coincide collect combine come command commend communicate compare compel complement compliment \
     compound conclude concur confess confirm conform congratulate conjure connect conquer consent consider consult \
     contain contend continue contribute converge convey convince cook cool correlate correspond cosy count couple \
     cover cozy crack crave credit cross cruise cuddle cue cultivate cure dabble dangle dare dawn dazzle decide \
     dedicate deem define delight deliver delve demand demonstrate depend derive describe deserve desire detect \
     devour dig digest dine dip discover dish distil dive do draw drift drink duplicate dwell earn ease eat echo edge \
     elect embrace emerge enchant encounter encourage endorse engage enhance enjoy enlarge enlist enrich enter \
     entertain enthral enthrall enthuse entice equate escort evaluate evoke examine exceed exchange excite exemplify \
     exert exist expect experience explain explore express extend extol face fall familiarise familiarize fancy favor \
     favour feed feel fetch figure fill find fire fit fix flatter flick flicker flip float flock flow flutter fly \
     fold follow foresee form forward foster freshen fulfil further fuse gain gamble gather gauge gaze gear gel get \
     give glance glide glow glue go grab grace grant gratify gravitate greet grin grip ground group grow guarantee \
     guess guide gush hail hand handle hang happen harmonise harmonize hasten head hear heat heed help herald \
     highlight hint hit hold honor honour hook hope hug hum hurry ignite illuminate illustrate imagine imbue immerse \
     imply impress improve incline include indicate indulge infer inform inject insert insist inspire instil intend \
     interest intersect intertwine intrigue introduce invest invite itch join judge juggle jump justify keep kick \
     kindle kiss knit know label land laud launch lavish lay lead lean leap learn leave lend let lift light lighten \
     like liken line linger link list load lock look loop lounge love lump lure make manage mark marry match matter \
     mean meet melt mention merge merit mesh mingle minimise mirror miss mix motivate mould mount move munch muse nab \
     nail name need nestle nibble nod nominate note notice nourish nudge nurture oblige observe obtain occupy occur \
     offer open operate opt orbit order originate overflow overjoy overlap owe pack paint pair pamper park part \
     partake pass pave peek peer peg pencil perceive perk permit persist persuade pertain pick pique pitch place plan \
     play please pledge plump plunge point ponder pop possess pounce pour practise praise preach predict prefer \
     prepare prescribe present pretend prevail preview prime proceed proclaim prolong promise prompt propose prove \
     provide provoke pull purchase pursue push put puzzle qualify quench question queue quote race raise rally rank \
     rate ratify reach read reaffirm realise realize reassure reawaken recall receive reckon recognise recognize \
     recommend recreate rediscover reflect refresh regard register reign reignite rejoice rejoin rekindle relate \
     relax release relish relive rely remain remark remember remind reminisce render renew repeat reply reprise \
     reproduce request require resemble reserve reside resist resolve resonate respond rest result resurface return \
     reunite reveal revel revisit revive reward rhapsodise rhyme ride ring rise rock roll root round rouse rub \
     rummage rush sample sate satiate satisfy save savor savour say scale scan schedule scoop scratch screen seal \
     search season second secure seduce see seek seem select send sense serenade serve settle sew share shelve shift \
     shine shout show shower shuffle side sigh signal signify sing sink sit sizzle skim sleep slide slip slot slumber \
     smell smile snap snuggle soak soar soften solidify soothe sort sound spare spark speak specify spend spice spill \
     spin split spoil spot spotlight spread spring sprinkle squeeze stack stake stand start stay steal steep steer \
     stem step stick stimulate stir stock stoke stop store straddle strengthen stretch strike stroll strum study \
     stumble submit subscribe substantiate suffice suffuse suggest suit sum supplement supply support suppose surf \
     surprise surrender surround sustain swap sway swear sweep sweeten swell swim switch symbolise sympathise sync \
     tackle tag take talk tap target taste team tease tell tempt tend testify thank thaw think thread thrive throw \
     tick tickle tide tie tingle tip top touch tour trace trade trail transcend transfer translate transport tread \
     treasure treat trot trust try tuck tug tumble tune turn twin typify underline unearth unfold unite unlock unveil \
     unwind uphold urge use usher validate value vary veer venture verify vie view visit vote vouch vouchsafe wade \
     wait wake walk wallow waltz wander want warm watch weave weigh welcome whet whisk widen win wind wink wish \
     wonder woo work worry worship wow wrap yearn yell yield zoom";

/// Forms of these verbs that no rule gives.
pub(super) const IRREGULAR: &str = "\
     am are arose ate be beaten became become becomes been began begun being bit blew blown bought bound broke broken \
     brought built came caught chose chosen clung crept dealt did does doing done dove drank drawn drew driven drove \
     dug dwelt eaten fallen fed fell felt flew flown flung found gave given gone got gotten grew grown had has have \
     having heard held hung is kept knew known laid lain lay leapt led left lent lit lost made meant met outdone \
     overtook paid put ran rang rid risen rode rose rung said sang sank sat saw seen sent shone shown slept slid \
     slung sought spent spoke spoken sprang spread sprung spun stood strove struck strung stuck sung swam swept swore \
     sworn swung taken taught thought threw told took trod understand understood was went were woke woken won wore \
     wound wove woven";

/// Nouns by their singular; plurals are understood.
pub(super) const NOUNS: &str = "\
     ability ace addition address admiration advantage advice affection affinity agreement aim air allegiance alley \
     ally alternative amount angle answer anticipation appeal appetite appraisal appreciation approach approval area \
     arm armchair arrival aspect assessment attention attraction audience avenue awe back balance bargain base basis \
     basket beacon bean bearing bed bedside belief belly bench bet bill birthday bit bite blanket blast blend \
     blessing bloom board bond bonfire bonus bookmark boon boost boot bottom bounce bound bouquet bowl brain branch \
     breakfast breath breeze bridge brush bubble bucket buddy bunch bundle bunk business button buzz cake calendar \
     call calling camp candidate capital card cart case catalogue category cause celebration center centre certainty \
     chain chair chance chapter charm chat check cheer chemistry cherry choice chord chunk circle clan client cloud \
     clue coat cocktail cocoa coffee coin coincidence collection column combination combo comfort companion company \
     comparison compass complement conclusion confidence connection consideration contender contrast conversation \
     cookie copy corner couch counterpart couple courage course craving credit crop cross crossover crowd crush cue \
     cup curiosity curtain curve cushion cut cycle dash date dawn day daylight deal decade deck degree delight demand \
     depth dessert destination detail detour devotee devotion diary diet difference dinner dip discovery dish \
     diversion doer door doorstep dose double doubt drawer dream dreamer drift drink drive drop duo dusk ear earshot \
     ease echo edge effect effort element emotion endorsement energy enjoyment enthusiasm entry envelope equal \
     equation era essence evening event evidence example exception exchange excitement excuse expectation experience \
     extension eye eyebrow face fact factor faith fancy fare fascination favor favorite favour favourite feast \
     feedback feeling fellow fence field fill film finding finger fire fireplace fireside fit flag flair flame flash \
     flavor flavour flicker flight flip flock floor flow flutter focus fold fondness foot foothold footing footpath \
     footstep force forecast foretaste fork form formula forte fortune foundation frame freshness fruit fuel fun \
     future gallery garland gate gateway gear genre gift glance glass glee glimpse glove glow glue go goal gold \
     goodness grab grace grade grain grasp grip groove ground group guarantee guess guest guide guidebook gut habit \
     half hammock hand handful handle handshake happiness harvest hat haven head headline heart heartbeat hearth \
     heartstring heaven heel help helping highlight hint history hobby hold holiday home honor honour hook hooray \
     hope horizon hue hug hunch hunger icing idea impact impression impulse inclination indication inheritance \
     inkling inspiration installment instalment instance instinct intention interest intersection introduction \
     invitation invite itch item jacket jackpot jar jewel jigsaw job jolt joy judgement judgment juice jump junction \
     kernel kettle key kick kin kind kinship kiss kit knack knee knot label ladder lamp lane language lantern layer \
     lead leaf league leaning leap leg leisure lens lesson level lid life lift light likelihood liking limb limelight \
     line lineage linen lineup link list litmus load lock logic look lookout loop lot lounge luck luxury magnet \
     manner mantelpiece mantle manual map mark marvel mat match mate matter meal meat medley meeting melt melting \
     member memory mention menu message middle midnight midst mile milestone mind mindset mirror mix mixture mold \
     moment money mood moonlight mould mouth move movie mug munch muscle muse nail name nap nature neck nectar need \
     neighbor neighborhood neighbourhood nerve nest net network newcomer niche night nightcap nod nominee \
     nook nose nostalgia notch note notion nudge nugget number nut oath obsession occasion odds offer offering offing \
     one opinion opportunity option orbit order other outcome outing outlet outlook outset oven overlap overtone pace \
     package page pair pairing palate palette paper parallel parcel part partner partnership passion passport pastime \
     pat patch patchwork path patience pattern peak pearl pebble pedigree peg penchant perch perfection persuasion \
     pew pick picture piece pile pillow pin pinch pinnacle pint pitch place plain plan plate platter playlist \
     pleasure pledge plus pocket point pole pool popcorn port portal portion position post postcard postscript pot \
     pouch power praise preamble predilection preference prelude premise present pride priority process profile \
     program programme promise prompt proof proposal proposition prospect provision proximity puff pull pulse pump \
     punch purpose quality quarter question queue quirk quota rack radar rail rainbow range rank rapport rating rave \
     ray reach reaction realm reason recipe reckoning recollection recommendation reel reference reflection refrain \
     refuge regard rein relation relative release relief relish remedy reminder remote rendezvous repeat repertoire \
     repetition reprise request resemblance reservoir resident resonance resort response rest restraint result return \
     revelation reward rhythm ribbon ride right ring ripple rise risk roof root rope roster rotation route row rug \
     rule rundown rush sake salad salt sampler sandwich satisfaction sauce say scale scent schedule scheme scoop \
     scrapbook seal season seasoning seat secret section sector seed selection sense sensibility sentiment serving \
     session shade shape share shelf shell shoe shop shortcut shorthand shortlist shoulder show shower sibling side \
     sign signal signature signpost silver similarity sip situation skin slate sleep sleepover sleeve slice slide \
     slipper slot smile snack snap snapshot sofa soulmate sound soup space spark specimen spectrum speed spell spice \
     spillover spin spirit splash spoon spoonful spot spotlight spread spring sprinkle sprinkling square stack stake \
     stamp stand standard standout staple start stay steam step stepping stew sticker stir stock stocking stomach \
     stone stop store story strand strap straw streak street strength stretch strike string stripe stroke stroll \
     stronghold stuff style successor suggestion suit suite sum summary summons sun sunshine supper supplement supply \
     support surface surplus surprise swap sweep sweet sweetener switch symmetry sympathy synergy syrup tab table tag \
     take tally tandem tang tangent tapestry target task taste team temper temperament tempo temptation tendency \
     tenor term terrace territory testament tether text texture theory thing thirst thought thread thumb tick ticket \
     tidbit tide tie tier time tingle tip title toast toe token tongue tonic tool tooth top topping torch torchbearer \
     toss total touch touchstone trace track traction trade trademark tradition trail trait trance transition trap \
     tray treat treatment trek trend tribe trick trigger trio trip trouble trove trunk trust truth try tub tune turf \
     turn twinkle twosome type understanding undertone union uplift upside uptake urge use vacation vantage variation \
     variety vault vein velvet venture venue veranda verdict verge vibe view viewing virtue visit visitor vocabulary \
     vote vow wager wagon walk wall wallet wand wardrobe warmth watch watchlist watchword water watering wave way \
     weakness wealth weather week weekend weight welcome whiff while whim whirl whisper wick wind windfall window \
     wing wink wire wisdom wish wonder word work world wrap yardstick year yearning yes zeal zest zone";

/// Words that change no fact about a title: adjectives, adverbs and particles.
pub(super) const MODIFIERS: &str = "\
     able aboard above abreast absolutely absorbing abundant abundantly accordingly across actually addictive \
     additionally adept adjacent admirably adoring affectionate affectionately afresh after afterwards again against \
     agreeable ahead akin alert alive all almost alone along already alright altogether always amazing amiable amid \
     amidst amongst ample amused anew apart apiece aplenty apparently applicable appreciably approving apt aptly \
     ardent ardently arguably around as aside assured assuredly astray astute attentive attractive auspicious avid \
     avidly aware away awesome back balanced basically beautifully because before beginning behind beneath beside \
     besides beyond big blissful blissfully bold bonafide brave bravely breezy bright brightly brilliant brimming \
     brisk briskly broadly bubbly bursting but calm calmly captivating cardinal carefree careful carefully casual \
     casually celebratory central certain charming cheerful cheerfully chiefly choice choicest classy clean clear \
     clearly clever close closely comfortable comfortably commendable commonly compact companionable comparable \
     comparably compatible compelling complementary complete conceivably conclusive concrete conducive confident \
     confidently congenial conscious consecutive consequently considerable considering consistent consonant constant \
     contagious content convenient conveniently convincingly cool cordially correct correctly corresponding \
     correspondingly cosily cosy covered cozy credible crisp crowning crucial curious customary daring dashing \
     dazzling dear dearly decent decidedly deep deeply delectable delicious delighted delightful delightfully \
     dependable desirable devoted devotedly digestible directly discerning distinct distinctly doubly doubtless down \
     downwards dreamy dual due duly during each eager eagerly early earnest easily easy easygoing eclectic ecstatic \
     effective effectively effortless effortlessly effusive either elated eligible else elsewhere embracing emphatic \
     emphatically endeared endearing endless endlessly enduring energetic engaging enjoyable enjoyably enormously \
     enough enriching enthused enthusiastic enthusiastically enticing entirely enviable equal equally especially \
     essential essentially evenly eventually ever evidently evocative exact exactly excellent excited exciting \
     expressive expressly exquisite extra extremely exuberant fabulous fair fairly faithful faithfully familiar \
     famously fantastic far fast favorable favourable fellow fervent fervently final finally fine finely fire firm \
     firmly fit fitting fittingly flattering flavourful flexible fond fondly forceful foregone foremost forever forth \
     forthcoming fortuitous fortunate fortunately forward frankly free frequent frequently fresh freshly friendly \
     fruitful full fully fun further furthermore galore game gamely generally generous gentle gently genuine \
     genuinely glad gladdened gladly gleeful glorious going good gorgeous graceful gracefully grand grateful \
     gratefully gratified gratifying great greatly grown habitual half halfway hallmark handily handy happily happy \
     hard harmonious harmoniously headlong heady healthy heartfelt heartily hearty heavenly heightened helpful hence \
     hereby highly hip homely homespun honest honestly hooked hopeful hopefully hot huge hugely humming hungry \
     hypnotic ideally identical immediate immediately immense immensely immersive impeccable impeccably importantly \
     impressive incidentally inclined including incredible indeed indispensable indulgent inevitable inevitably \
     infectious inherently innate inside inspired instant instantly instinctive instinctively instructive intense \
     intensely intent interested interesting interlocking intimate intriguing invaluable invariably invested \
     invigorating inviting involved irresistible irresistibly joint jointly jolly joyful joyous jubilant just \
     justifiably justified keen keenly kindly kindred large largely lasting leading legit leisurely lest light \
     lightly likable likeable likely likewise literal literally little lively lofty logical longstanding loose \
     lovable lovely loving luckily lucky luscious luxurious magnetic mainly major manageable marvellous marvelous \
     matchless meaningful meanwhile mellow memorable mere merely meritorious merrily merry mid mightily mild mindful \
     minor modest modestly momentous more moreish mostly motivated mouthwatering moved moving much mutual mutually \
     namely natural naturally near nearby nearly neat neatly necessarily neighborly neighbouring nevertheless nice \
     nicely nifty nigh noble nonetheless notably noteworthy noticeable noticeably nourishing now nowadays obliging \
     obvious obviously off often okay once onto onward onwards open openly opportune opposite optimally optimistic \
     orderly ordinary organic otherwise out outright outside over overall overdue overjoyed own parallel partial \
     partially particular particularly partly passionate patiently peaceful peerless perfect perfectly perhaps \
     personal personally persuasive pertinent plain plainly plausible plausibly playfully pleasant pleasantly \
     pleasing pleasurable pleasurably plenty plum plush poised polished positive positively possible possibly \
     potential potentially powerfully practical practically precise precisely predisposed preferred presumably pretty \
     priceless primarily princely principal probable probably productive profound promising prompt promptly prone \
     pronounced proper properly proportionate proud proudly proven proverbial provided pumped pure purely quenchless \
     quick quickly quietly quite radiant rainy rapidly rapt rapturous raring rational ravenous readily ready real \
     really reasonable reasonably reassuring receptive recognisable recognizable recommendable redoubtable refined \
     refreshing regardless relaxed relaxing relevant reliable reliably remarkable remarkably reminiscing resolute \
     resonant resounding respectable resplendent responsive restful restorative reverent revitalising rewarding rich \
     richly right rightly riveted riveting robust rosy roughly round rousing safe safely salient satiated \
     satisfactory satisfied satisfying satisfyingly savvy scrumptious seamless seamlessly seasoned secure seemingly \
     select self selfsame sensible sensibly sentimental serious seriously settled sharp sharply sheer shiny shortly \
     shrewd sideways silky similar similarly simple simply simultaneous simultaneously sincerely single singly \
     singularly sizeable skilled slick slightly sly smart smashing smitten smooth smoothly snappy snug snuggly snugly \
     so sociable solely solid some somehow sometime somewhat somewhere soon soothing sought sound soundly sparkling \
     special specially specifically spirited splendid splendidly spontaneous spontaneously spry squarely stable \
     staunch steadfast steadily steady stellar stepping sterling still stimulating stirring stock straight \
     straightaway straightforward striking strikingly strong strongly stunning sturdy stylish stylishly substantial \
     substantially subtle subtly succinct suggestive suitable suitably sumptuous sunny super superb supportive \
     supreme sure surefire surely susceptible sweet swell swift swiftly symmetrical tailor taken tangible tantalising \
     tantalizing tasty telltale tempted tempting tender tenderly terrific textbook thankful thankfully thanks then \
     there thereafter thereby therefore therein thirsting thirsty thorough thoroughly thoughtful thoughtfully through \
     throughout thus tickled tidily tidy tight tightly timely tireless today together tomorrow tonight too top \
     topping totally touching toward towards tremendous tremendously tried triumphant truly trustworthy trusty twin \
     twofold typical typically unabashed unanimous unanimously uncannily uncanny undeniable undeniably under \
     underneath understandable understandably undivided undoubtedly unfailing unforgettable unified uniform unique \
     unmissable unmistakable unmistakably unreservedly unswerving unwavering upbeat uplifting upon upstanding upwards \
     useful utterly vaguely valid valuable varied vastly veritable versatile via viable vibrant vibrantly viewable \
     virtually visibly vital vivid vividly vouchable warm warmhearted warmly watchable welcome welcoming well whereas \
     whereby wherein whole wholehearted wholeheartedly wholesome wholly wicked widely wild wildly willing willingly \
     wise wisely wistful within wonderful wonderfully wondrous worthwhile worthy yet yummy zealous zesty";

/// Function words beside the plain ones.
pub(super) const FUNCTION: &str = "\
     anybody anyhow anything anyway anywhere apiece everything hello hey hi how'd how's ought oneself onto per rather shall \
     somebody than themselves there'd there'll these they'd they'll till until what'd what'll what's whatever \
     whenever where's wherever whether whichever who'd who'll who's whoever yeah yep yes yours y'all that'd that'll it'd \
     ours ourselves mine s ok okay am being below every he'd only rather under we'll although though however despite instead";

/// Words that may start with a capital anywhere.
pub(super) const CAPITALIZED: &str = "i monday tuesday wednesday thursday friday saturday sunday ok tv";

/// Words that deny, or set apart.
pub(super) const NEGATIONS: &str = "\
     no not never none nothing nobody nowhere neither nor without hardly barely scarcely seldom rarely unlike cannot lack \
     lacks lacking except fail fails failed avoid avoids avoided skip \
     skipped dislike disliked dislikes hate hated hates unless minus fewer less non un";

/// Words for those who watch, read or buy.
pub(super) const PEOPLE: &str = "\
     people person persons user users viewer viewers watcher watchers others fan fans folk folks lover lovers \
     audience audiences enthusiast enthusiasts buff buffs admirer admirers moviegoer moviegoers filmgoer filmgoers member \
     members soul souls individual individuals devotee devotees rater raters reviewer reviewers likes cinephiles customer \
     customers listeners reader readers";
