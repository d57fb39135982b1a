"""Renders what a lesson requires, and whether that is available."""

from collections.abc import Iterable

from jaxtour.course.model import Broken, Lesson, Requires
from jaxtour.engine.cells import unmet_by
from jaxtour.engine.wire.messages import Facts
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import requirements


def needs_lines(lesson: Lesson, facts: Facts | None) -> list[Line]:
    """Return a line for each requirement beyond the defaults, and whether it is met; without facts, only the former."""
    lines: list[Line] = []
    for requires, whose in _requirements(lesson):
        needs = requirements(requires)
        missing = unmet_by(requires, facts) if facts else None
        if missing:
            lines.append((("✗ ", "error"), (f"{whose} {missing}", "warning")))
        elif needs:
            here = _here(requires, facts) if facts else ()
            mark = "✓ " if facts else "· "
            words = f"{whose} needs {' and '.join(needs)}"
            lines.append(((mark, "success" if facts else "muted"), (words, "muted"), *here))
    return lines


def _requirements(lesson: Lesson) -> Iterable[tuple[Requires, str]]:
    """Yield the lesson's requirements and those of its steps, with whose they are."""
    yield lesson.requires, "the lesson"
    for number, step in enumerate(lesson.steps, 1):
        if not isinstance(step, Broken) and step.requires:
            yield step.requires, f"step {number}"


def _here(requires: Requires, facts: Facts) -> Line:
    """Return what meets the requirement: existing devices, or simulated ones; processes to start."""
    if requires.processes > facts.processes:
        return ((": ", "muted"), ("started here", "warning"), (", on the CPU", "muted"))
    if requires.devices == 1:
        return ((f": jax {facts.jax} is here", "muted"),) if requires.platform is None else ()
    platform = facts.platforms[0] if facts.platforms else "cpu"
    real = sum(device.platform == platform and not device.simulated for device in facts.devices)
    if real >= requires.devices:
        return ((f": {platform} ×{real} is here", "muted"),)
    return ((": ", "muted"), ("simulated", "warning"), (" on the CPU", "muted"))
