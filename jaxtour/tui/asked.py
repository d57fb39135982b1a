"""Predictions: what the learner said a step would give, held against what it gave."""

import math
import re
from typing import Literal, TypeAlias

from jaxtour.course.model import Ask

Verdict: TypeAlias = Literal["right", "not this time", "open"]


def truth(ask: Ask, answer: str | None) -> str | None:
    """The right answer, once it is known: the lesson's choice, or what the worker found."""
    if ask.answer is not None and 1 <= ask.answer <= len(ask.choices):
        return ask.choices[ask.answer - 1]
    return answer


def grade(ask: Ask, prediction: str, answer: str | None) -> Verdict:
    """Whether the prediction came true; `open` while the truth is not known."""
    right = truth(ask, answer)
    if right is None:
        return "open"
    return "right" if _alike(prediction, right) else "not this time"


def _alike(left: str, right: str) -> bool:
    """Whether two answers mean the same: letter case, spaces and brackets aside, numbers within 1e-4."""
    mine, theirs = _words(left), _words(right)
    return len(mine) == len(theirs) and all(map(_same, mine, theirs))


def _words(text: str) -> list[str]:
    return re.sub(r"[\s,()\[\]'\"]+", " ", text.lower()).split()


def _same(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        return math.isclose(float(left), float(right), rel_tol=1e-4)
    except ValueError:
        return False
