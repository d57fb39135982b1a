"""Draws devices as boxes: TPUs on the grid of their chips, others in rows."""

from collections.abc import Collection, Sequence

from jaxtour.engine.messages import Device
from jaxtour.render.text.spans import Line, Span, Style

_CHIP_ROWS = 4
_GRID = 64
"""The largest number of devices drawn on a grid."""

Place = tuple[int, int, int, int]
"""Row, first column, the column after the last, and the device's id."""


def draw_chips(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]]:
    """Return the devices' numbers and their places; brackets mark the devices that hold the value.

    The device under the cursor differs by more than its colour.
    """
    return _grid(devices, holding, cursor, width) or _rows(devices, holding, cursor, width)


def _rows(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]]:
    """Draw as many devices per row as fit, in at most `_CHIP_ROWS` rows."""
    digits = max((len(str(device.id)) for device in devices), default=1)
    each = max(1, (width + 1) // (digits + 3))
    lines: list[Line] = []
    places: list[Place] = []
    for start in range(0, min(len(devices), each * _CHIP_ROWS), each):
        row: list[Span] = []
        for place, device in enumerate(devices[start : start + each]):
            row += [(" ", "")] if row else []
            row.append(_chip(device, digits, holding, cursor))
            places.append((len(lines), place * (digits + 3), place * (digits + 3) + digits + 2, device.id))
        lines.append(tuple(row))
    return lines, places


def _grid(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]] | None:
    """Draw x to the right, y down, and each z as a block beside the last; None if that does not help or fit."""
    spots: dict[tuple[int, int, int], list[Device]] = {}
    for device in devices:
        if device.coords is None or len(device.coords) != 3:
            return None
        spots.setdefault((device.coords[0], device.coords[1], device.coords[2]), []).append(device)
    if not 1 < len(devices) <= _GRID:
        return None
    xs, ys, zs = ([*range(min(axis), max(axis) + 1)] for axis in zip(*spots, strict=True))
    digits = max(len(str(device.id)) for device in devices)
    cores = max(map(len, spots.values()))
    chip = cores * (digits + 2)
    block = len(xs) * (chip + 1) - 1
    if len(ys) == 1 and len(zs) == 1 and cores == 1:
        return None
    if len(xs) * len(ys) * len(zs) > _GRID or len(zs) * (block + 3) - 3 > width:
        return None
    lines: list[Line] = []
    places: list[Place] = []
    if len(zs) > 1:
        lines.append((("".join(f"z={z}".ljust(block + 3) for z in zs).rstrip(), "muted"),))
    for y in ys:
        row: list[Span] = []
        column = 0
        for z in zs:
            row += [("   ", "")] if row else []
            column += 3 if z != zs[0] else 0
            for x in xs:
                if x != xs[0]:
                    row.append((" ", ""))
                    column += 1
                there = sorted(spots.get((x, y, z), []), key=lambda device: device.core or 0)
                for device in there:
                    row.append(_chip(device, digits, holding, cursor))
                    places.append((len(lines), column, column + digits + 2, device.id))
                    column += digits + 2
                missing = chip - len(there) * (digits + 2)
                row += [(" " * missing, "")] if missing else []
                column += missing
        lines.append(tuple(row))
    return lines, places


def _chip(device: Device, digits: int, holding: Collection[int], cursor: int | None) -> Span:
    number = f"{device.id:>{digits}}"
    held = device.id in holding
    if device.id == cursor:
        return f"‹{number}›" if held else f"›{number} ", "mark"
    style: Style = "chip-on" if held else "chip" if device.local else "faint"
    return f"[{number}]" if held else f" {number} ", style
