"""Renders how far the learner is."""

from jaxtour.course.standing import Standing
from jaxtour.text import plural


def minutes(count: int) -> str:
    """Return minutes as `7 min`, `1 h 5 min`; empty for none."""
    hours, rest = divmod(count, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def spent(seconds: float) -> str:
    """Return the time spent as text; empty for less than half a minute."""
    return minutes(round(seconds / 60))


def steps_words(standing: Standing) -> str:
    """Return `4/9 steps`."""
    return f"{standing.done}/{plural(standing.steps, 'step')}"


def exercises_words(standing: Standing) -> str:
    """Return `1/3 exercises`; empty without any."""
    return f"{standing.solved}/{plural(standing.exercises, 'exercise')}" if standing.exercises else ""


def predictions_words(standing: Standing) -> str:
    """Return `2/4 predictions right`, out of those that were made; empty without any."""
    return f"{standing.right}/{plural(standing.made, 'prediction')} right" if standing.made else ""


def further_words(standing: Standing) -> list[str]:
    """Return the hints used and the time spent, if there are any."""
    return [
        *([f"{plural(standing.hints, 'hint')} used"] if standing.hints else []),
        *([f"{said} spent"] if (said := spent(standing.seconds)) else []),
    ]
