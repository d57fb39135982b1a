"""A profile as the JSON that `jaxtour profile --json` prints."""

from collections.abc import Sequence
from typing import Any

import msgspec

from jaxtour.engine.memory_record import memory_record
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.profile import Profile, bound, line_times, peak_of, spans_of
from jaxtour.engine.wire.timings import Peak

VERSION = 1


def profile_record(profile: Profile, peaks: Sequence[Peak], hlo: StageText | None = None) -> dict[str, Any]:
    """Return the document, with the memory of `hlo`; its lines' `self_s` and its `unaccounted_s` add up to `wall_s`."""
    peak = peak_of(peaks, profile.platform)
    return {
        "version": VERSION,
        "call": profile.call,
        "wall_s": profile.wall_s,
        "covered_s": profile.covered_s,
        "unaccounted_s": profile.unaccounted_s,
        "lines": [
            {
                "file": time.file,
                "line": time.line,
                "share": time.self_s / profile.wall_s,
                "self_s": time.self_s,
                "forward_s": time.forward_s,
                "backward_s": time.backward_s,
            }
            for time in line_times(profile)
        ],
        "instructions": [
            {
                "name": each.name,
                "opcode": each.opcode,
                "self_s": each.self_s,
                "count": each.count,
                "bound": bound(each, peak),
                "spans": [msgspec.structs.asdict(span) for span in spans_of(profile, each)],
            }
            for each in profile.instructions
        ],
        "memory": memory_record(hlo) if hlo else None,
    }
