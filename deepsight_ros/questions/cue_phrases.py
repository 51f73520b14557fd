"""Cue phrases II: everything but relations, comparisons, sizes and places. Data only.

``cues`` explains the notation.
"""

from __future__ import annotations

OTHERS: dict[str, str] = {
    "DIST": """
        far [away|off|apart]; distance; distances; distant; gap; spacing; space; separation;
        separated; separates; separate; separating; clearance; room; apart; away; spaced [apart];
        spread; far out; distanced; legroom; elbow room; interval; offset; range; proximity;
        closeness; leeway; margin; gaps; gap size; clearing; what (would|does|will) (a|the|my)
        (tape measure|measuring tape|ruler|tape) (read|show|say|give|measure); air gap; air;
        daylight; empty
        space; free gap; span; stretch; breathing room; (surface|edge) (distance|gap)
    """,
    "how DIST": """
        how (close|near) [together|by]; how (much|many) (space|room|clearance) [is|are] [there]
        [left]
    """,
    "SURFACE DIST": """
        (shortest|smallest|minimum|minimal|least|closest|nearest|direct)
        (distance|gap|separation|clearance|spacing|path|route|way)
    """,
    "SURFACE": """
        [from] (surface|edge|side|face|rim|skin|wall) to (surface|edge|side|face|rim|skin|wall);
        (closest|nearest) (points|point|edges|surfaces|parts|sides|faces); minimum; minimal; at
        [its|their] (closest|nearest|narrowest) [point]; (surfaces|edges) of; between [the]
        (surfaces|edges|sides|faces) of; facing; (closest|nearest)
        (points|edges|surfaces|sides|faces) of
    """,
    "CENTRE": """
        [from] (centre|center|middle|midpoint|mid point) to (centre|center|middle|midpoint|mid
        point); (centres|centers|middles|midpoints|mid points|centroids|center points|centre
        points); centroid to centroid; (centre|center) (distance|separation); (centered|centred)
    """,
    "ONE_CENTRE": "centre; center; middle; midpoint; centroid; center point; centre point; core",
    "MEAN": """
        (mean|average) nearest [neighbour|neighbor|point|neighbours|neighbors]; (mean|average) [of
        the] (nearest|closest) [point|points|neighbour|neighbor] [of]; chamfer; mean nearest
        neighbour
    """,
    "HORIZONTAL": """
        horizontal; horizontally; along the (ground|floor|table|tabletop|surface|desk|plane); in
        the (horizontal|ground) plane; (ground|planar|floor) (distance); on the ground plane;
        ignoring [the|their|any] (height|heights|height difference|vertical offset); in plan
        [view]; (measured|seen) from above; as seen from above; parallel to the
        (ground|floor|table); in the plane; over the ground; level
    """,
    "VERTICAL": """
        vertical; vertically; in elevation; up and down; along [the] z; z axis; in [the]
        (vertical|z) direction; height wise; heightwise; in vertical terms
    """,
    "BETWEEN": """
        between; left between; in between; inbetween; betwixt; in the (space|gap) between; amid
    """,
    "EACH": "each other; one another; eachother",
    "REACH": """
        (come|comes|coming|go|goes) up to; (come|comes|coming) to;
        reach; reaches; reaching; reached; arrive at
    """,
    "ORD_2": "second; 2nd; next",
    "ORD_3": "third; 3rd",
    "CLOCK": """
        [at|in|on] [what|which] clock [face] [position|direction|hour|bearing]; oclock; clock;
        clockface; clock face; hour; bearing; hour hand; (clock|hour) hand; by the clock; on a
        clock [face]; on the clock [face]; as a clock [face] [position]; direction; which way; what
        way; heading; as the hour of a clock; o clock; whereabouts on a clock face
    """,
    "CENTRE CLOCK": "[the] (centre|center|middle) of (a|the) (clock|dial|clock face|clockface)",
    "MOVE": """
        move; moves; moving; travel; travels; drive; drives; driving; go; going; advance; advances;
        advancing; roll; proceed; proceeds; step; walk; progress; extend; extended; stretch; push;
        pushed; pushing; slide; slides; sliding; creep; nudge; traverse; steer; cruise; continue;
        approach; moved; driven; reach forward; run; keep going; shift; reach out; head; inch
        forward; keep driving; keep moving; poke; plough; shove; (stick|stretch|push|reach|extend)
        out; stick; (go|keep|carry|move) on; (can|could) (i|we|you|it) get
    """,
    "AHEAD": """
        ahead; forward; forwards; [straight|dead|directly|right|immediately] ahead; straight on;
        straight forward; straightforward; in front; [directly|straight|right] in front;
        frontwards; onward; onwards; in (its|the|that|this) (heading|direction) [of travel]; along
        its (axis|heading|direction); in the direction it is (pointing|facing|heading); straight;
        directly in front; up ahead; in its path; out front
    """,
    "HIT": """
        hit; hits; hitting; collide; collides; colliding; collision; collisions; crash; crashes;
        crashing; bump; bumps; bumping; bump into; bumping into; strike; striking; strikes;
        (run|runs|running|bang|banging|knock|knocking|crash|crashing|bumps|collide|collides|ram|
        ramming)
        (into|against|over); obstruction; obstructions; obstructed;
        (meet|meets|meeting|encounter|encounters|encountering|reach|reaching) (an
        obstacle|something|anything|a surface|an object|any obstacle|a wall|resistance); blocked;
        block; blocks; blocking; in the way; stop; stops; stopping; obstacles; obstacle; clash;
        getting stuck; knocking; contact; making contact; impact; stuck; having to stop; being
        blocked; being stopped; interference; (gets|get) in the way; ram; ramming; bang; banging;
        scrape; scraping
    """,
    "FREE DIST": "(free|clear|open|empty) (space|room|distance|travel|clearance|stretch)",
    "FREE": """
        free; clear; unobstructed; unblocked; empty; path; way; route; headway; coast; passage;
        headroom; drivable; safe; safely; unhindered; freely;
        road; aisle; lane; track; corridor; runway; stopping distance; obstacle free;
        collision free
    """,
    "BEFORE": "before; until; till; without; prior to; so as not to",
    "GRASP": """
        grasp; grasps; grasping; grip; grips; gripping; grab; grabs; grabbing; pinch;
        (pick|picks|picking) [it|them] up; (pick|picks|picking) up; (lift|lifting) [up]; hold;
        holds; holding; clamp; clutch; seize; (take|get|taking|getting|close|closing|reach) [a|its]
        [hold] (around|of|round|onto|on); wrap around; wrap; (open|opens|opening|opened)
        [wide|wider|up|out]; [max|maximum] (opening|openings|stroke); opens;
        (opening|grasp|grip|grasping|gripping|jaw) (width|size); graspable; grippable; clasp;
        squeeze; catch; spread; grasped; gripped; grabbed; picked up; straddle; take; envelop;
        enclose; handle; accommodate; (a|the|its) grasp
    """,
    "FIT": """
        fit; fits; fitting; fitted; (big|wide|large|roomy) enough;
        (small|thin|narrow|short|slim|low|tiny) enough; pass; suitable; squeezed; put; placed;
        insert; inserted; slip; accommodated; slot; enough (space|room|clearance|place); sufficient
        (space|room|clearance); enough; sufficient; suffice; suffices; adequate; park
    """,
    "THROUGH": "through; opening; doorway; hole; slot; aperture; gateway; thru",
    "EXIST": """
        (is|are) there; (is|are) there (any|some); there (is|are); exist; exists; (do|can|could)
        (you|we|i) (see|spot|detect|find|recognise|recognize|make out|perceive|notice);
        (have|has|had) (you|we|i) got; (do|does) (you|we|i) have; does [the]
        (scene|picture|image|view|table) (contain|have|show|include); can [you|we]
        (see|spot|detect|find); (is|are) (you|we) seeing; spot; any sign of; do (you|we|i) see;
        (does|do) [it|we|they] exist; (is|are) [the] [following] (present|visible)
    """,
    "COUNT": """
        how many; [total] number of; count [of|up]; (the|a) [total] count of; amount of; quantity
        of; how many of; how much of; numbers of; tally; tell the number of
    """,
    "WHERE": """
        where; where abouts; whereabouts; locate; location; position; where about; in what
        (place|location|position|spot); in which (place|location|position|spot); wheres
    """,
    "SAME": """
        [exactly|about|roughly|just|nearly] the same; same; equal; equally; identical; equals;
        match; matching; alike; identically
    """,
    "SAME DIM_height": "[just|exactly|about] (as|equally) (tall|high) [as]",
    "SAME DIM_width": "[just|exactly|about] (as|equally) (wide|broad) [as]",
    "SAME DIM_length": "[just|exactly|about] (as|equally) long [as]",
    "SAME DIM_depth": "[just|exactly|about] (as|equally) deep [as]",
    "SAME DIM_thickness": "[just|exactly|about] (as|equally) thick [as]",
    "SAME DIM_size": "[just|exactly|about] (as|equally) (big|large) [as]",
    "SAME DIST": "[just|exactly|about] (as|equally) (far|close|near|distant) [away] [as]",
    "SUPPORTS": """
        support; supports; supporting; (hold|holds|holding) up; (carry|carries|carrying); bears;
        bearing; bear
    """,
    "CONTAINS": "contain; contains; containing",
    "than": """
        than; compared (to|with); in comparison (to|with); relative to; against that of; then that
        of; over that of; in relation to; with respect to; when compared (to|with); comparing with
    """,
    "THAT": "that of; the one of; those of",
    "MOST": "most; maximum; maximal; max",
    "LEAST": "least",
    "MORE": "more; beyond; past",
    "MORE than": "exceed; exceeds; exceeding; surpass; surpasses",
    "LESS": "less; fewer",
    "GE": """
        at least; no (less|fewer|shorter|smaller|narrower|closer) than; not less than; a minimum
        of; minimum of; at minimum; as (much|many|far|tall|wide|long|high) as; or
        (more|longer|taller|higher|wider|further|farther|bigger|greater|over|above)
    """,
    "LE": """
        at most; no (more|greater|further|farther|taller|wider|longer|bigger|higher|larger) than;
        not more than; up to; a maximum of; maximum of; at maximum; at the most; or
        (less|shorter|closer|smaller|fewer|under|below|lower); not exceeding; limit of
    """,
    "ABOUT": """
        about; roughly; approximately; approx; circa; ca; nearly; almost; close on; some;
        like; ~
    """,
    "AROUND": "around",
    "SHAPE": "round; square; rectangular; circular; cylindrical; spherical; flat; curved",
    "EXACTLY": "exactly; precisely; just",
    "DIFFERENCE": "difference; differ; differs; different; disparity; delta",
    "DOUBLE": "twice; double; half; triple; times; thrice; percent; %; ratio; third of",
    "is": "is; are",
    "or": "or [else|rather|instead|maybe|is it|perhaps]",
    "and": "and; as well as; plus; along with; together with",
    "vs": "vs; versus",
    "which": "which; who; which one; which ones; whose; what one; which thing",
    "not": "not; never",
    "PART": """
        (edge|edges|side|sides|corner|corners|rim|handle|base|bottom|front|back|surface|tip|end|
        ends|foot|leg|legs|top|left
        edge|right edge|lip|lid|rear|face|faces|point|underside|tops|bottoms) of; edge; edges;
        corner; corners; rim; handle; lid; underside; tip; surfaces; base; bottoms; tops; bottom;
        top; opposite
    """,
    "ASIDE": """
        backwards; backward; sideways; upwards; upward; downwards; downward; leftwards; rightwards;
        in reverse; reverse; (turn|rotate|spin|swing) [left|right|around]; diagonally; diagonal
    """,
    "OUTSIDE": "except [for]; besides; excluding; other than; but not; apart from; aside from",
    "IF": """
        suppose; supposing; imagine; assume; assuming; pretend; if; unless; hypothetically; what if
    """,
    "PAST": """
        was; were; did; had; will be; yesterday; earlier; previously; ago; used to; tomorrow;
        later; been; after
    """,
}
"""Cue -> phrases."""

CAMERA = """
    [the|your|my|our|this|a] (camera|cameras|lens|sensor|viewer|observer|robot|rgbd camera|rgb d
    camera|depth camera|camera lens|depth sensor|optical centre|optical center|viewpoint|camera
    position|camera origin|robot camera|robot base|base link|vantage point|robot body|depth
    cam|cam); (your|my|our) (seat|position|location|place|side|self|end|spot|standpoint|lens|
    viewing
    position|eyes); where (i|we|you) (am|are|stand|sit) [standing|sitting|located|looking]; where
    (i|we|you) [currently|now] (stand|sit|are); where [the|your] (camera|robot) (is|stands|sits);
    this (position|place|spot)
"""
"""The viewer; see also ``VIEWER_PRONOUNS``."""

VIEWER_PRONOUNS = frozenset({"me", "us", "you", "here", "myself", "yourself", "ourselves"})
VIEWER_AFTER = frozenset({"from", "to", "of", "between", "and", "than", "or"})
"""The pronouns are the viewer behind these words; elsewhere they are padding."""

VIEWS = """
    [as] (seen|viewed|judged|looked at) (from|by) (me|us|you|here|the camera|the robot|your side|my
    side|your position|this side|where you are|where i am|the viewer|your camera|the sensor); [as]
    (you|i|we|the camera|the robot) (see|sees|look at) (it|them|things|that|the scene); from
    (my|your|our|the|this) [camera|own|robot|current|viewer|present] (point of
    view|viewpoint|perspective|view|angle|vantage point|standpoint|side|viewing angle|pov); from
    [the] (camera|robot|viewer|sensor) (point of view|viewpoint|perspective|view|pov); from the
    (camera|robot|viewer|sensor) 's (point of
    view|viewpoint|perspective|view|angle|side|position|pov); in (my|your|our|the) (view|field of
    view|opinion|eyes); looking from (here|the camera|where you are|your side|my side); (from|in)
    (camera|viewer|robot) (view|perspective); [seen|viewed] from where (you|i|we)
    (are|stand|sit|look) [standing|sitting|looking]; to (my|your) eye
"""
"""The viewer's point of view: the default already, so it is padding."""

FILLERS = """
    [or] [is it] the other way (around|round); points; pointing;
    's (point of view|perspective|viewpoint|position);
    (be|am|would be) (grateful|glad|happy|thankful) (for|if|to); (trouble|bother) you for;
    dear system;
    (hey|hi|hello|dear|please|pls|plz|kindly|thanks|thank|thx|ta|cheers|um|uh|erm|hmm|hm|er|oh|ah|
    yo|eh|huh|wow|great|cool|nice|lol|yes|no|yeah|yep|nope|ok|okay|so|well|sorry|pardon|sir|mate|
    dude|buddy|folks|guys|assistant|deepsight|friend|sure|surely|alright|morning|afternoon|
    evening|good|excuse);
    (i|we|you|they|them|it|its|their|he|she|his|her|my|your|our|own|such|the|a|an|this|these|
    those|that|any|there|one|ones|two|both|either|whether|all|every|each|else|being|be|am|will|
    would|could|should|shall|may|might|must|can|has|have|having|let|us|me|itself|themselves);
    (tell|say|ask|asking|give|show|know|check|confirm|verify|state|report|determine|estimate|
    calculate|compute|measure|measured|measures|measuring|measurement|find|work|figure|evaluate|
    output|print|return|answer|judge|see|look|looking|looks|examine|inspect|read|reads|reading|
    specify|describe|assess|provide|name|identify|list|compare|guess|explain|want|wants|wanted|
    wanna|need|needs|needed|necessary|obtain|quantify|tell|help|learn|hear|understand|think|
    thought|believe|reckon|suppose|claim|bet|feel|suspect|wonder|wondering|wondered|curious|
    interested|trying|try|hoping|hope|plan|intend|mean|wish|like|love|care|mind|happen|happens|
    seem|seems|appear|appears|sounds|sure|certain|unsure|confident|guessing|told|require|requires|
    required|got|idea|question|value|number|figure|result|amount|estimation|answer|opinion|sense|
    agree|pick|choose|point|possible|fair|true|correct|accurate|accurately|correctly|rough|
    approximate|precise|exact|rounded|units|unit|metric|imperial|use|using|used|expressed|reply|
    respond|converted|decimal|numbers|case|wanting|does|allow|allows|available|currently|actually|
    really|presently|now|today|maybe|perhaps|possibly|probably|apparently|clearly|definitely|
    simply|truly|very|quite|rather|slightly|somewhat|considerably|significantly|noticeably|indeed|
    basically|essentially|literally|honestly|also|too|though|still|yet|already|even|only|ever|
    again|anyway|instead|overall|altogether|mutually|respectively|together|physically|visibly|
    obviously|supposedly|actual|real|directly|immediately|total|quickly|quick|able|worth|
    regarding|concerning|considering|given|visible|shown|present|pictured|seen|detected|displayed|
    standing|sitting|resting|rests|rest|located|placed|lying|positioned|situated|found|set|kept|
    stood|seated|put|laid|stands|stand|sits|lies|sat|sit|lie|because|since|while|whilst|currently|
    resulting|respective|roughly|total|much|bit|lot|little|slight|out|up|down|over
    there|somewhere|anywhere|possibly|preferably|ideally|just|immediate|simple|simply|truth|fact|
    hopefully|fyi|btw|asap|here|urgently|guys|kind|sort|type|terms|minute|moment|myself|involved|
    certainly|positively|totally|completely|fully|entirely|barely|scarcely|hardly|relatively|
    visually|footprint|anywhere|another|pick|call|calls|get|gets|getting|carefully|properly|
    expect|say|says|said|saying|telling|checking|calculating|estimating|determining|knowing|
    comparing|judging|following|listed|mentioned|named|called|labelled|labeled|those|lies|hang|
    hangs|hanging|
    leave|leaves|show|shows|stay|stays|exist
    between|remains|remain|remaining|do|make|makes|side by side|gives|takes|take);
    (hey|hi|hello|dear|ok|okay|thanks|thank you|please|morning|sorry)
    (robot|camera|deepsight|computer); (thank you|much appreciated|in advance|by the way|out of
    curiosity|for (reference|the record)|at present|right now|at the moment|to be
    (exact|precise)|more or less|or so|give or take|in fact|of course|no doubt|in total|in all|all
    in all|in general|as the crow flies|in terms of|when it comes to|in question|sort of|as (it
    is|is|for|regards|far as you can (see|tell|judge))|so far|speaking of|straight line|in a
    straight line|like that|too much|good enough|as (seen|visible)|by any chance|by chance|for
    example|once (again|more)|one more (time|thing)|on average sized|one question|quick question|i
    am told|for (me|us)|next up|next question|at all|this time|at a time|if any|and why|or not|on
    hand|to hand|at hand|thing is|point is|just to be sure|to be sure|in your
    (estimation|opinion)|to scale|in reality|in real life|in numbers|as a number|just the number);
    if (possible|you can|you could|you may|you please|you know|you do not mind|you would|need
    be|so|i may|i am not mistaken|i am right|i see it (right|correctly)|you do not mind me
    asking|you had to guess);
    (tell|give|show|let|ask|help|get|hand|provide|send|read|telling|giving|remind|inform|for|with|
    to|mind)
    (me|us); (seems|appears|looks|sounds|seem|occurs) to (me|us); [if|whether] (i|we|you)
    (want|wanted|need|needed|wish|would like|had|have|were|was|try|tried|am|are) to; [if|when]
    (i|we|you) (measured|put|held|ran|used) (a|the) (tape measure|measuring tape|ruler);
    (in|within) (the|this|your|our|my) (scene|picture|image|view|frame|photo|shot|workspace|field
    of view|area|environment|video|room); (in|within|into) (view|sight|here|there); out (here|
    there);
    over (here|there); around (here|there|us|you); on (the|this|your) (screen|image|picture|photo);
    of the (two|pair|three|bunch|lot|four|set); of (them|these|those) [two|three|all]; out of
    (the|these|those) (two|pair|three); (all|both) of (them|these|those); out of
    [them|these|those]; of the following; (among|amongst) [them|these|those|all]; (these|those|the)
    two; the pair; true or false; yes or no; nearest whole; in whole; left over;
    (tell|ask|know|check|see|say|confirm|verify|wondering|determine|state|judge|out|sure) [me|us]
    (if|whether); [and] (looking|facing|turned) away from (the camera|me|you|us|here); facing
    forward; that (you|we|i) [can] see; you can see; can be seen; correct me if i am wrong [but];
    if i am not wrong; what do you (think|say|reckon|guess); what (can|could) you (tell|say); is it
    me or; does it (look|seem); is it (true|correct|right|the case|so|accurate|possible|fair)
    (that|to say|to say that); is it (true|correct|accurate|the case); am i (right|correct)
    [that|in|thinking|saying|to say|to think]; would it be (right|correct|fair|true) to say [that];
    can i assume [that]; i
    (assume|presume|imagine|figure|gather|note|notice|noticed|see|saw|heard|was told|was wondering)
    [that]
"""
"""Padding: dropped before a question is read."""

TAGS = """
    am i (right|correct|wrong|mistaken) [about|in|on|with] [that|this|it] [or not]; is
    (that|this|it) (right|correct|true|so|not so|accurate|the case|a fact|wrong|false|fair);
    (right|correct|true|yes|no|agreed|agree|ok|okay|huh|eh|innit|true or false|yes or no|or
    not|right or wrong|or am i wrong|or am i mistaken|surely|confirm|correct me|or is it not|do you
    agree|would you agree|y n|y / n|is that right|can you confirm|can you confirm that|could you
    confirm|please confirm|or what|or is it); (is|are|does|do|has|have|was|can|could|would)
    (it|they|he|she|that|there|we) [not]; (is|are|does|do|has|have|was|can|could|would) not
    (it|they|he|she|that|there|we); (could|can|would|will) you (check|confirm|verify)
    [that|this|it] [for me|please]; what do you (think|say); is my
    (guess|assumption|claim|statement|impression) (right|correct|true); correct or not; true or
    not; do i have that right; have i got that right; please (check|verify); that is
    (right|correct); no ?; tell me if (that is|i am) (right|correct|wrong); is that how it is
"""
"""Ends that turn a statement into a yes/no question."""

SUBJECTS_OF_VIEW: tuple[tuple[str, str], ...] = (
    ("(am i|are we|are you|is your|is my) [currently|now|standing|sitting|located]", "is <c>"),
    ("(i am|we are|you are) [currently|now|standing|sitting|located]", "<c> is"),
    ("do (i|we|you) stand", "is <c>"),
)
"""The asker or the robot as the subject: the viewer."""
