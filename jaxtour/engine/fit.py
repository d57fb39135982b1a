"""The worker that a step needs: the user's own, or one with simulated devices or more processes."""

from collections.abc import Sequence

from msgspec.structs import replace

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.cells import asked_devices, devices_needed, processes_needed
from jaxtour.engine.commands import Cell, Open


def wanted(
    own: Open, own_devices: int | None, lesson: Lesson, step: Step, cells: Sequence[Cell], *, on_cpu: bool
) -> Open:
    """The configuration that the step needs: the user's, with simulated devices and processes if there are too few.

    If the code itself requests a number of CPU devices, that number is opened before it runs. `own_devices` is how many
    the user's worker has in all processes, if that is known.
    """
    simulated = replace(own, platform="cpu", devices=None, device=None, wait=False)
    asked = asked_devices(cells) if own.platform in (None, "cpu") and on_cpu else None
    if asked:
        return own if asked == own.devices else replace(simulated, devices=asked)
    processes = max(own.processes, processes_needed(lesson, step))
    each = -(-devices_needed(lesson, step) // processes)
    if processes > own.processes:
        return replace(simulated, devices=max(each, own.devices or 1), processes=processes)
    if each <= (own.devices or (own_devices or 1) // processes):
        return own
    # A simulated device keeps its number when there are more of them; a real one does not exist here.
    return replace(simulated, devices=each, device=own.device if own.devices else None)
