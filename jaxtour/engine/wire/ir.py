"""The wire's types for the stages of a traced call."""

from typing import Literal, TypeAlias

import msgspec

from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.memory import Memory as Memory
from jaxtour.text import Lines

LineKind: TypeAlias = Literal["equation", "instruction", "other"]


class Span(msgspec.Struct, frozen=True, array_like=True):
    """An expression of source code; lines and columns count from 1, in characters, and the end is exclusive."""

    file: str
    """`lesson/step`, `lesson/step:setup`, or the path of a file."""
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = ""
    """The function that contains it; empty at the top level."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lines of a stage are and where they come from; many lines share one origin."""

    kind: LineKind = "other"
    name: str = ""
    """The primitive, operation or opcode."""
    spans: tuple[Span, ...] = ()
    """The learner's expressions that became this line: one for an equation, all fused ones for a fusion."""
    callers: tuple[Span, ...] = ()
    """The learner's calls around `spans[0]`, innermost first."""
    path: str = ""
    """JAX's name stack and the primitive, the same in all stages: `jit(f)/transpose(jvp())/dot_general`."""
    transforms: tuple[str, ...] = ()
    """Outermost first: `jit`, `vmap`, `jvp`, `transpose`, `checkpoint`, `shard_map`, `scan`, `custom_jvp`..."""
    unlinked: str | None = None
    """Why there are no spans, in a few words; None if there are, and for the kind `other`."""


class Cost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call's cost according to the compiler; None for figures that it does not give."""

    flops: float | None = None
    bytes: float | None = None
    transcendentals: float | None = None
    argument_bytes: int | None = None
    output_bytes: int | None = None
    temporary_bytes: int | None = None
    peak_bytes: int | None = None
    alias_bytes: int | None = None
    code_bytes: int | None = None
    notes: tuple[str, ...] = ()
    """Limits of the figures, a sentence each: `the loop's body is counted 100 times, its trip count`."""


BoundRow: TypeAlias = tuple[str, int]
"""A variable, or `_` if its value is dropped, and the index of its type."""


class EquationRow(msgspec.Struct, frozen=True, array_like=True):
    """An equation of a jaxpr; trailing defaults are left out."""

    parameters: int = 0
    """Their index in the table."""
    operands: tuple[str, ...] | None = None
    """Variables, and literals as `2.0:f32[]`; None if they are the used `names` of the line."""
    more: int = 0
    """The number of lines below its first, nested ones included."""
    outs: tuple[BoundRow, ...] | None = None
    """Its results; None if they are the defined `names` of the line."""
    bodies: tuple[tuple[str, int], ...] = ()
    """The jaxprs in its parameters: the label, `jaxpr` or `branches 1`, and the index in the table."""


class JaxprRow(msgspec.Struct, frozen=True, array_like=True):
    """A jaxpr: the outermost, one inside an equation, or one that several equations use; lines count over all parts."""

    line: int
    outputs_line: int
    constants: tuple[BoundRow, ...]
    inputs: tuple[BoundRow, ...]
    outputs: tuple[str, ...]


class Statistics(msgspec.Struct, frozen=True, array_like=True):
    """What one result of an equation was like, over all its evaluations; complex numbers count by their size."""

    shape: tuple[int, ...]
    dtype: str
    low: float | int | None = None
    """The least finite element; None without one, and for values that are not numeric."""
    high: float | int | None = None
    mean: float | None = None
    """The mean of the finite elements."""
    nan: int = 0
    inf: int = 0
    zeros: float | None = None
    """The share of elements that are zero."""
    subnormal: int = 0
    """Elements below the smallest normal number of the dtype."""
    near: int = 0
    """Finite elements beyond nine tenths of the largest number of the dtype."""


class BirthOperand(msgspec.Struct, frozen=True, kw_only=True):
    """An operand of an equation that made a nan or an inf."""

    shape: tuple[int, ...]
    dtype: str
    index: tuple[int, ...] | None = None
    """The index of the element that became the nan or inf; None if the whole operand counts."""
    value: float | int | str | None = None
    """That element, or a single number; text for what JSON cannot write, as `nan` or `1+2j`."""
    min: float | int | None = None
    max: float | int | None = None


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """The equation that made a nan or an inf from operands without one."""

    primitive: str
    kind: Literal["nan", "inf"]
    spans: tuple[Span, ...] = ()
    direction: Literal["forward", "backward"] | None = None
    """The pass it belongs to; None without differentiation."""
    index: tuple[int, ...] = ()
    """The index of the result's element."""
    iteration: int | None = None
    """The iteration of the innermost loop around it, from 0."""
    loops: int = 0
    """The number of loops around it."""
    operands: tuple[BirthOperand, ...] = ()


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation of a jaxpr found."""

    first: Birth | None = None
    """The first nan or inf."""
    then: Birth | None = None
    """Where that inf became the first nan."""
    met: bool = False
    """Whether any result had a nan or an inf."""
    notes: tuple[str, ...] = ()
    """What was not evaluated equation by equation, and why, a sentence each."""
    heads: int = 0
    """The number of empty lines above the jaxpr: two for each birth, one for none, one a note, one for titles."""
    evaluated: int = 0
    """The number of evaluations of equations."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="stage"):
    """A part of one stage of a traced call: text, and data about each line."""

    run: int
    index: int
    """The index of the trace or of the level."""
    stage: StageName
    level: bool = False
    """Whether it belongs to a ladder."""
    part: int = 0
    parts: int = 1
    text: Lines = ""
    """Whole lines, without the last one's line feed."""
    lines: tuple[int, ...] = ()
    """For each line, the index of its origin in the table of all parts' `origins`."""
    origins: tuple[Origin, ...] = ()
    """The rows that this part adds to the table."""
    names: Lines = ""
    """For each line, the variables that it defines and uses, as printed: `d e=b c`; joined by line feeds.

    A line that begins a jaxpr, a function or a computation defines its inputs. A name may be reused in another jaxpr or
    function: it refers to the nearest definition above in the same one or in one around it.
    """
    typed: Lines = ""
    """For each line, the indices of the types of the variables that it defines: `3 i0 c2`.

    `i` marks an input and `c` a constant; an operation with several results has `1,1`, an unknown type is `-`.
    """
    types: Lines = ""
    """The rows that this part adds to the table of types, as printed; joined by line feeds."""
    equations: Lines = ""
    """For each line of a jaxpr, an `EquationRow` as JSON if an equation begins on it; joined by line feeds."""
    values: Lines = ""
    """For each line of the stage `values`, the `Statistics` of each result of the equation that begins on it, as JSON.

    Empty if it was not evaluated; joined by line feeds.
    """
    parameters: Lines = ""
    """The rows that this part adds to the table of parameters: a JSON object by name; joined by line feeds.

    A parameter is its value, with a list for a tuple; or its text, if the value is not made of numbers, strings and
    tuples; or an object with `text` and `value`, if Python prints the value otherwise. A jaxpr is its name or `{ … }`.
    """
    jaxprs: Lines = ""
    """The rows that this part adds to the table of jaxprs: a `JaxprRow` as JSON each; joined by line feeds."""
    calls: tuple[int, ...] = ()
    """For each line of a jaxpr, 1 + the index of the innermost frame that it comes from; 0 without one."""
    frames: Lines = ""
    """The rows that this part adds to the table of frames, joined by line feeds: `3 0 17 4 l`.

    1 + the index of the frame around, or 0; the file, in `words`; the line; the function, in `words`; and `l` for a
    frame of a library's code. The frames inside JAX are left out.
    """
    words: Lines = ""
    """The files and functions of frames that this part adds; joined by line feeds."""
    top: int | None = None
    """The index of the outermost jaxpr, sent with the last part."""
    folds: tuple[tuple[int, int], ...] = ()
    """First and last line of each fold, counted from 0 over all parts."""
    cost: Cost | None = None
    memory: Memory | None = None
    """The memory, sent with the last part of `hlo`."""
    evaluated: Evaluated | None = None
    """What the evaluation found, sent with the last part of `values`."""
    error: str | None = None
    """Why there is no text, in one line."""


class Hlo(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="hlo"):
    """The opcodes of one traced call, compiled."""

    run: int
    index: int
    opcodes: tuple[str, ...] = ()
    error: str | None = None
