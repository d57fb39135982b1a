"""Stages from the worker's own events: of programs in every supported JAX, and of any function in the installed one.

`PYTHON tests/render/recorded.py > tests/render/frames/VERSION.json` records the programs of `jaxprs/generate.py`: by
stage and by program, the primitives and the `stage` events.
"""

import json
import sys
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(FOLDER.parents[1]), str(FOLDER / "jaxprs")]


def events_of_jaxpr(jaxpr):
    from jaxtour.worker.ir import lens

    return list(lens.shown(jaxpr).pieces({"event": "stage", "run": 1, "index": 0, "stage": "jaxpr"}))


def events_of_lowered(stage, lowered):
    from jaxtour.worker.ir import hlo, stablehlo
    from jaxtour.worker.ir.metadata import Sources
    from jaxtour.worker.ir.origins import Table, pieces

    def place(*_):
        """Find no expression: these programs are not a learner's."""

    table = Table()
    module = stablehlo.StableHloReader(lowered.as_text(debug_info=True), place)
    if stage == "hlo":
        parsed = hlo.HloReader(lowered.compile().as_text()).read(table, Sources(place, module.beginning_at, {}))
    else:
        parsed = module.read(table)
    return list(pieces({"event": "stage", "run": 1, "index": 0, "stage": stage}, parsed, table))


def traced(function, *arguments, **origin):
    """Return the stage of a function's jaxpr in the installed JAX; `origin` overrides fields of every origin."""
    import jax

    return assembled_of(events_of_jaxpr(jax.make_jaxpr(function)(*arguments)), **origin)


def assembled_of(events, **origin):
    """Return the stage that events make, decoded as frames are; `origin` overrides fields of every origin."""
    import msgspec

    from jaxtour.engine.guards.client import decode
    from jaxtour.engine.stage import assembled

    stage = None
    for event in events:
        part = decode(json.dumps(event).encode("ascii"))
        origins = tuple(msgspec.structs.replace(each, **origin) for each in part.origins)
        stage = assembled(stage, msgspec.structs.replace(part, origins=origins))
    return stage


@cache
def _frames(version):
    return json.loads((FOLDER / "frames" / f"{version}.json").read_text("utf-8"))


def recorded(stage, version, **origin):
    """Return every program: its name, its primitives, its stage."""
    return [(name, set(primitives), assembled_of(events, **origin))
            for name, (primitives, events) in _frames(version)[stage].items()]  # fmt: skip


def events(name, version, stage="jaxpr"):
    """Return the `stage` events of one program."""
    return _frames(version)[stage][name][1]


def every(jaxpr):
    """Yield all equations of a jaxpr, each before its nested ones."""
    for equation in jaxpr.equations:
        yield equation
        for body in equation.bodies:
            yield from every(body)


def program(name, version, stage="jaxpr", **origin):
    """Return the stage of one program."""
    return assembled_of(events(name, version, stage), **origin)


def main():
    import generate
    import jax

    told = {"jaxpr": {}, "stablehlo": {}, "hlo": {}}
    for name, (function, *arguments) in generate.CASES.items():
        jaxpr = jax.make_jaxpr(function)(*arguments)
        told["jaxpr"][name] = sorted(generate.names(jaxpr.jaxpr)), events_of_jaxpr(jaxpr)
        for stage in ("stablehlo", "hlo") if name in generate.LOWERED else ():
            told[stage][name] = [], events_of_lowered(stage, jax.jit(function).lower(*arguments))
    json.dump(told, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
