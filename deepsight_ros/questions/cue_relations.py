"""Cue phrases I: relations, comparisons, sizes and places. Data; ``cues`` explains it."""

from __future__ import annotations

RELATIONS: dict[str, str] = {
    "left_of": """
        [to|on|at|off to|over to|towards] [the] [far|extreme|immediate] (left|left side|left
        hand|left hand side) of; (left|left hand side|leftwards|leftward) (from|to); to the left
        (from|relative to|with respect to); lefter than
    """,
    "right_of": """
        [to|on|at|off to|over to|towards] [the] [far|extreme|immediate] (right|right side|right
        hand|right hand side) of; (right|right hand side|rightwards|rightward) (from|to); to the
        right (from|relative to|with respect to)
    """,
    "above": "[somewhere] above; over the top of",
    "below": "[somewhere] below",
    "over": "over; (directly|right|straight|vertically) (above|over); hovering over",
    "under": """
        under; underneath; beneath; (directly|right|straight|vertically)
        (below|under|underneath|beneath)
    """,
    "in_front_of": """
        [directly|right|just|straight|out] in front of; in the front of; ahead of; forward of;
        infront of; in fron of
    """,
    "behind": """
        [directly|right|just|straight] behind; in back of; (to|at|in) the (rear|back) of; in the
        back of; to the rear of; hidden (behind|by)
    """,
    "on": """
        [right|directly|sitting|stood|stacked|standing|resting|lying|placed|put|set|balanced|
        piled|perched|supported]
        (on|upon|atop|onto);
        [right|directly|sitting|stacked|standing|resting|lying|placed|put|set|balanced] (on|at)
        [the] top of; (stacked|piled|resting|balanced|supported) (on|by|upon);
        (rest|rests|stand|stands|sit|sits|lie|lies) (on|upon|atop|on top of|on the top of); ontop
        of; (perched|mounted) (on|atop)
    """,
    "inside": """
        [located|contained|held|placed|put] (inside|inside of|in the inside of|within);
        (contained|held) (in|by|within); into
    """,
    "touching": """
        touching; touch; touches; (in|making|make|makes|having|have) [any|direct|physical] contact
        [with]; contacting;
        (resting|leaning|leant|pressed|pushed|propped|lean|leans|right|flush|up) [up] against;
        against; (come|comes|coming) into contact [with]; in touch with; physically (touching|in
        contact with); abutting
    """,
    "next_to": """
        [right|directly|immediately|just] (next to|beside|alongside|adjacent to|adjacent);
        [right|directly] next (to|too); near[by] [to]; near; nearby; [right|very] close to; close
        by [to]; close together; right by; side by side [with]; neighbouring; neighboring; in the
        (vicinity|neighbourhood|neighborhood) of; beside; at the side of
    """,
}
"""Two-place relations of docs/semantics.md; ``between`` is read by the rules."""

COMPARATIVES: dict[str, str] = {
    "taller": "taller; more tall; less short; tallr",
    "shorter": "shorter; less (tall|high); more short; stubbier; squatter; not as tall",
    "higher": "[further|farther] higher [up]; more elevated; further up; farther up",
    "lower": "lower [down]; less elevated; further down; farther down",
    "bigger": """
        bigger; larger; bulkier; more (big|voluminous|bulky|massive); greater; less small; roomier;
        larger in (size|volume); bigger in (size|volume)
    """,
    "smaller": "smaller; tinier; littler; less (big|large|bulky|voluminous); more small",
    "wider": "wider; broader; more (wide|broad); less narrow; fatter",
    "narrower": "narrower; slimmer; more (narrow|slim); less (wide|broad); skinnier",
    "longer": "longer; lengthier; more (long|elongated)",
    "less_long": "less long; not as long",
    "thicker": "thicker; more thick; chunkier; less thin",
    "thinner": "thinner; flatter; more thin; less thick",
    "deeper": "deeper; more deep; less shallow",
    "shallower": "shallower; more shallow; less deep",
    "closer": """
        (closer|nearer) [by|up]; more (near|close); less (far|distant) [away]; not as far [away]
    """,
    "farther": """
        (farther|further|furthr) [away|off|out]; more (far|distant|remote) [away]; less
        (close|near); not as close
    """,
    "left_of": """
        (more|further|farther) [over] [to|towards|on] [the] left [side]; more leftward[s]; further
        leftward[s]
    """,
    "right_of": """
        (more|further|farther) [over] [to|towards|on] [the] right [side]; more rightward[s];
        further rightward[s]
    """,
    "behind": """
        (further|farther|more) [to|towards] [the] (back|behind|rear|backward|backwards);
        (further|farther) back
    """,
    "in_front_of": """
        (further|farther|more) [to|towards|at|in] [the] (front|forward|forwards); more in front;
        further forward
    """,
}
"""Comparatives and the predicate each stands for."""

SUPERLATIVES: dict[str, str] = {
    "taller": "tallest; most tall",
    "shorter": "shortest; least tall",
    "higher": "highest [up]; topmost; uppermost; most elevated",
    "lower": "lowest [down]; lowermost; bottommost; least elevated",
    "bigger": "biggest; largest; bulkiest; most (voluminous|massive|bulky); greatest",
    "smaller": "smallest; tiniest; littlest; least (big|large|bulky|voluminous)",
    "wider": "widest; broadest; most wide; fattest",
    "narrower": "narrowest; slimmest; least wide; skinniest",
    "longer": "longest; lengthiest; most elongated",
    "less_long": "least long",
    "thicker": "thickest; chunkiest; most thick",
    "thinner": "thinnest; flattest; least thick",
    "deeper": "deepest",
    "shallower": "shallowest; least deep",
    "closer": "(closest|nearest) [by]; most (near|close); least (far|distant) [away]",
    "farther": """
        (farthest|furthest|furthermost|farthermost) [away|off|out|apart]; most (distant|remote|far)
        [away]; least close
    """,
    "left_of": """
        leftmost; left most; (furthest|farthest|most) [over] [to|on|towards] [the] left; leftest;
        most leftward
    """,
    "right_of": """
        rightmost; right most; (furthest|farthest|most) [over] [to|on|towards] [the] right; most
        rightward
    """,
    "behind": "rearmost; backmost; hindmost; (furthest|farthest) [to the] (back|behind|rear)",
    "in_front_of": "frontmost; foremost; (furthest|farthest) [to the] (front|forward)",
}
"""Superlatives and the predicate whose extreme each stands for."""

DIMENSIONS: dict[str, str] = {
    "height": """
        tall; high; height; heights; tallness; stature; vertical (extent|size|dimension); [from]
        [its] (top to bottom|bottom to top|base to top|top to base|base to tip|head to toe); from
        [its] (top to|bottom to|base to|foot to) [its] (top|bottom|base|tip|head)
    """,
    "width": """
        wide; width; widths; [from] side to side; [from] (left to right|right to left); sideways
        extent; horizontal (extent|size|dimension); wideness
    """,
    "across": "across; crosswise; from one side to the other; from edge to edge",
    "depth": """
        deep; depth; depths; [from] front to back; [from] back to front; deepness; from [its] front
        to [its] back; front to rear
    """,
    "length": """
        long; length; lengths; [from] end to end; from one end to the other; [from] tip to tip;
        (long|longer|longest) (side|edge|dimension|axis); lengthwise; lengthways
    """,
    "breadth": """
        broad; breadth; (short|shorter|shortest|narrow|narrower|narrowest) (side|edge|axis); narrow
        (dimension|way)
    """,
    "thickness": """
        thick; thickness; (thinnest|smallest|least|shortest|minimum|flattest)
        (dimension|extent|measurement); thin
    """,
    "diameter": "diameter; diameters; [big|far] around is it across; calibre",
    "volume": """
        volume; volumes; voluminous; cubic (size|content|volume|capacity); bulk; capacious;
        (take|takes|taking) up; (occupy|occupies|occupying|occupied); spatial volume
    """,
    "size": "big; large; size; sizes; dimensions; dimension; measurements; small",
    "top": """
        (reach|reaches|reaching|extend|extends|stick|sticks|come|comes) [up] [to] [how] (high|up);
        high (up|off); [how] far up; (reach|reaches|reaching|rise|rises|rising|extending) up;
        (rise|rises); [at] what (height|level|elevation) (is|does) the (top|highest point|highest
        part|upper end) of; [the] (top|tip|highest point|highest part|upper edge|upper
        end|summit|top end|very top) of; topmost point of; elevation; above ground level;
        (peak|top) height; tops out; 's (top|top side|upper side|upper edge|highest point|tip)
    """,
}
"""Words of each size, one entry per quantity (``across``: width; ``size``: all of them)."""

PLACES: dict[str, str] = {
    "left": """
        [over|off|away] (to|on|at|in) [the|your|my|our] [far|extreme|immediate] (left|left
        side|left hand|left hand side); left hand; left
    """,
    "right": """
        [over|off|away] (to|on|at|in) [the|your|my|our] [far|extreme|immediate] (right|right
        side|right hand|right hand side); right hand; right
    """,
    "back": """
        (at|in|to|towards|on) [the] [very|far] (back|rear|backside|far end|far side); in back; in
        the background; [at|to] the rear; farther back; further back; at the far (end|side)
    """,
    "front": """
        (at|in|to|towards|on) [the] [very] (front|near side|near end|foreground); in front; up
        front; at the near (end|side); out front
    """,
    "middle": "(in|at) [the] [very] (middle|centre|center); in the mid",
    "top": "(on|at|to) [the] [very] top; at the very top; up top; upstairs; up high",
    "bottom": "(on|at|to) [the] [very] bottom; at the very bottom; down low",
    "from_left": "from [the|your|my] left [side|hand side]; counting from left [to right]",
    "from_right": "from [the|your|my] right [side|hand side]; counting from right [to left]",
    "from_front": "from the front; [counting] from the front",
    "from_back": "from the (back|rear); [counting] from the back",
}
"""Where a thing is among its like, as a phrase behind its noun."""
