"""One call of a profile as rows of events, for a drawing: what ran when on each thread or stream."""

import statistics
from collections.abc import Mapping
from typing import Any

from .events import Ran
from .spent import DeviceThreads

MOST = 20_000
"""The number of events sent, the longest ones; a screen could not show more."""


def timeline(devices: list[DeviceThreads], numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return the fields of a `Timeline`: the call of median length; `numbers` are the rows of instructions."""
    runs = devices[0].runs()
    middle = statistics.median_low(end - start for start, end in runs.values())
    chosen = next(run for run, (start, end) in runs.items() if end - start == middle)
    spans = [device.runs()[chosen] for device in devices if chosen in device.runs()]
    begin, end = min(start for start, _ in spans), max(end for _, end in spans)
    rows: list[tuple[str, int, list[Ran]]] = []
    for device in devices:
        for thread in device.threads:
            events = [ran for ran in thread.events if ran.run == chosen and ran.name in numbers]
            if events:
                rows.append((thread.name, device.number, events))
    rows.sort(key=lambda row: (row[1], row[2][0].start))
    lengths = sorted((ran.end - ran.start for _, _, events in rows for ran in events), reverse=True)
    least = lengths[MOST] if len(lengths) > MOST else -1.0
    told, left_out = [], len(lengths)
    for name, number, events in rows:
        kept = [ran for ran in events if ran.end - ran.start > least]
        left_out -= len(kept)
        told.append(
            {
                "name": name,
                "device": number,
                "starts": [round(ran.start - begin) for ran in kept],
                "lengths": [round(ran.end - ran.start) for ran in kept],
                "instructions": [numbers[ran.name] for ran in kept],
            }
        )
    return {"length_ns": round(end - begin), "threads": told, "left_out": left_out}
