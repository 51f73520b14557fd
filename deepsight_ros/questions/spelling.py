"""Typing errors put right, cautiously: only towards words that matter, never away from a real word.

A word is corrected when it is in no list here and exactly one known word is close enough.
"height" is one letter from "weight": what is a word already is left alone (``PROTECTED``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from deepsight_ros.questions.cues import cue_words
from deepsight_ros.questions.lexicon import (
    GRIPPER_NOUNS,
    GROUP_NOUNS,
    IRREGULAR_PLURALS,
    KINDS,
    NOUNS,
    SUPPORT_NOUNS,
    SYNONYMS,
    singular,
)
from deepsight_ros.questions.units import FRACTIONS, NUMBER_WORDS, SCALES, UNIT_WORDS

MISSPELT: dict[str, str] = {
    "teh": "the", "hte": "the", "th": "the", "tha": "the", "taht": "that", "thier": "their",
    "wich": "which", "whcih": "which", "whihc": "which", "witch": "which", "whch": "which",
    "waht": "what", "wht": "what", "wat": "what", "hwo": "how", "hw": "how", "hoe": "how",
    "adn": "and", "nad": "and", "n": "and", "fo": "of", "od": "of", "frm": "from", "form": "from",
    "fron": "from", "si": "is", "iz": "is", "r": "are", "u": "you", "ur": "your", "teh.": "the",
    "hight": "height", "heigth": "height", "hieght": "height", "heigt": "height", "highth": "height",
    "widht": "width", "wdith": "width", "widh": "width", "lenght": "length", "lenth": "length",
    "legnth": "length", "depht": "depth", "dept": "depth", "distence": "distance",
    "distanse": "distance", "dist": "distance", "tal": "tall", "tll": "tall", "taler": "taller",
    "biger": "bigger", "beter": "better", "betwen": "between", "betwee": "between",
    "btw": "btw", "btwn": "between", "b/w": "between", "thna": "than", "tahn": "than",
    "then": "then", "closr": "closer", "furtherest": "furthest", "furtest": "furthest",
    "nearst": "nearest", "lft": "left", "rigth": "right", "rigt": "right", "rite": "right",
    "infront": "in front", "ontop": "on top", "wheres": "where is", "cn": "can", "plese": "please",
    "camra": "camera", "kamera": "camera", "griper": "gripper", "obect": "object", "objct": "object",
    "obj": "object", "objs": "objects", "diamter": "diameter", "voulme": "volume", "vol": "volume",
    "meny": "many", "mutch": "much", "muhc": "much", "liter": "litre", "alot": "a lot",
    "centremetre": "cm", "wil": "will", "wud": "would", "cud": "could", "kno": "know", "abt": "about",
    "approximatly": "approximately", "aprox": "approximately", "exacly": "exactly", "tho": "though",
    "behnid": "behind", "thru": "through", "touchng": "touching", "ther": "there", "thare": "there",
    "nxt": "next", "shud": "should", "pls": "please", "wht's": "what is", "dimentions": "dimensions",
    "dimension's": "dimensions", "bewteen": "between", "beetween": "between", "bteween": "between",
    "sise": "size", "tallr": "taller", "hiegth": "height", "thikness": "thickness", "dia": "diameter",
    "farr": "far", "lond": "long", "wid": "wide", "hgt": "height", "wdth": "width", "len": "length",
    "robo": "robot", "centre's": "centre", "inchs": "inches",
}  # fmt: skip
"""Frequent typing errors and short forms of the words questions are made of."""

PROTECTED = frozenset(
    """
    about above accept across act action actual add after again age ago agree ahead aim air allow alone
    along always among angle animal another answer apart appear area argue army arrive art ask attack
    author aware baby back bad bake balance bank bare barn base bath battle beach bean bear beat beauty
    beer begin behave being believe bell belong below belt bend best better beyond bill bird birth bit
    bite black blame blank blow blue board boat body bold bone boot border born boss both bottom bound
    brain brake branch brave bread break breath bright bring broke brown build burn burst bury bus busy
    buy cake calm came camp card care carry case cash cast cat catch cause cease cell cent chain chair
    chance change charge charm chase cheap cheat check cheer cheese chest chief child choice choose
    church city claim class clean clear clever climb close cloth cloud club coach coal coat code coin
    cold collar college colour come command cook cool copy corn correct cost couch cough could count
    country couple course court cousin cover crack craft crash cream create crew crime crop cross crowd
    crown cruel cry cure curve custom cute cycle daily damage dance danger dare dark date daughter dead
    deal dear death debt decide delay dense deny desert design desk detail diet differ dig dinner dirt
    dirty disc dish divide doctor dog door doubt dozen draft drag drain draw dream dress drew drink drive
    drop dry duck due dust duty each early earn earth ease east eat echo edit effect effort egg eight
    either elbow elder elect empty end enemy energy engine enjoy enter equal error escape even event ever
    evil exact exam except exist expect expert explain face fact fail faint fair faith fall false fame
    family famous fan fancy farm fashion fast fat fate father fault fear feast feather feature feed feel
    feet fell fellow felt fence fetch fever few field fierce fight file fill film final find fine finger
    finish fire firm first fish five fix flag flame flash flat flesh flight float flood floor flow flower
    fly fold folk follow food fool foot force foreign forest forget form fort forth found four frame free
    freeze fresh friend front frost fruit fuel full fun fund funny future gain game garage gas gate
    gather gave gear general gentle get gift girl give glad glory goal goat god gold golf gone good grace
    grade grain grand grant grape grass grave gray great green greet grew grief grin grind ground group
    grow guard guess guest guide guilt gun habit hair half hall hand handle hang happen happy harbour hard
    harm haste hate have head heal health heap hear heart heat heaven heavier heaviest heavy heel hell
    help here hero hide hill hire hit hold hole holy home honest honour hook hope horn horror horse host
    hot hotel hour house human hunger hunt hurry hurt husband ice idea ideal idle image inch income indoor
    ink insect inside invite iron island issue item jacket jail job join joint joke journey joy judge
    juice jump just keen keep kept kick kill kind king kiss kitchen knee knew knife knock knot know labour
    lack ladder lady lake lamb lamp land lane last late latter laugh law lay lazy lead leaf leak lean
    learn least leather leave left lend less lesson letter level library lid lie life lift light lightest
    lighter like limb limit line lion lip liquid list listen little live liver load loan local lock log
    lonely look loose lord lose loss lost loud love lower luck lump lunch lung machine mad magic mail main
    major make male manage manner march mark market marry mass master match mate matter maybe mayor meal
    mean meat medal medical meet melt member memory mend mental mention menu merchant mercy mere merry
    mess metal middle might mild mile military milk mill mind mine minute mirror miss mist mistake mix
    model modern modest moment money monkey month mood moon moral more morning most mother motion mount
    mouse mouth move movie much mud murder muscle music must nail name nation native nature naval near neat
    neck need needle nest net never new news next nice niece night nine noble noise none noon normal north
    nose note nothing notice novel number nurse obey ocean odd offer office officer often oil older oldest
    once onion only open opera order other ought outside oven over owe own owner pace pack page paid pain
    paint pair palace pale pants paper pardon parent park part party pass past paste path pause pay peace
    peak pear pen pencil penny people percent perfect perform perhaps period permit person phone photo
    phrase piece pile pilot pink pipe pitch pity place plain plan plane plant plastic plate play please
    plenty plot plough pocket poem poet point poison pole police polite politics pool poor popular port
    pose possess post potato pound pour powder power praise pray prefer prepare press pretty prevent price
    pride priest prime print prison private prize profit prompt proof proper protect proud prove pull pump
    punish pupil pure purple purpose push quarrel quart queen quick quiet quite race radio rail rain raise
    ran range rank rapid rare rate rather raw razor reach react read ready real rear reason receive recent
    record red reduce regret relate relief rely remain remark remedy remind remove rent repair repeat
    reply report rescue rest result return reward rhyme rice rich rid ride right ring ripe rise risk
    rival river road roar rob rock rod roll roof room root rope rot rough round row royal rub rubber rude
    rug ruin rule run rush rust sacred sad safe said sail salad sale salt same sample sand sat sauce save
    saw scale scare scene scent school science score scorn scrape screen screw sea search season seat
    second secret see seed seem seize sell send sense sent serious serve set settle seven sew shade shadow
    shake shall shame shape share sharp shave sheep sheet shelf shell shelter shine ship shirt shock shoe
    shoot shop shore short shot should shoulder shout show shower shut sick side sight sign silence silk
    silly silver simple sin since sing single sink sir sister sit site six skill skin skirt sky slave sleep
    slide slight slip slow small smart smell smile smoke smooth snake snow soap social sock soft soil
    soldier solid solve some son song soon sore sorrow sort soul sound soup sour south space spade spare
    speak special speech speed spell spend spent spill spin spirit spit spite split spoil spoke spoon
    sport spot spread spring square staff stage stain stair stamp stand star stare start state station
    stay steady steal steam steel steep steer stem step stick stiff still sting stir stock stomach stone
    stood stop store storm story stove strange straw stream street stretch strike string strip stroke
    strong struck stuff stupid subject succeed such suck sudden suffer sugar suggest suit summer sun supper
    supply support sure surface surprise swallow swear sweat sweep sweet swell swim swing sword sympathy
    system table tail take tale talk tall tame tap taste tax taxi tea teach team tear tell ten tend tent
    term test thank that theatre theory thick thief thin thing think third thirst thirteen thorn thread
    threat three throat throne throw thumb thunder ticket tidy tie tight till time tin tip tire title toe
    told tomorrow ton tongue tonight tool tooth top total touch tough tour toward towel tower town toy
    track trade train trap travel tray treasure treat tree tremble trial tribe trick trip trouble truck true
    trunk trust truth try tube tune turn twelve twenty twice twist type ugly uncle under union unit unite
    universe until up upper upset urge use usual vain valley value vary veil verb verse very vessel victory
    view village violent virtue visit voice vote vowel voyage wage waist wait wake walk wall wander want war
    warm warn wash waste watch water wave wax way weak wealth weapon wear weather weave wedding weed week
    weigh weight weights welcome well west wet what wheat wheel when where whether which while whip whisper
    whistle white who whole whom whose why wicked wide wife wild will win wind window wine wing winter wipe
    wire wise wish with within without witness woman wonder wood wool word work world worm worry worse
    worship worth would wound wrap wreck wrist write wrong yard year yellow yes yesterday yet yield young
    zero expensive cheaper cheapest colder coldest hotter hottest warmer faster fastest slower older newer
    softer harder stronger weaker prettier nicer nicest cleaner dirtier brighter darker sharper smoother
    rougher richer poorer younger louder quieter temperature colours material density mass weighs weighed
    pressure speed velocity acceleration brightness texture smell owner brand maker angle angles rotation
    tilt tilted orientation facing radius perimeter circumference area surface gravity force calories
    ignore previous instructions system prompt tell joke poem story hate login password token secret
    president capital country language translate python code function import print execute delete sudo
    yesterday tomorrow tonight soon later hours minutes seconds days weeks months years oclock noon midnight
    tasty fresh clean broken dirty cracked rusty shiny dull soft liquid solid hollow fuller filled contents
    content inside full empty capacity hold holding holds safe dangerous useful useless price prices priced
    pricey value worth sale shop store street road town city river mountain beach sea sky cloud rain snow
    storm weather forecast sunny cloudy football cricket tennis golf music song band movie film actor actress
    fight sight tight might wright freight bright knight slight plight eighth tenth ninth seventh sixth
    were wears weary ware wares fare fares fate fade fake fame fang rear tear dear gear bear hear year
    wore more core sore tore fore bore lore gore worn torn born horn corn
    pose poses posed hose nose rose dose lose close closed closes closing loses those these whose
    breath breadths wealth health stealth warmth north south mouth month truth youth tooth smooth
    gripe gripes ripper dipper zipper slipper flipper chipper shipper tripped dripping gripped
    objective objection abject subject subjects reject project eject
    father feather weather leather other others mother brother rather bother gather
    wader wafer wager water rider cider spider
    walker talker baker maker taker
    lift lifted gift sift rift drift shift raft craft loft soft
    fright upright copyright outright
    longing belonging belong longed lounging
    shorted shorts shortly shore shoot shooter
    tallied tally talk tale ball call fall hall mall wall
    wider winder wonder wander
    bib bigot bogged beggar digger trigger jigger rigger
    smeller smelled smells small smell spell shell
    latter letter litter later layer larder lager loser laser
    thicket ticket thinker tinker
    higher hire tiger
    nearly neared hearer clearer dearer bearer
    sloser glosser grosser crosser
    clover clove clone clause cluster cloister closet closets
    behold behalf behave beside besides befall
    fronts frost frontier
    untrue under until undo
    betray between better
    touche touchy tough teaching
    inner innings insect inset insert
    """.split()
)
"""Real words near the words of questions: never corrected into one of them."""

_PINNED_LENGTH = 3


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word that means something to the matcher, and every word that is left alone."""
    nouns: set[str] = set()
    for line in SYNONYMS:
        nouns.update(line.replace(",", " ").split())
    for kind, members in KINDS.items():
        nouns.update(kind.split())
        nouns.update(members.replace(",", " ").split())
    for phrase in (*NOUNS, *GROUP_NOUNS, *GRIPPER_NOUNS, *SUPPORT_NOUNS):
        nouns.update(phrase.split())
    nouns.update(IRREGULAR_PLURALS)
    nouns.update(IRREGULAR_PLURALS.values())
    return frozenset(
        nouns
        | cue_words()
        | set(UNIT_WORDS)
        | set(NUMBER_WORDS)
        | set(FRACTIONS)
        | set(SCALES)
        | PROTECTED
    )


@lru_cache(maxsize=1)
def _targets() -> tuple[str, ...]:
    return tuple(sorted(w for w in cue_words() if w.isalpha() and len(w) > _PINNED_LENGTH))


@lru_cache(maxsize=1)
def _unit_targets() -> tuple[str, ...]:
    return tuple(w for w in UNIT_WORDS if len(w) > 5)


def correct(words: list[str], own: Collection[str]) -> list[str]:
    """Words with typing errors put right.

    Args:
        words: of one question, normalised.
        own: words of the scene's labels, which a user is likely to mean.
    """
    out: list[str] = []
    for word in words:
        out.extend(_correct_one(word, own).split())
    return out


def _correct_one(word: str, own: Collection[str]) -> str:
    if word in own or not word.isalpha() or not word.isascii() or len(word) > 24:
        return word
    if word in MISSPELT and word not in own:
        return MISSPELT[word]
    known = known_words()
    if word in known or singular(word) in known or singular(word) in own:
        return word
    if len(word) < 3 or (word.endswith("ly") and word[:-2] in known):
        return word
    near_own = _nearest(word, own)
    if near_own:
        return near_own
    if len(word) <= _PINNED_LENGTH:
        return word
    return _nearest(word, _targets()) or _nearest(word, _unit_targets()) or word


def _nearest(word: str, candidates: Iterable[str]) -> str:
    """The one candidate within the allowed number of slips, or ""."""
    allowed = 1 if len(word) < 8 else 2
    best, found = allowed + 1, ""
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > allowed or len(candidate) < 3:
            continue
        # people rarely get the first letter wrong; a swap of the first two is the exception
        if candidate[0] != word[0] and candidate[:2] != word[1::-1]:
            continue
        slips = OSA.distance(word, candidate, score_cutoff=allowed)
        if len(word) <= _PINNED_LENGTH and sorted(word) != sorted(candidate):
            continue
        if slips < best:
            best, found = slips, candidate
        elif slips == best and candidate != found:
            found = _prefer(word, found, candidate)
    return found if best <= allowed else ""


def _prefer(word: str, first: str, second: str) -> str:
    """Between two equally near words: the one with the same letters or the same ending, or none."""
    for same in (
        lambda c: sorted(c) == sorted(word),
        lambda c: c[-1:] == word[-1:] and len(c) >= len(word),
    ):
        if same(first) != same(second):
            return first if same(first) else second
    return first if singular(second) == first else second if singular(first) == second else ""
