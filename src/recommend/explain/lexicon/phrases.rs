//! Turns of phrase.

/// Phrases whose words would say something else by themselves, or are on no list; hyphens count as spaces.
pub(super) const PHRASES: &str = "\
     a bet on|a bit longer|a cousin in|a cousin of|a cousin to|a double feature|a friend of|a glance|a go|\
     a good many|a heartbeat away|a hit with|a little longer|a long way|a look|a shot|a sibling to|a spin|\
     a stone's throw|a trip to|a try|a view|a watch|a weakness for|a while longer|a whirl|a world away|\
     above all|after all|all along|all at once|all in all|all set|all the better|all the more|all the same|\
     along the lines of|along the road|along those lines|anything new|appetite for|arm in arm|around the corner|\
     as a double feature|as always|as ever|as far as|as it is|as it were|as long as|as many as|as much as|\
     as soon as|as usual|as well|as well as|at any rate|at best|at first|at first glance|at heart|at home|\
     at last|at least|at long last|at most|at once|at the same time|at the top of|back it up|back me up|\
     back to back|backed by|backed up by|base on your|based on how|based on that|based on the way|based on what|\
     based on your|bear it out|bear this out|bears it out|before long|best bet|best of both worlds|bet on|\
     better choice|better fit|better match|better partner|better pick|better place|better still|better time|\
     better way|beyond doubt|beyond question|big on|big screen|birds of a feather|boxes|bread and butter|\
     bridge the gap|bring home|bring it home|but also|by all means|by example|by heart|by the same token|\
     by the way|by word of mouth|can hardly go wrong|can't go wrong|can't help|can't miss|can't wait|\
     cannot go wrong|case closed|chances are|checks all the boxes|checks the same boxes|cinema trip|\
     close cousin|close to home|close to your heart|closer look|closer to|come full circle|comes first|cosy up|\
     could not be|couldn't agree|couldn't be|cozy up|craving for|crazy about|cup of tea|curl up with|\
     cut from the same cloth|dig into|do your part|don't let|don't miss|double bill|double feature|\
     down the road|down the same road|down your street|each and every|earned a place|earns a place|\
     earns its place|easy to|even better|every bit|every chance|every reason|every right|every sign|eye to eye|\
     fall for|fall in love with|fallen for|falls for|family likeness|family resemblance|feed the habit|\
     feel at home|fell for|fell in love with|few things|fill the gap|fill the void|fills the bill|film night|\
     find a better|find a place|first choice|first in line|first of all|first on|first pick|fit the bill|\
     fits like a glove|fits the bill|food for thought|for my part|for once|for the best|for the better|\
     for the most part|for your part|found a place|found room|full circle|full marks|get better|get going|\
     get my vote|get the popcorn|gets my vote|give it a chance|give it a go|give it a shot|give it a try|\
     give or take|go a long way|go for|go to|goes to show|good company|good hands|good marks|good time|\
     good to go|grab some popcorn|grab the popcorn|great time|grown up|grown ups|had better|had you hooked|\
     hand in hand|hard pressed|hard to|has my vote|has you hooked|have a look|head over heels|heart set|\
     hearts of|high marks|high on any|high on the|high on your|high praise|high time|hit all the right|\
     hit for you|hit home|hit it off|hit the mark|hit the right|hit the screens|hit the spot|hit with you|\
     hits the mark|hits the right|hits the spot|home in on|hooked on|hunger for|hungry for|icing on the cake|\
     if you like|if you will|in a heartbeat|in a nutshell|in a word|in addition|in common|in fact|in general|\
     in good company|in hand|in keeping with|in kind|in line with|in love with|in many ways|in mind|\
     in other words|in part|in particular|in reach|in safe hands|in short|in so many ways|in spirit|\
     in step with|in store|in store for|in style|in sync with|in tandem|in the bag|in the cards|\
     in the footsteps of|in the long run|in the making|in the mold of|in the mood for|in the mould of|\
     in the same boat|in the same family|in the spirit of|in the style of|in the vein of|in the wake of|\
     in their hearts|in tune|in tune with|in turn|in your heart|in your life|is to|isn't a big|isn't a stretch|\
     isn't far|keen on|keep guessing|keeps you guessing|kept guessing|kept you guessing|kick back|kick out of|\
     kicks out of|kindred spirit|kindred spirits|know better|later on tonight|later tonight|lean back|\
     least of all|left a mark|left an impression|left its mark|let alone|lies between|lies in store|\
     like a glove|like minded|long title|look no further|mad about|made an impression|made for each other|\
     made for you|make room for|make some popcorn|many a|marriage of|meant for you|meant to be|mind the gap|\
     money on|mood for|more of the same|more or less|more than a few|most fitting|most likely|most natural|\
     most of all|most of what|movie night|must see|must watch|my money is on|my money's on|near neighbors|\
     near neighbours|needless to say|needn't look far|new favorite|new favourite|new to you|new to your list|\
     next door|next door to|next in line|next of kin|next on|next step|next stop|no better|no doubt|no problem|\
     no reason not to|no stranger to|no stretch|no surprise|no trouble|no wonder|not far from|not far off|\
     not far short|not least|not only|not to be missed|not to mention|not unlike|nothing better|nothing if not|\
     nothing new|odds are|of a feather|of course|of one mind|of the same mind|old favorite|old favourite|\
     oldie but goodie|on a par with|on cue|on repeat|on screen|on the back of|on the basis of|on the cards|\
     on the heels of|on the list|on the menu|on the road to|on the strength of|on top of|on your doorstep|\
     on your list|on your radar|once again|once more|once you|one after another|one after the other|\
     one step further|onto something|open and shut case|pack their bags|pack your bags|part of|\
     part of the same family|partial to|peace of mind|peas in a pod|piece of cake|place in the hearts|\
     pop the popcorn|press play|press play on|pride of place|push the right|pushes the right|rain or shine|\
     ready to go|right boxes|right buttons|right notes|right now|right on cue|room for|room in|round the corner|\
     rub shoulders|runs in the family|runs in your family|safe bet|same ballpark|same boxes|same buttons|\
     same cloth|same coin|same family as|same itch|same league|same lines|same notes|same page|same time|\
     same wavelength|say the word|says a lot|says it all|scratch the same itch|scratches the same itch|\
     set alongside|set beside|set for|set for you|set next to|set you up|settle down with|settle in with|\
     shake hands|short hop|short jump|short leap|short list|short step|short title|shoulder to shoulder|\
     shouldn't disappoint|side by side|sides of the same coin|silver screen|similar lines|sink into|\
     sink your teeth into|sit back|small step|smitten with|so long as|so to speak|soft spot|sold on|\
     something new|sooner or later|speak volumes|speaks volumes|spot on|stay home|step further|stone's throw|\
     strike a chord|strikes a chord|struck a chord|struck the right|such a success with you|sweet spot|\
     tailor made|take a chance|take a chance on|take a look|take a seat|take home|take it from|take note|\
     take to|taken by|taken with|than ever|that itch|the big screen|the bill|the case for|the footsteps|the gap|\
     the jury is in|the life of the party|the more the merrier|the most of it|the natural next step|the odds|\
     the one for you|the road|the same again|the same language|the small screen|the time of your life|the usual|\
     the world of|the world over|these days|thirst for|thumb up|thumbs up|tick all the boxes|tick both|\
     tick the same boxes|ticks all the boxes|ticks both|ticks every box|ticks many|ticks the same boxes|\
     time again|time and again|time flies|time well spent|to the fore|to their liking|to your liking|took to|\
     top marks|top of|top of your list|top of your pile|trip to the cinema|two peas in a pod|\
     two sides of the same coin|two thumbs|under their belt|under your belt|up next|up your alley|\
     up your street|warm to|warmed to|well matched|well spent|well suited|well worth|what comes next|\
     whatever else|where to go next|whet your appetite|why not|wild about|win you over|with that in mind|\
     without a doubt|without doubt|won over|won them over|won you over|won't be disappointed|won't disappoint|\
     won't go wrong|won't regret|word of mouth|world of good|worlds apart|worlds meet|worse than|worth a shot|\
     worth betting on|worth the time|worth the trip|worth your time|worth your while|wouldn't be surprised|\
     you and|you'd better";
