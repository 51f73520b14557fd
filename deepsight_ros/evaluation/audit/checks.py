"""Checks of one pair: words against ids, fields against truth, the answer's text against both.

A view and a claim in; findings out (none: the pair is valid) and whether its words were read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from deepsight_ros.evaluation.audit import language, quantities, truths
from deepsight_ros.evaluation.audit.claim import Claim
from deepsight_ros.evaluation.audit.numbers import Spoken, main_number, spoken_numbers
from deepsight_ros.evaluation.audit.quantities import COMPARED
from deepsight_ros.evaluation.audit.set_checks import SET_FORMS, check_sets
from deepsight_ros.evaluation.audit.verdict import Finding, Tolerance
from deepsight_ros.evaluation.audit.view import CAMERA_ID, GRIPPER_ID, View
from deepsight_ros.evaluation.audit.wording import SIDE_WORDS

_SUPPORT = re.compile(
    r"\b(?:above|on|off|from|onto|over) the (floor|table|wall|ground|desk|counter|ceiling|shelf)\b"
)
_ALSO = {"floor": {"ground"}, "table": set(), "ground": {"floor"}}
_SAMPLED = 0.08
_UNNAMED = (CAMERA_ID,)
_MOST_ROUNDING = 0.15
_TURNED = re.compile(r"\b(not|isn't|other way|opposite|reverse|less|instead|actually)\b")


_WORDED = ("yesno", "same", "choice", "superlative", "extreme", "related", "which_anchor",
           "difference", "list")  # fmt: skip
"""Forms whose question names the relation."""


@dataclass(frozen=True)
class Reading:
    """A claim with its words read."""

    view: View
    claim: Claim
    question: language.Text
    answer: language.Text
    tolerance: Tolerance


def check_pair(view: View, claim: Claim, tolerance: Tolerance) -> list[Finding]:
    """Everything that is wrong with one pair."""
    if not claim.form:
        return [Finding("unknown_type", f"'{claim.type}' is no type that the audit knows")]
    unknown = [i for i in claim.ids if i not in view.things and i not in (CAMERA_ID, GRIPPER_ID)]
    if unknown:
        return [Finding("unknown_id", f"{unknown} are not in the truth")]
    reading = Reading(
        view,
        claim,
        language.read_text(claim.question, view.things, claim.regions),
        language.read_text(claim.answer, view.things, claim.regions),
        tolerance,
    )
    found = [*_names(reading), *_support_words(reading), *_predicate_words(reading)]
    found += _order(reading)
    if claim.outcome == "undecided":
        found.append(Finding("outcome", "an answer that is left open is no answer"))
        return found
    return found + _FORMS[claim.form](reading)


def _names(r: Reading) -> list[Finding]:
    """Every thing the pair is about is named, by name or region, and no other is."""
    said = [*r.question.mentions, *r.answer.mentions]
    out = []
    for object_id in r.claim.ids:
        if object_id in _UNNAMED or object_id not in r.view.things:
            continue
        if r.claim.form in SET_FORMS:
            continue  # members are held against the words one and all
        if r.claim.key == "free_space" and r.view.things[object_id].is_gripper:
            continue
        if not any(object_id in m.ids for m in said):
            name = r.view.things[object_id].label
            out.append(Finding("names", f"{object_id} ({name}) is not named in the words"))
    about = set(r.claim.ids)
    if r.claim.form in ("value", "compare", "difference", "same", "yesno", "either"):
        grippers = {i for i, t in r.view.things.items() if t.is_gripper}
        for mention in r.question.mentions:
            along = r.claim.question[: mention.start].lower().endswith("along the ")
            if not along and not mention.ids & (about | grippers):
                word = r.claim.question[mention.start : mention.end]
                out.append(Finding("names", f"'{word}' is none of {sorted(about)}"))
    return out


def _support_words(r: Reading) -> list[Finding]:
    true = r.view.support_label.lower()
    if not true:
        return []
    allowed = {true, "support", *_ALSO.get(true, set())}
    out = []
    for text in (r.question.bare, r.answer.bare):  # without the names of things
        for match in _SUPPORT.finditer(text):
            if match.group(1) not in allowed:
                out.append(Finding("support", f"says {match.group(1)}, the support is a {true}"))
    return out


def _predicate_words(r: Reading) -> list[Finding]:
    """The words ask for the stored relation, side or comparison, not for another."""
    c, out = r.claim, []
    equal_ranges = c.form == "same" and c.key == "closer"  # "equally far away"
    if c.form in _WORDED and not equal_ranges:
        if language.contradicts(c.key, r.question.bare):
            out.append(Finding("words", f"the question asks for the opposite of '{c.key}'"))
        agrees = c.outcome in ("yes", "one", "value") or (
            c.form == "choice" and c.outcome != "same"  # "too close to call" says nothing
        )
        negated = _TURNED.search(r.answer.bare) is not None
        if agrees and not negated and language.contradicts(c.key, r.answer.bare):
            out.append(Finding("words", f"the answer says the opposite of '{c.key}'"))
    sides = language.side_asked(r.question.bare)
    own = {"grasp_width": "breadth"}.get(c.key, c.key)
    if c.form in ("value", "compare") and own in SIDE_WORDS and sides and own not in sides:
        out.append(Finding("words", f"the question asks for {sorted(sides)}, not for {c.key}"))
    if c.form == "compare" and c.key != "direction":
        sign = language.threshold_sign(r.question.bare)
        if sign and c.sign and sign != c.sign:
            out.append(Finding("words", "the question compares the other way round"))
    return out


def _order(r: Reading) -> list[Finding]:
    """The subject of the words is the subject of the ids, where order matters and can be read."""
    c = r.claim
    matters = c.form in ("yesno", "difference", "either") or c.key == "direction"
    if not matters or len(c.ids) != 2 or c.key in ("touching", "next_to"):
        return []
    reference = language.reference_of(r.question, c.key)
    if reference is None:
        return []
    at = 0 if c.key == "direction" else 1
    mentions = r.question.mentions
    right = c.ids[at] in mentions[reference].ids and c.ids[1 - at] in mentions[1 - reference].ids
    crossed = c.ids[1 - at] in mentions[reference].ids and c.ids[at] in mentions[1 - reference].ids
    if crossed and not right:
        return [Finding("order", f"the words compare {c.ids[1]} and {c.ids[0]} the other way")]
    return []


def _value(r: Reading) -> list[Finding]:
    c = r.claim
    if c.type == "free_space" or c.type.startswith("free_space."):
        return _free_space(r)
    ids = c.ids
    if c.key == "direction" and len(ids) == 1:
        ids = (CAMERA_ID, ids[0])
    found = quantities.values(r.view, c.key, ids)
    if c.type == "dimensions":
        return _number(r, found, read_text=False) + _dimensions(r)
    out = _number(r, found)
    if c.type == "where":
        hours = quantities.values(r.view, "direction", (CAMERA_ID, ids[0]))
        out += _some_number(r, hours, "clock")
    return out


def _number(r: Reading, acceptable: list[float], *, read_text: bool = True) -> list[Finding]:
    """The stored value, its unit and interval, and the number in the answer."""
    c, tolerance, out = r.claim, _loosened(r), []
    if not isinstance(c.value, float | int) or isinstance(c.value, bool):
        return [Finding("value", f"got the value {c.value!r}, expected a number")]
    kind = c.si_unit
    truth = min(acceptable, key=lambda t: abs(t - c.value))
    if not tolerance.allows(c.value - c.noise, truth, kind):
        out.append(Finding("value", f"stored {c.value:.4g}, true {truth:.4g} {kind}"))
    if c.unit != kind:
        out.append(Finding("unit", f"stored unit '{c.unit}', expected '{kind}'"))
    if c.lower is not None and c.upper is not None and not c.lower <= c.value <= c.upper:
        around = kind == "clock"
        if not around:
            out.append(Finding("interval", f"{c.value} is not in [{c.lower}, {c.upper}]"))
    if read_text:
        spoken = main_number(c.answer, kind)
        if spoken is None:
            return [*out, Finding("text", "no number in the answer")]
        out += _spoken(r, spoken, truth, tolerance)
    return out


def _loosened(r: Reading) -> Tolerance:
    """More room for a quantity that rests on where surface samples lie."""
    if r.claim.key != "mean_nearest_distance":
        return r.tolerance
    return replace(
        r.tolerance,
        relative=max(r.tolerance.relative, _SAMPLED),
        absolute_m=max(r.tolerance.absolute_m, 0.005),
    )


def _spoken(r: Reading, spoken: Spoken, truth: float, tolerance: Tolerance) -> list[Finding]:
    """A number in words against the truth (and the noise that was added on purpose)."""
    c, kind = r.claim, r.claim.si_unit
    if spoken.kind != kind:
        return [Finding("unit", f"the answer speaks in {spoken.kind or 'no unit'}, not in {kind}")]
    wanted = abs(truth + c.noise) if c.form == "difference" else truth + c.noise
    slack = min(
        max(spoken.step_si * 0.55, tolerance.spoken * abs(wanted)),
        max(_MOST_ROUNDING * abs(wanted), 0.0055 if kind == "m" else 0.0),
    )
    if kind == "clock":
        slack = 0.0
    if spoken.bound == "least" and wanted >= spoken.si - slack:
        return []
    if spoken.bound == "most" and wanted <= spoken.si + slack:
        return []
    if tolerance.allows(spoken.si, wanted, kind, slack):
        return []
    return [Finding("text", f"the answer says {spoken.si:.4g}, true {wanted:.4g} {kind}")]


def _some_number(r: Reading, acceptable: list[float], kind: str) -> list[Finding]:
    """Some number of this kind in the answer is right."""
    said = [s for s in spoken_numbers(r.claim.answer) if s.kind == kind]
    right = any(
        r.tolerance.allows(s.si, t, kind, min(s.step_si * 0.55, 0.15 * abs(t)) + 1e-9)
        for s in said
        for t in acceptable
    )
    if said and not right:
        return [Finding("text", f"the answer says {[s.si for s in said]}, true {acceptable}")]
    return []


def _dimensions(r: Reading) -> list[Finding]:
    out = []
    numbers = [s for s in spoken_numbers(r.claim.answer) if s.kind == "m" and not s.is_aside]
    for name, said in zip(("width", "depth", "height"), numbers, strict=False):
        truth = quantities.values(r.view, name, r.claim.ids)[0]
        slack = min(max(said.step_si * 0.55, 0.05 * truth), max(0.15 * truth, 0.0055))
        if not r.tolerance.allows(said.si, truth, "m", slack):
            out.append(Finding("text", f"{name}: the answer says {said.si:.4g}, true {truth:.4g}"))
    return out


def _free_space(r: Reading) -> list[Finding]:
    truth, met = quantities.free_space_m(r.view, robot=".robot" in r.claim.type)
    if met:
        spoken = main_number(r.claim.answer)
        if spoken is not None and spoken.bound == "least" and spoken.si <= truth * 1.02 + 0.01:
            return []
        return _number(r, [truth])
    value = r.claim.value
    if isinstance(value, float | int) and value > truth + 0.01:
        return [Finding("value", f"stored {value:.4g}, nothing is met within {truth:.4g} m")]
    return []


def _compare(r: Reading) -> list[Finding]:
    c = r.claim
    if c.threshold is None:
        return [Finding("threshold", "a comparison without a threshold")]
    ids = c.ids
    if c.key == "free_space":
        found = [quantities.free_space_m(r.view, robot=".robot" in c.type)[0]]
    else:
        if c.key == "direction" and len(ids) == 1:
            ids = (CAMERA_ID, ids[0])
        found = quantities.values(r.view, c.key, ids)
    out = []
    asked = [s for s in spoken_numbers(c.question) if s.kind == c.si_unit]
    near = [s for s in asked if abs(s.si - c.threshold) <= max(0.02 * abs(c.threshold), 1e-9)]
    if not near:
        said = ", ".join(f"{s.si:.4g}" for s in asked) or "no number"
        out.append(
            Finding("threshold", f"asks about {said}, stored {c.threshold:.4g} {c.si_unit}")
        )
    tolerance = _loosened(r)
    allowed = truths.compared(found, c.threshold, c.sign, c.key, tolerance)
    out += _decided(r, allowed)
    said_numbers = [s for s in spoken_numbers(c.answer) if s.kind == c.si_unit and not s.is_aside]
    if spoken_numbers(c.answer) and not said_numbers:
        out.append(Finding("unit", f"the answer does not speak in {c.si_unit}"))
    for said in said_numbers:
        repeats = abs(said.si - c.threshold) <= max(0.02 * abs(c.threshold), said.step_si * 0.55)
        wrong = [_spoken(r, said, t, tolerance) for t in found]
        if not repeats and all(wrong):
            out += wrong[0]
    return out


def _decided(r: Reading, allowed: set[str]) -> list[Finding]:
    """Outcome, stored truth value and the answer's yes or no agree with what is allowed."""
    c, out = r.claim, []
    if c.outcome not in allowed:
        out.append(Finding("outcome", f"stored '{c.outcome}', true is {sorted(allowed)}"))
    stored = {True: "yes", False: "no"}.get(c.value) if isinstance(c.value, bool) else "same"
    if c.value is not None and stored != c.outcome:
        out.append(Finding("value", f"value {c.value!r} beside the outcome '{c.outcome}'"))
    said = language.polarity(c.answer)
    if said is None:
        out.append(Finding("text", "the answer says neither yes nor no"))
    elif said != c.outcome:
        out.append(Finding("text", f"the answer says {said}, stored is '{c.outcome}'"))
    return out


def _difference(r: Reading) -> list[Finding]:
    c = r.claim
    quantity, sign = COMPARED[c.key]
    found = [
        sign * (a - b)
        for a in quantities.values(r.view, quantity, (c.ids[0],))
        for b in quantities.values(r.view, quantity, (c.ids[1],))
    ]
    scale = max(quantities.values(r.view, quantity, (i,))[0] for i in c.ids)
    wide = replace(
        r.tolerance,
        relative=0.0,
        absolute_m=1.5 * max(r.tolerance.absolute_m, r.tolerance.relative * scale / 2),
        volume_relative=0.0,
    )
    if quantity == "volume":
        off = r.tolerance.volume_relative * scale
        right = isinstance(c.value, float | int) and any(abs(c.value - t) <= off for t in found)
        out = [] if right else [Finding("value", f"stored {c.value}, true {found[0]:.4g}")]
        if c.unit != "m3":
            out.append(Finding("unit", f"stored unit '{c.unit}', expected 'm3'"))
        spoken = main_number(c.answer)
        if spoken is None or spoken.kind != "m3":
            out.append(Finding("unit", "the answer does not speak in volumes"))
        elif not any(
            abs(spoken.si - abs(t)) <= off + 0.1 * abs(t) + spoken.step_si for t in found
        ):
            out.append(Finding("text", f"the answer says {spoken.si:.4g}, true {found[0]:.4g}"))
    else:
        out = _number(replace(r, tolerance=wide), found)
    least = 1.5 * wide.absolute_m if quantity != "volume" else r.tolerance.volume_relative * scale
    if abs(found[0]) > least and _is_reversed(r) != (found[0] < 0):
        out.append(Finding("text", "the difference is the other way round"))
    return out


def _is_reversed(r: Reading) -> bool:
    """The answer gives the difference the other way: of the second thing, or in so many words."""
    against = language.contradicts(r.claim.key, r.answer.bare)
    subject = language.subject_of(r.answer)
    if subject is not None and subject.ids & set(r.claim.ids):
        return (r.claim.ids[0] not in subject.ids) ^ against
    return (_TURNED.search(r.answer.bare) is not None) ^ against


def _yesno(r: Reading) -> list[Finding]:
    return _decided(r, truths.outcomes_of(_judged(r), r.tolerance))


def _judged(r: Reading) -> list[quantities.Judged]:
    return quantities.judge(r.view, r.claim.key, r.claim.ids)


def _same(r: Reading) -> list[Finding]:
    return _decided(r, truths.alike(_judged(r), r.tolerance))


def _either(r: Reading) -> list[Finding]:
    c = r.claim
    other = "under" if c.key == "on" else truths.OPPOSITE[c.key]
    if c.key == "under" and "on" in re.findall(r"\w+", r.question.bare):
        other = "on"
    words = {p: truths.WORD_OF.get(p, p) for p in (c.key, other)}
    allowed: set[str] = set()
    first = truths.outcomes_of(_judged(r), r.tolerance)
    second = truths.outcomes_of(quantities.judge(r.view, other, c.ids), r.tolerance)
    if "yes" in first:
        allowed.add(words[c.key])
    if "yes" in second:
        allowed.add(words[other])
    if "same" in first | second:
        allowed.add("same")
    if "no" in first and "no" in second:
        allowed.add("neither")
    value = "same" if c.outcome == "same" else "neither" if c.outcome == "none" else c.value
    out = []
    if value not in allowed:
        out.append(Finding("outcome", f"stored '{value}', true is {sorted(allowed)}"))
    low = r.answer.bare
    spoken = {w for w in words.values() if re.search(rf"\b{w}", low)}
    if value in words.values() and spoken != {value}:
        out.append(Finding("text", f"the answer says {sorted(spoken)}, stored is '{value}'"))
    if value in ("same", "neither") and spoken:
        out.append(Finding("text", f"the answer says {sorted(spoken)}, stored is '{value}'"))
    return out


def _pick(r: Reading, options: tuple[str, ...], anchor: str | None) -> list[Finding]:
    c = r.claim
    winners, may_tie, may_win = truths.best_of(r.view, c.key, options, anchor, r.tolerance)
    if c.outcome == "same" or c.value == "same":
        if not may_tie:
            return [Finding("outcome", f"stored 'same', but {sorted(winners)} stands out")]
        if not language.says_same(c.answer):
            return [Finding("text", "the answer does not say that they are about the same")]
        return []
    out = []
    if not may_win or c.value not in winners:
        out.append(Finding("outcome", f"stored {c.value!r}, true is {sorted(winners)}"))
    out += _winner_named(r, str(c.value), tuple(i for i in options if i != c.value))
    return out


def _winner_named(r: Reading, winner: str, others: tuple[str, ...]) -> list[Finding]:
    first = next(iter(r.answer.mentions), None)
    if first is None or winner not in first.ids:
        named = sorted(i for i in (first.ids if first else ()) if i in others)
        return [Finding("text", f"the answer names {named or 'nothing known'}, not {winner}")]
    return []


def _choice(r: Reading) -> list[Finding]:
    ids = r.claim.ids
    return _pick(r, ids[:2], ids[2] if len(ids) > 2 else None)


def _superlative(r: Reading) -> list[Finding]:
    c = r.claim
    anchor = c.ids[0] if c.type.endswith(".third") and c.ids else None
    options = tuple(i for i in r.view.countable if i != anchor)
    if c.type.endswith(".group"):
        group = {i for m in r.question.mentions for i in m.ids}
        options = tuple(i for i in options if i in group)
    if not options:
        return [Finding("outcome", "there is nothing to choose from")]
    return _pick(r, options, anchor)


def _extreme(r: Reading) -> list[Finding]:
    c = r.claim
    subject = c.ids[0]
    options = tuple(dict.fromkeys((*r.view.countable, subject)))
    winners, may_tie, may_win = truths.best_of(r.view, c.key, options, None, r.tolerance)
    allowed = set()
    if subject in winners and may_win:
        allowed.add("yes")
    if winners - {subject}:
        allowed.add("no")
    if may_tie:
        best = max(truths.scores(r.view, c.key, i, None)[0] for i in options)
        own = truths.scores(r.view, c.key, subject, None)[0]
        tie = truths.tie_between(c.key, best, own)
        if best - own <= tie * (1 + r.tolerance.tie):
            allowed.add("same")
    return _decided(r, allowed)


def _related(r: Reading) -> list[Finding]:
    """Which of two stands in a relation to a third, or to which of two a third stands in one."""
    c = r.claim
    *options, third = c.ids
    forward = c.form == "related"
    holds = {
        i: truths.outcomes_of(
            quantities.judge(r.view, c.key, (i, third) if forward else (third, i)), r.tolerance
        )
        for i in options
    }
    sure = {i for i, o in holds.items() if o == {"yes"}}
    maybe = {i for i, o in holds.items() if "yes" in o}
    claimed = {
        "both": set(options), "many": set(options), "neither": set(), "none": set(),
    }.get(str(c.value), {str(c.value)})  # fmt: skip
    out = []
    if not (sure <= claimed <= maybe):
        out.append(Finding("outcome", f"stored {c.value!r}, true is {sorted(sure)}"))
    low = c.answer.lower()
    if len(claimed) == 1:
        out += _winner_named(r, next(iter(claimed)), tuple(options))
    elif ("both" in low) != (len(claimed) == 2) or ("neither" in low) != (not claimed):
        out.append(Finding("text", f"the answer '{c.answer}' is not {c.value!r}"))
    return out


def _sets(r: Reading) -> list[Finding]:
    """How many, is there one, more of these than of those."""
    found, allowed = check_sets(r.view, r.claim, r.question, r.answer, r.tolerance)
    if allowed is None:
        return found
    several = r.claim.form == "exists" and r.claim.outcome == "many"
    claim = replace(r.claim, outcome="yes") if several else r.claim
    return found + _decided(replace(r, claim=claim), allowed)


def _unchecked(r: Reading) -> list[Finding]:
    return [Finding("unchecked", f"the audit has no way to recompute '{r.claim.type}'")]


def _list(r: Reading) -> list[Finding]:
    c = r.claim
    if not c.key or len(c.ids) < 1:
        return _unchecked(r)
    anchor = c.ids[0]
    holds = {
        i: truths.outcomes_of(quantities.judge(r.view, c.key, (i, anchor)), r.tolerance)
        for i in r.view.countable
        if i != anchor
    }
    sure = {i for i, o in holds.items() if o == {"yes"}}
    maybe = {i for i, o in holds.items() if "yes" in o}
    named = [m.ids for m in r.answer.mentions if anchor not in m.ids]
    missing = sorted(i for i in sure if not any(i in ids for ids in named))
    wrong = [sorted(ids) for ids in named if not ids & maybe]
    out = []
    if missing:
        out.append(Finding("text", f"the answer leaves out {missing}"))
    if wrong:
        out.append(Finding("text", f"the answer names {wrong}, which are not among them"))
    return out


def _supporter(r: Reading) -> list[Finding]:
    c = r.claim
    subject = c.ids[0] if c.ids else ""
    below = {
        i: truths.outcomes_of(quantities.judge(r.view, "on", (subject, i)), r.tolerance)
        for i in r.view.things
        if i != subject and not r.view.things[i].is_region
    }
    sure = {i for i, o in below.items() if o == {"yes"}}
    maybe = {i for i, o in below.items() if "yes" in o}
    named = [m.ids for m in r.answer.mentions if subject not in m.ids]
    label = r.view.support_label.lower()
    says_support = bool(label) and re.search(rf"\b{re.escape(label)}\b", c.answer.lower())
    on_support = quantities.stands_on_support(r.view, subject)
    out = []
    if any(not any(i in ids for ids in named) for i in sure):
        out.append(Finding("text", f"it stands on {sorted(sure)}"))
    if any(not ids & maybe for ids in named) and not says_support:
        out.append(Finding("text", "the answer names what it does not stand on"))
    if not sure and on_support and not says_support and not named:
        out.append(Finding("support", f"it stands on the {label}"))
    if says_support and (sure or on_support is False):
        out.append(Finding("support", f"it does not stand on the {label}"))
    return out


_FORMS = {
    "value": _value,
    "compare": _compare,
    "difference": _difference,
    "same": _same,
    "yesno": _yesno,
    "either": _either,
    "choice": _choice,
    "related": _related,
    "which_anchor": _related,
    "superlative": _superlative,
    "extreme": _extreme,
    "count": _sets,
    "count.compare": _sets,
    "count.more": _sets,
    "exists": _sets,
    "list": _list,
    "supporter": _supporter,
}
