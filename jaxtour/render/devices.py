"""The machine: devices, what they hold, and how full they are."""

from collections.abc import Collection, Mapping, Sequence

from jaxtour.engine.messages import Device, Facts, Value
from jaxtour.render.clean import clean
from jaxtour.render.layout import in_ascii, pad, width_of, wrap
from jaxtour.render.spans import Line, Span, Style, plain_lines
from jaxtour.render.value import devices_of

_CHIP_ROWS = 4
_BAR = 20
_SHORTEST_BAR = 4
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def bytes_text(count: int) -> str:
    """`156 B`, `1.5 KiB`, `24 GiB`: three digits at most, zeros at the end left out."""
    size = float(count)
    unit = 0
    while unit < len(_UNITS) - 1 and size >= 1023.5:
        size /= 1024
        unit += 1
    number = f"{size:.0f}" if size >= 100 else f"{float(f'{size:.3g}'):g}"
    return f"{number} {_UNITS[unit]}"


def device_lines(
    facts: Facts,
    width: int,
    value: Value | None = None,
    ascii: bool = False,  # noqa: A002 - the callers' word
) -> list[Line]:
    """The platforms with their devices, those that hold the value in brackets; memory; what is not at its default."""
    lines: list[Line] = []
    living = set(value.devices) if value else set()
    host = host_text(facts)
    for number, platform in enumerate(_platforms(facts)):
        devices = [device for device in facts.devices if device.platform == platform]
        name = clean(platform, keep_newlines=False)
        spans: list[Span] = [
            ("●" if number == 0 else "○", "success" if number == 0 else "muted"),
            (f" {name}", "strong"),
        ]
        if len(devices) > 1:
            spans.append((f" ×{len(devices)}", "muted"))
        if any(device.simulated for device in devices):
            spans.append((" simulated", "warning"))
        kinds = [kind for kind in dict.fromkeys(device.kind for device in devices) if kind.lower() != platform]
        about = [clean(", ".join(kinds), keep_newlines=False)] if kinds else []
        if platform == "cpu":
            about, host = [*about, host], ""
        if number == 0:
            about.append(f"jax {clean(facts.jax, keep_newlines=False)}")
        lines += _spread([*spans], [(text, "muted") for text in about if text], width)
        after = _after(facts, value) if number == 0 else []
        holding = living.intersection(f"{platform}:{device.id}" for device in devices)
        lines += _chips(devices, holding, after, width)
        lines += _memory(devices, width)
    if host:
        lines += wrap([(f"host  {host}", "muted")], width, indent="  ")
    if facts.flags:
        flags = (clean(f"{name} {setting}", keep_newlines=False) for name, setting in facts.flags.items())
        lines += wrap([(" · ".join(flags), "warning")], width, indent="  ")
    return in_ascii(lines, ascii)


def host_text(facts: Facts) -> str:
    """`AMD EPYC, 2 cores, 24 GiB`."""
    host = facts.host
    cores = f"{host.cores} core" if host.cores == 1 else f"{host.cores} cores"
    parts = (clean(host.cpu, keep_newlines=False), cores, bytes_text(host.memory_bytes))
    return ", ".join(part for part in parts if part)


def devices_table(facts: Facts) -> str:
    """As plain text, a row for each device under a line for the versions and one for the host."""
    versions = f"jax {facts.jax}  jaxlib {facts.jaxlib}  numpy {facts.numpy}  Python {facts.python}"
    lines: list[Line] = [((clean(versions, keep_newlines=False), "strong"),), ((f"host {host_text(facts)}", ""),), ()]
    heads = ("id", "platform", "kind", "process", "coords", "memory")
    rows = [heads, *(_row(device) for device in facts.devices)]
    shown = [index for index in range(len(heads)) if index < 3 or any(row[index] for row in rows[1:])]
    sizes = [max(width_of(row[index]) for row in rows) for index in shown]
    for number, row in enumerate(rows):
        cells = [pad(row[index], size, right=index == 0) for index, size in zip(shown, sizes, strict=True)]
        lines.append((("  ".join(cells).rstrip(), "" if number else "muted"),))
    return plain_lines(lines)


def _row(device: Device) -> tuple[str, ...]:
    memory = device.memory or {}
    used, limit = memory.get("bytes_in_use"), memory.get("bytes_limit")
    texts = [bytes_text(count) for count in (used, limit) if count is not None]
    kind = clean(device.kind, keep_newlines=False) + (" (simulated)" if device.simulated else "")
    coords = ",".join(map(str, device.coords)) if device.coords is not None else ""
    process = str(device.process) if device.process else ""
    return str(device.id), clean(device.platform, keep_newlines=False), kind, process, coords, " of ".join(texts)


def _platforms(facts: Facts) -> list[str]:
    """The default one first, then the others that have devices."""
    return list(dict.fromkeys([*facts.platforms, *(device.platform for device in facts.devices)]))


def _after(facts: Facts, value: Value | None) -> list[Span]:
    """What stands behind the devices: where the value lives, and what is alive."""
    spans: list[Span] = []
    if value and value.devices:
        spans.append((f"value lives on {devices_of(value.devices)}", "muted"))
    if facts.live_arrays:
        unit = "array" if facts.live_arrays == 1 else "arrays"
        spans.append((f"live {facts.live_arrays} {unit}, {bytes_text(facts.live_bytes)}", "muted"))
    return spans


def _chips(devices: Sequence[Device], holding: Collection[str], after: list[Span], width: int) -> list[Line]:
    """The devices' numbers, as many to a row as fit, and what stands behind them."""
    if not after and len(devices) == 1 and not holding:
        return []
    digits = max((len(str(device.id)) for device in devices), default=1)
    each = max(1, (width + 1) // (digits + 3))
    rows: list[list[Span]] = []
    for start in range(0, min(len(devices), each * _CHIP_ROWS), each):
        row: list[Span] = []
        for device in devices[start : start + each]:
            held = f"{device.platform}:{device.id}" in holding
            number = f"{device.id:>{digits}}"
            style: Style = "chip-on" if held else "chip"
            row += [(" ", ""), (f"[{number}]" if held else f" {number} ", style)]
        rows.append(row[1:])
    hidden = len(devices) - each * _CHIP_ROWS
    if hidden > 0:
        after = [(f"… {hidden} more devices", "muted"), *after]
    return [*map(tuple, rows[:-1]), *_spread(rows[-1] if rows else [], after, width)]


def _spread(first: list[Span], parts: Sequence[Span], width: int) -> list[Line]:
    """The parts behind the first with wide gaps, on the next line where there is no room."""
    lines: list[list[Span]] = [first]
    for text, style in parts:
        row = lines[-1]
        used = width_of(tuple(row))
        if not row or used + 3 + width_of(text) <= width:
            row += [("   ", ""), (text, style)] if row else [(text, style)]
        else:
            lines.append([("  ", ""), (text, style)])
    return [fitted for row in lines for fitted in wrap(row, width, indent="  ") if fitted]


def _memory(devices: Sequence[Device], width: int) -> list[Line]:
    """A bar for each device that tells its memory: in use of the limit, and the peak."""
    told = [(device.id, device.memory) for device in devices if device.memory and device.memory.get("bytes_limit")]
    texts = [_use(memory) for _, memory in told]
    digits = max((len(str(number)) for number, _ in told), default=1)
    widest = max(map(width_of, texts), default=0)
    length = min(_BAR, width - digits - widest - 5)
    lines: list[Line] = []
    for (number, memory), text in zip(told, texts, strict=True):
        spans: list[Span] = [(f" {number:>{digits}}  ", "muted")]
        if length >= _SHORTEST_BAR:
            used, limit = memory.get("bytes_in_use", 0), memory["bytes_limit"]
            full = min(length, -(-used * length // limit))
            spans += [("━" * full, "bar"), ("─" * (length - full), "bar-muted"), ("  ", "")]
        lines += wrap([*spans, (text, "muted")], width, indent="  ")
    return lines


def _use(memory: Mapping[str, int]) -> str:
    """`7 GiB of 139 GiB, peak 20 GiB`, with the first number as wide as any is."""
    text = f"{bytes_text(memory.get('bytes_in_use', 0)):>8} of {bytes_text(memory['bytes_limit'])}"
    peak = memory.get("peak_bytes_in_use")
    return text if peak is None else f"{text}, peak {bytes_text(peak)}"
