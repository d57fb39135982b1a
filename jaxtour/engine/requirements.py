"""Checks a step's requirements against the worker."""

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jaxtour.course.model import Lesson, Requires, Step
from jaxtour.engine.messages import Facts


def unmet(lesson: Lesson, step: Step, facts: Facts) -> str | None:
    """Why the step cannot run on this worker, in one line; None if it can."""
    for requires in (lesson.requires, step.requires):
        reason = _unmet(requires, facts) if requires else None
        if reason:
            return reason
    return None


def _unmet(requires: Requires, facts: Facts) -> str | None:
    if requires.platform and requires.platform not in facts.platforms:
        here = ", ".join(facts.platforms) or "nothing"
        return f"needs a {requires.platform.upper()}; this worker has {here}"
    try:
        allowed = SpecifierSet(requires.jax)
    except InvalidSpecifier:
        return f"requires jax {requires.jax!r}, which is not a version specifier"
    if not allowed.contains(facts.jax, prereleases=True):
        return f"needs jax {requires.jax}; this worker has {facts.jax}"
    return None
