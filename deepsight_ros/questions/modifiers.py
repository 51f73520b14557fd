"""Words in front of a noun: size, place, order and number words. Data for the noun reader."""

from __future__ import annotations

from deepsight_ros.questions.grammar import paired, spaced

SIZE_WORDS: dict[str, str] = paired(
    """
    big=bigger large=bigger huge=bigger giant=bigger bulky=bigger massive=bigger enormous=bigger
    sizeable=bigger oversized=bigger small=smaller little=smaller tiny=smaller mini=smaller
    miniature=smaller compact=smaller tall=taller high=taller short=shorter squat=shorter
    stubby=shorter long=longer lengthy=longer elongated=longer wide=wider broad=wider fat=wider
    narrow=narrower slim=narrower skinny=narrower slender=narrower thick=thicker chunky=thicker
    thin=thinner
    """
)
"""Size adjective -> the comparative whose extreme it points at."""

PLACE_WORDS: dict[str, str] = paired(
    """
    left=left lefthand=left right=right righthand=right front=front frontal=front near=front
    back=back rear=back far=back hind=back middle=middle central=middle centre=middle center=middle
    mid=middle top=top upper=top bottom=bottom lower=bottom
    """
)
"""Place adjective -> place among its like."""

ORDINALS: dict[str, int] = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "last": -1,
}  # fmt: skip

DETERMINERS: dict[str, str] = paired(
    """
    the=the a=a an=a this=the that=the these=the those=the my=the your=the our=the his=the her=the
    their=the any=any some=any every=all each=all all=all both=the another=other no=any
    """
)

BARE_NOUN_BLOCKERS = spaced(
    """
    can light stand watch iron plant cover file match top fan bar rest saw level clip press back
    right left hand arm block brush screw bolt nail key plug lock pack fit drop tap drain ring
    case pin stick dress tie lead mark paint fish orange plate hose park table book train
    support surface bench switch log mold peg sander vice drum horn sign point tape glue hammer
    shape body article piece part element counter ground floor cap die rose nut bath cane chip
    duck truck iron mouse fly display monitor screen controller show remote mobile throw toast
    spread lid salt pepper oil paper rubber trainer shade shades
    """
)
"""Nouns that are verbs or adjectives too: without an article they need a noun's surroundings."""

NEVER_BARE = spaced(
    "can light stand watch match fit rest support right left back top hand arm counter ground"
)
"""Of those, the ones that a label in the scene does not make safer."""

NOUN_SURROUNDINGS = spaced(", and or vs to from than of BETWEEN COUNT which in with as EXIST")
"""What stands before a noun that has no article."""
