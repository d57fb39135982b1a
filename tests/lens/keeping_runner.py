"""The real runner, which also keeps what JAX and XLA write of each stage: `keeping_runner.py options`.

JT_RUNNER is the runner, JT_KEPT a folder for a file for each parsed stage, numbered in order: the shown text, and the
compiler's text with all its locations; for a jaxpr, the equations with their frames from JAX.
"""

import importlib
import importlib.util
import itertools
import json
import os
import sys
from pathlib import Path

from jax._src import source_info_util

NUMBERS = itertools.count()


def main():
    sys.argv[0] = os.environ["JT_RUNNER"]
    spec = importlib.util.spec_from_file_location("runner", sys.argv[0])
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    runner.load_package()
    source_info_util.register_exclusion(__file__)
    stages, lens = (importlib.import_module(f"{runner.PACKAGE}.ir.{name}") for name in ("stages", "lens"))
    stablehlo, hlo, shown = stages.Staged.stablehlo, stages.Staged.hlo, lens.shown

    def lowered(staged):
        found = stablehlo(staged)
        keep("stablehlo", found[1].texts, staged.lowered.as_text(debug_info=True))
        return found

    def compiled(staged):
        found = hlo(staged)
        keep("hlo", found[1].texts, staged.text)
        return found

    def traced(jaxpr, around=None):
        found = shown(jaxpr, around)
        rows = found.walk.table.rows
        told = {}
        for equation, frames, function, around in told_of(getattr(jaxpr, "jaxpr", jaxpr)):
            row = rows[found.walk.place(equation)]
            told.setdefault(id(equation), (row, frames, function, []))[3].extend(around)
        equations = list(told.values())
        keep("jaxpr", found.text.texts, {"equations": equations, **jaxprs_of(getattr(jaxpr, "jaxpr", jaxpr))})
        return found

    stages.Staged.stablehlo, stages.Staged.hlo, lens.shown = lowered, compiled, traced
    runner.main()


def keep(stage, texts, told):
    name = Path(os.environ["JT_KEPT"], f"{os.getpid()}-{next(NUMBERS):05}.json")
    name.write_text(json.dumps({"stage": stage, "text": "\n".join(texts), "told": told}))


def told_of(jaxpr, function="", around=()):
    """Yield each equation, its user frames according to JAX, the function of its jaxpr, and the frames around it."""
    for equation in jaxpr.eqns:
        frames = frames_of(equation.source_info.traceback, function)
        yield equation, frames, function, around
        for inner in nested_in(equation):
            yield from told_of(inner, name_of(inner), (*frames, *around))


def nested_in(equation):
    for value in equation.params.values():
        for inner in value if isinstance(value, (tuple, list)) else [value]:
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                yield inner


def name_of(jaxpr):
    return str(getattr(getattr(jaxpr, "debug_info", None), "func_src_info", ""))


def jaxprs_of(root):
    """Return each jaxpr's equations: primitive, user frames inside the traced function, all of them, nested jaxprs."""
    found, waiting = {}, [(root, "")]
    while waiting:
        jaxpr, name = waiting.pop()
        equations = found[str(id(jaxpr))] = []
        for each in jaxpr.eqns:
            nested = list(nested_in(each))
            frames = [frames_of(each.source_info.traceback, name), frames_of(each.source_info.traceback, None)]
            equations.append((each.primitive.name, *frames, [str(id(inner)) for inner in nested]))
            waiting += [(inner, name_of(inner)) for inner in nested if str(id(inner)) not in found]
    return {"jaxprs": found, "root": str(id(root))}


def frames_of(trace, function):
    """Return the user's frames inside the traced function; all of them, if it is None.

    JAX 0.9.0 also keeps the frames around it, of its first caller. A library function that JAX traced during lowering
    or transposition has the frames of that moment, and none of the function.
    """
    pairs = list(zip(*trace.raw_frames(), strict=True)) if trace is not None else []
    begins = (
        place for place, (code, _) in enumerate(pairs) if code.co_name in ("trace_to_jaxpr", "trace_to_jaxpr_dynamic")
    )
    pairs = pairs if function is None else pairs[: next(begins, None)]
    library = function is not None and "site-packages" in function
    if library and not any(function.endswith(f" at {code.co_filename}:{code.co_firstlineno}") for code, _ in pairs):
        return []
    found = [
        source_info_util.raw_frame_to_frame(code, offset)
        for code, offset in pairs
        if source_info_util.is_user_filename(code.co_filename)
    ]
    return [
        (each.file_name, each.start_line, each.start_column, each.end_line, each.end_column, each.function_name)
        for each in found
    ]


if __name__ == "__main__":
    main()
