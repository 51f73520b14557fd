# ruff: noqa: E501 - one pattern a line reads better than one broken over lines
"""Embedded planner: no server, a stated family of tasks, many wordings.

A task's words are matched against the patterns of each family; the first that fits works it out.
What no family knows is asked of the catalogue as one question; what that does not know either is
UNSUPPORTED, in words that name the families.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from deepsight_ros.reasoning.context import Context
from deepsight_ros.reasoning.families import fit, layout, sets
from deepsight_ros.reasoning.toolbox import Toolbox
from deepsight_ros.reasoning.values import Decision, Finding, StoppedError
from deepsight_ros.reasoning.wording import wording
from deepsight_ros.scene.answer import Answer, Status

Work = Callable[[Context], Finding]

FAMILIES = (
    "fit (does the box fit between the mug and the bowl? on the tray? in the crate? can an 8 cm "
    "gripper grasp it?), reach (what should be moved to reach the can?), order (put the objects "
    "in order of height; what falls first?), arrange (do the cans fit side by side in 40 cm?), "
    "compare (is the gap between a and b larger than between c and d? is a twice as tall as b?), "
    "shape (do the cans form an isosceles triangle? a line?), clearance (are there 5 cm of room "
    "around the bottle? can a 50 cm robot pass between the chairs?)"
)

_MAY = r"(?:does|do|will|would|can|could|might|should|may|is it so that)"
_FITS = (
    r"(?:fit|fits|go|goes|pass|passes|squeeze|slide|slip|stand|slot|"
    r"be (?:placed|put|set|pushed|moved|squeezed))"
)
_BETWEEN = r"(?:in |into |through )?(?:the (?:gap|space|room|opening|place) )?(?:in )?between"
_GRIPPER = (
    r"(?:the |a |an |my |our |this )?(?:#\d+ (?:wide )?)?(?:robot(?:'s)? |parallel |two finger )?"
    r"(?:gripper|hand|jaws?|end effector|robot|arm)"
)
_GRASP = (
    r"(?:grasp|grip|grab|hold|clamp|lift|take|pick up|pick|close on|close around|get hold of|get)"
)
_REACHING = (
    r"(?:reach|get (?:to|at)|access|grab|grasp|take|touch|pick up|approach|retrieve|fetch|get)"
)
_MOVING = r"(?:move|clear|remove|push|take|shift|get|put)"
_MOVED = r"(?:moved|cleared|removed|pushed|taken|shifted|put)"
_AWAY = r"(?: away| aside| out of the way| off| first)*"
_OPENING = r"(?: ?(?:with |of |that opens |which opens |opening |an |a |up to )*#\d+(?: ?(?:opening|wide|stroke|jaw|max|maximum))*)?"

_SOURCES: tuple[tuple[str, str, Work], ...] = (
    # clearance
    ("clearance", rf"{_MAY} (?P<a>.*\b(?:robot|cart|rover|gripper|hand|arm|base|agv|drone)\b.*?) (?:pass|drive|move|go|fit|get|squeeze|travel|navigate) (?:through )?{_BETWEEN} (?P<b>.+?) and (?P<c>.+?)(?: if it is .+| when .+)?", fit.passing),
    ("clearance", r"(?:is|are) there (?:at least |enough |about )?#\d+ (?:of )?(?:free )?(?:room|space|clearance|air) (?:all )?(?:around|round) (?P<a>.+)", fit.around),
    ("clearance", r"does (?P<a>.+?) have (?:at least )?#\d+ (?:of )?(?:free )?(?:room|space|clearance) (?:all )?(?:around|round)(?: it)?", fit.around),
    ("clearance", r"is there (?:enough )?(?:free )?(?:room|space|clearance) (?:for .*#\d+.*?)? ?(?:all )?(?:around|round) (?P<a>.+)", fit.around),
    ("clearance", r"is (?P<a>.+?) (?:at least )?#\d+ (?:away |clear )?(?:from|of) (?:everything(?: else)?|anything(?: else)?|all (?:the )?others?(?: objects| things)?|every other (?:object|thing)|its neighbou?rs|the (?:others|rest))", fit.around),
    ("clearance", r"how much (?:free )?(?:room|space|clearance) is there (?:all )?(?:around|round) (?P<a>.+)", fit.around),
    ("clearance", r"how much (?:free )?(?:room|space|clearance) does (?P<a>.+?) have(?: around it)?", fit.around),
    # arrange
    ("arrange", rf"{_MAY} (?P<s>.+?) (?:all )?(?:{_FITS}|be lined up|line up) (?:side by side|next to each other|beside each other|in a row|abreast) {_BETWEEN} (?P<pair>.+ and .+)", sets.side_by_side),
    ("arrange", rf"{_MAY} (?P<s>.+?) (?:all )?(?:{_FITS}|be lined up|line up) (?:side by side|next to each other|beside each other|in a row|abreast) (?:in|on|within|along|into|across|over) (?P<b>.+)", sets.side_by_side),
    ("arrange", rf"{_MAY} (?P<b>#\d+.*?) (?:hold|take|be enough for|suffice for) (?P<s>.+?) (?:side by side|next to each other|in a row)", sets.side_by_side),
    ("arrange", r"(?:how (?:tall|high) (?:would|will|is|are) (?:be )?(?:the |a )?(?:stack|tower|pile) of (?P<s>.+?)(?: be)?|how (?:tall|high) (?:would|will|are|is) (?P<s2>.+?)(?: be)? (?:when |if )?(?:stacked|on top of each other)(?: up| on each other| on top of each other)?)", sets.stack),
    ("arrange", rf"{_MAY} (?:the |a )?(?:stack|tower|pile) of (?P<s>.+?) be (?P<more>taller|higher|shorter|lower) than (?P<b>.+)", sets.stack),
    ("arrange", rf"{_MAY} (?P<s>.+?),? (?:when |if )?stacked(?: up| on each other| on top of each other)?,? be (?P<more>taller|higher|shorter|lower) than (?P<b>.+)", sets.stack),
    ("arrange", rf"{_MAY} (?P<s>.+?),? (?:when |if )?stacked(?: up| on each other| on top of each other)?,? (?P<more>fit (?:under|below)) (?P<b>.+)", sets.stack),
    ("arrange", r"(?:in )?(?:which|what) order (?:should|could|can|must|do) (?:i |we |you )?(?:stack )?(?P<s>.+?)(?: be)?(?: stacked| go on top of each other)?", sets.stack_order),
    ("arrange", r"how (?:should|can|would|do) (?:i|we|you) stack (?P<s>.+)", sets.stack_order),
    # fit
    ("fit", rf"{_MAY} {_GRIPPER} ?(?P<o>(?:(?:(?! between ).)*#\d+(?:(?! between ).)*?)?) ?(?:be able to )?{_GRASP} (?P<a>.+?)(?P<tail> (?:with|if|when|having|given|at|using) .*#\d+.*)?", fit.grasp),
    ("fit", r"(?:is|are) (?P<a>.+?) (?:small|narrow|thin|slim) enough (?:for|to (?:fit|be (?:grasped|gripped|held|taken|picked up)) (?:in|into|by)) (?P<o>.*(?:gripper|jaw|hand|opening).*)", fit.grasp),
    ("fit", rf"{_MAY} (?P<a>.+?) (?:be (?:grasped|gripped|held|picked up) (?:by|with|using)|fit (?:in|into|inside|between)) (?P<o>.*\b(?:gripper|jaws?|fingers|hand)\b.*)", fit.grasp),
    ("fit", rf"{_MAY} (?P<a>.+?) {_FITS} {_BETWEEN} (?P<b>.+?) and (?P<c>.+)", fit.between),
    ("fit", rf"{_MAY} (?P<a>.+?) {_FITS} (?:through|into|in) the (?:gap|space|opening|room) (?:of|from|left by|that separates) (?P<b>.+?) (?:and|to) (?P<c>.+)", fit.between),
    ("fit", r"is there (?:enough |any |still )?(?:room|space|a gap large enough|place) (?:on .+? )?(?:for|to (?:put|place|fit|set)) (?P<a>.+?) (?:on .+? )?(?:in )?between (?P<b>.+?) and (?P<c>.+)", fit.between),
    ("fit", r"is there (?:enough |any |still )?(?:room|space|place) (?:on .+? )?between (?P<b>.+?) and (?P<c>.+?) (?:for|to (?:put|place|fit|set)) (?P<a>.+?)(?: there| in| down)?", fit.between),
    ("fit", r"is (?:the )?(?:gap|space|room|opening|distance) (?:in )?between (?P<b>.+?) and (?P<c>.+?) (?:large|wide|big|broad|long)(?: enough)? (?:enough )?(?:for|to (?:take|hold|fit|accommodate)) (?P<a>.+)", fit.between),
    ("fit", rf"(?:can|could|may) (?:i|we|you|one|the robot) (?:put|place|fit|squeeze|slide|set|push|pass|move) (?P<a>.+?) {_BETWEEN} (?P<b>.+?) and (?P<c>.+)", fit.between),
    ("fit", rf"(?:{_MAY} (?P<a>.+?) {_FITS}|(?:can|could|may) (?:i|we|you|one|the robot) (?:put|place|fit|set) (?P<a2>.+?)) (?:under|below|underneath|beneath) (?P<b>.*#\d+.*)", fit.under),
    ("fit", rf"(?:{_MAY} (?P<a>.+?) {_FITS}|(?:can|could|may) (?:i|we|you|one|the robot) (?:put|place|fit|set) (?P<a2>.+?)) (?:on top of|onto|upon|on) (?P<b>.+)", fit.on_top),
    ("fit", rf"(?:{_MAY} (?P<a>.+?) {_FITS}|(?:can|could|may) (?:i|we|you|one|the robot) (?:put|place|fit|set) (?P<a2>.+?)) (?:inside of|inside|into|in|within) (?P<b>.+)", fit.inside),
    ("fit", r"is (?P<b>.+?) (?:large|big|wide|broad) enough (?:for|to (?:hold|take|carry|support)) (?P<a>.+)", fit.on_top),
    ("fit", r"is there (?:enough )?(?:room|space) (?:for|to (?:put|place)) (?P<a>.+?) on (?:top of )?(?P<b>.+)", fit.on_top),
    ("fit", r"is there (?:enough )?(?:room|space) (?:for|to (?:put|place)) (?P<a>.+?) (?:inside|in) (?P<b>.+)", fit.inside),
    # reach
    ("reach", rf"(?:what|which(?: of the)? (?:objects?|things?|items?|ones?)|what (?:objects?|things?|items?)) (?:should|must|needs? to|has to|have to|would have to|do i have to|do we have to|do you have to|do i need to|do we need to|should i|should we|must i|must we|can i|could i) ?(?:i |we )?(?:be )?(?:{_MOVED}|{_MOVING}){_AWAY} (?:in order to|to be able to|to|before i can|before we can|so that i can|so that we can|so i can|for the (?:robot|gripper) to|so that the (?:robot|gripper) can) {_REACHING} (?P<a>.+)", layout.in_the_way),
    ("reach", rf"(?:to|in order to) {_REACHING} (?P<a>.+?),? (?:what|which (?:objects?|things?)) (?:should|must|needs? to|has to|have to|do i have to|do i need to|should i|must i) ?(?:i |we )?(?:be )?(?:{_MOVED}|{_MOVING}){_AWAY}", layout.in_the_way),
    ("reach", r"(?:what|which (?:objects?|things?)) (?:is|are|stands?|lies?|gets?) in the way (?:of|to|when i|if i|for) ?(?:the )?(?:reach(?:ing)? (?:for )?|grasping |getting (?:to|at) |grabbing |gripper reaching )?(?P<a>.+)", layout.in_the_way),
    ("reach", r"(?:what|which (?:objects?|things?)) (?:blocks?|obstructs?|is blocking|is obstructing|are blocking) (?:the (?:way|path|access) (?:to|towards) |access to |the gripper from reaching )?(?P<a>.+)", layout.in_the_way),
    ("reach", rf"{_MAY} {_GRIPPER} ?(?:{_OPENING})? ?(?:reach|get to|get at|access) (?P<a>.+?)(?: directly| without moving (?:anything|something)(?: else)?| freely| as (?:it|things) (?:is|are))?", layout.reachable),
    ("reach", rf"can (?:i|we|you) {_REACHING} (?P<a>.+?) without moving (?:anything|something)(?: else)?", layout.reachable),
    ("reach", r"is (?:the )?(?:way|path|access) to (?P<a>.+?) (?:free|clear|open|unobstructed)", layout.reachable),
    ("reach", r"is (?P<a>.+?) (?:reachable|accessible|within reach)(?: (?:for|by|without|from) .+)?", layout.reachable),
    # order
    ("order", r"(?:which|what)(?: of)?(?: the)? ?(?P<s>(?:objects?|things?|items?|[a-z ]+?))? ?(?:could|would|will|might|can|may|is going to|is (?:most )?likely to|is most likely to|should) (?P<verb>fall|tip|topple|tumble|drop|slide|slip|fall down|come)(?P<how> off| over| down| from .+)?(?: first| soonest| most easily| the easiest)?(?: .*(?:tilt|bump|shak|push|knock).*)?", sets.fall),
    ("order", r"(?:which|what)(?: (?:object|thing|item|one))? (?:is|stands|looks) (?:the )?(?:least stable|most unstable|least securely|wobbliest|most precarious(?:ly)?)(?P<how>.*)", sets.fall),
    ("order", r"(?:put|sort|order|arrange|rank|list|line up|name|give|bring) (?:me )?(?P<s>.+?) (?:in (?:the )?order of|in order by|by|according to|in (?:the )?order from|in order|from|ordered by|sorted by|ranked by) (?:their |its )?(?P<key>.+)", sets.order),
    ("order", r"what (?:is|would be) the order of (?P<s>.+?) (?:by|in|according to|from) (?:their )?(?P<key>.+)", sets.order),
    ("order", r"(?:in )?(?:which|what) order (?:of (?P<key>.+?) )(?:are|do|stand) (?P<s>.+?)(?: come| stand)?", sets.order),
    # shape
    ("shape", r"(?:do|does|are|is|would|can) (?P<s>.+?) (?:form|make|build|make up|arranged (?:in|as)|set out (?:in|as)|stand(?:ing)? in|placed (?:in|as)|in|laid out (?:in|as)|positioned as) (?:a |an |the shape of an? )?(?:perfect |exact |roughly |approximate )?(?P<kind>isosceles|equilateral|right angled|right) triangle", layout.triangle),
    ("shape", r"is the triangle (?:of|formed by|made by|between) (?P<s>.+?) (?:an? )?(?P<kind>isosceles|equilateral|right angled|right)(?: one| triangle)?", layout.triangle),
    ("shape", r"(?:do|are|is) (?P<s>.+?) (?:form|make|stand|lie|arranged|placed|all|standing|lying|set out|lined up|sit)? ?(?:in|on|along|into|up in)? ?(?:a |one )?(?:single |straight )*(?:line|row|collinear|aligned|lined up|in line)", layout.line),
    ("shape", r"(?:do|are) (?P<s>.+?) (?:form|make|arranged (?:in|as)|stand in|placed in|in) (?:a )?(?P<kind>square|rectangle)", layout.square),
    ("shape", r"are (?P<s>.+?) (?:evenly|equally|uniformly|regularly) spaced(?: out)?(?: in a row| apart)?", layout.spaced),
    # compare
    ("compare", r"is (?:the )?(?:gap|distance|space|room|clearance) (?:from|between) (?P<a>.+?) (?:to|and) (?P<b>.+?) (?P<more>larger|bigger|wider|greater|longer|more|smaller|shorter|narrower|less|tighter) than (?:the |that |it is )?(?:(?:gap|distance|space|one|room) )?(?:from |between )(?P<c>.+?) (?:to|and) (?P<d>.+)", sets.gaps),
    ("compare", r"(?:is|are) (?P<a>.+?) (?:farther|further) (?P<more>)(?:away )?from (?P<b>.+?) than (?P<c>.+?) (?:is|are) from (?P<d>.+)", sets.gaps),
    ("compare", r"(?:is|are) (?P<a>.+?) (?P<more>closer|nearer) to (?P<b>.+?) than (?P<c>.+?) (?:is|are) to (?P<d>.+)", sets.gaps),
    ("compare", r"(?:is|are) (?P<a>.+?) (?:at least |more than |over )?(?P<factor>twice|three times|four times|half|double) as (?P<key>tall|high|wide|long|broad|thick|big|large|far away|far) as (?P<b>.+)", sets.times),
    ("compare", r"(?:are|do|is) (?P<s>.+?) (?:all |both |have |of )*(?:about |roughly |nearly )?(?:the same|equal|equally|an equal|as)(?: in)? (?P<key>height|tall|high|size|big|large|wide|width|long|length|thick|breadth|broad|thickness)", sets.alike),
)  # fmt: skip


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str], Work], ...]:
    return tuple((name, re.compile(source + r"\s*"), work) for name, source, work in _SOURCES)


class EmbeddedPlanner:
    """Works out the families of tasks named in ``FAMILIES``; stateless."""

    def work_out(self, task: str, tools: Toolbox) -> Finding:
        """See ``reasoning.Planner``."""
        said = wording(task)
        if not said.text:
            raise StoppedError(Status.UNSUPPORTED, f"there is no task in this; I know {FAMILIES}")
        reason: StoppedError | None = None
        for family, pattern, work in _patterns():
            match = pattern.fullmatch(said.text)
            if match is None:
                continue
            groups = {k.rstrip("2"): v for k, v in match.groupdict().items() if v is not None}
            groups["family"] = family
            try:
                return work(Context(tools, groups, said.lengths_m))
            except StoppedError as stopped:
                if stopped.status is not Status.UNSUPPORTED:
                    raise
                reason = reason or stopped
        return self._one_question(task, tools, reason)

    def _one_question(self, task: str, tools: Toolbox, reason: StoppedError | None) -> Finding:
        made = tools.ask(task)
        if made.status is Status.UNSUPPORTED:
            why = reason.reason if reason else "I cannot plan this"
            raise StoppedError(Status.UNSUPPORTED, f"{why}; the tasks I know are: {FAMILIES}")
        if made.status is not Status.OK:
            raise StoppedError(made.status, made.text, made.object_ids)
        return single(made)


def single(made: Answer) -> Finding:
    """The finding that one answered catalogue question is."""
    result = made.measurements[0] if made.measurements else None
    decision = Decision.ANSWERED
    if isinstance(made.value, bool):
        decision = Decision.YES if made.value else Decision.NO
    elif made.value == "same":
        decision = Decision.UNDECIDED
    value = made.value
    if isinstance(value, float) and result is not None and made.unit:
        value = result.value
    return Finding(decision, made.text, "question", result, made.object_ids, value)
