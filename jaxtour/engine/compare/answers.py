"""Grades predictions: whether the learner's answer agrees with the worker's or the lesson's."""

import math
import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from jaxtour.course.model import Ask, Choice, Proof
from jaxtour.course.questions import PROOFS, is_number, what_of

Judgement: TypeAlias = Literal["right", "wrong", "open"]


def proof_of(ask: Ask) -> Proof | None:
    """Return what proves the answer; None if neither the author nor the question says so."""
    if ask.proof is not None or ask.value is None:
        return ask.proof
    what, _ = what_of(ask.value.text)
    return PROOFS.get(what) if what else "result"


def mark_of(ask: Ask, answer: str | None) -> str:
    """Return the word to mark where the answer is visible; empty for none."""
    own = ask.value is not None and what_of(ask.value.text)[0] in ("dtype", "fastest")
    return ask.mark or (answer if own and answer else "")


def as_word(word: str) -> re.Pattern[str]:
    """Return the pattern that finds a word to mark, and not a part of another one."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def truth(ask: Ask, answer: str | None) -> str | None:
    """Return the right answer, once it is known: a choice, or the worker's answer."""
    if (right := right_choice(ask, answer)) is not None:
        return ask.texts[right]
    return answer and answer.strip("'")


def grade(ask: Ask, said: str, answer: str | None) -> Judgement:
    """Return whether the prediction is right; `answer` is the worker's, which may be missing."""
    right = right_choice(ask, answer)
    if ask.choices:
        # Choices that look alike, such as `()` and `[]`, are different answers.
        return "open" if right is None else "right" if said == ask.texts[right] else "wrong"
    if answer is None:
        return "open"
    return "right" if alike(said, answer) else "wrong"


def reply(ask: Ask, said: str) -> str:
    """Return the author's reply to a learner who chose this."""
    return next((choice.reply for choice in ask.choices if isinstance(choice, Choice) and choice.text == said), "")


def chosen(ask: Ask, said: str) -> str | None:
    """Return the choice that a text names, by its number or its text; the text itself if there are no choices."""
    if not ask.choices or said in ask.texts:
        return said
    if said.isdecimal() and 1 <= int(said) <= len(ask.choices):
        return ask.texts[int(said) - 1]
    return next((text for text in ask.texts if alike(text, said)), None)


def unreadable(ask: Ask, said: str) -> str:
    """Return why a typed answer, such as `3raa`, cannot be graded, as a line for the learner; empty if it can."""
    words = _words(said)
    if ask.value is not None and not ask.choices and is_number(ask.value.text):
        return "" if len(words) == 1 and _number(words[0]) is not None else "the answer is a number, such as 12 or 0.5"
    broken = next((word for word in words if _DIGIT_FIRST.match(word) and _number(word) is None), None)
    return f"{broken} is neither a number nor a word" if broken and not ask.choices else ""


_DIGIT_FIRST = re.compile(r"[-+]?\.?\d")


def right_choice(ask: Ask, answer: str | None) -> int | None:
    """Return the index of the right choice; None if the worker's answer matches none of them, or is missing.

    A choice may say more than the answer: it begins with the answer's number, or with yes or no; an answer other than 0
    also counts as yes.
    """
    if ask.answer is not None:
        return ask.answer - 1 if 1 <= ask.answer <= len(ask.choices) else None
    if answer is None:
        return None
    number = _number(answer)
    tests: list[Callable[[str], object]] = [lambda text: alike(text, answer)]
    if number is not None:
        tests.append(lambda text: _number((text.split() or [""])[0].rstrip(",:;.")) == number)
    if number is not None or answer in ("True", "False"):
        word = "yes" if answer == "True" or number else "no"
        tests.append(re.compile(rf"\s*{word}\b", re.I).match)
    return next((place for test in tests for place, text in enumerate(ask.texts) if test(text)), None)


def alike(left: str, right: str) -> bool:
    """Return whether two answers mean the same, ignoring case, spaces and brackets, and with numbers within 1e-4."""
    mine, theirs = _words(left), _words(right)
    return len(mine) == len(theirs) and all(map(_same, mine, theirs))


SHORT = re.compile(r"(bf|f|i|u|c)(8|16|32|64|128)")
LONG = {"bf": "bfloat", "f": "float", "i": "int", "u": "uint", "c": "complex"}
"""How a jaxpr shortens the names of types."""


def _words(text: str) -> list[str]:
    words = re.sub(r"(?<=\d)\s*[x×](?=\s*\d)", " ", text.lower())
    return re.sub(r"[\s,()\[\]{}'\"`]+", " ", words).split()


def _same(left: str, right: str) -> bool:
    left, right = _whole(left), _whole(right)
    if left == right:
        return True
    one, other = _number(left), _number(right)
    return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-4)


def _whole(word: str) -> str:
    """Return the full name of a type: `float32` for `f32` and `jnp.float32`."""
    word = re.sub(r"^(jax\.numpy|jnp|np|numpy)\.", "", word)
    match = SHORT.fullmatch(word)
    return f"{LONG[match[1]]}{match[2]}" if match else word


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
