"""An equation begins where it should, and the right lines continue it."""

import pytest

from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Origin, Span, Stage
from jaxtour.render.ir.gutter import head, is_continued
from jaxtour.render.ir.highlight import stage_lines
from jaxtour.render.text.layout import plain

OUTER = Origin(kind="equation", name="scan", spans=(Span("f", 1, 1, 1, 9),))
INNER = Origin(kind="equation", name="solve", spans=(Span("f", 2, 5, 2, 9),))
NONE = Origin()

# Each line with its origin, the names that it defines, and whether an equation begins on it.
JAXPR = (
    ("{ lambda ; a:f32[]. let", NONE, "a", False),
    ("    b:f32[] c:f32[]", OUTER, "b c", True),
    ("      d:f32[] = scan[", OUTER, "d", False),
    ("      jaxpr={ lambda ; e:f32[] f:f32[]", OUTER, "e f", False),
    ("          g:f32[]. let", OUTER, "g", False),
    ("          h:f32[] = solve[", INNER, "h", True),
    ("            lower=True", INNER, "", False),
    ("          ] e f", INNER, "", False),
    ("          i:f32[] = solve[", INNER, "i", True),
    ("            lower=False", INNER, "", False),
    ("          ] h f", INNER, "", False),
    ("        in (i, h) }", OUTER, "", False),
    ("      length=4", OUTER, "", False),
    ("    ] a a", OUTER, "", False),
    ("    j:f32[] = scan[length=2] b c", OUTER, "j", True),
    ("  in (j,) }", NONE, "", False),
)
CASE = (
    ("  func.func public @main(%arg0: tensor<i32>) {", NONE, "%arg0", False),
    ('    %0 = "stablehlo.case"(%arg0) ({', OUTER, "%0", True),
    ("      %1 = stablehlo.sine %arg0", INNER, "%1", True),
    ("    }, {", OUTER, "", False),
    ("    ^bb0(%arg1: tensor<i32>):", OUTER, "%arg1", False),
    ("      %1 = stablehlo.sine %arg1", INNER, "%1", True),
    ("    }) : (tensor<i32>) -> tensor<i32>", OUTER, "", False),
    ("  }", NONE, "", False),
)


def stage_of(stage: StageName, rows: tuple[tuple[str, Origin, str, bool], ...]) -> StageText:
    origins = tuple(dict.fromkeys(origin for _, origin, _, _ in rows))
    part = Stage(
        run=1, index=0, stage=stage, text="\n".join(text for text, *_ in rows),
        lines=tuple(origins.index(origin) for _, origin, _, _ in rows), origins=origins,
        names="\n".join(f"{names}=" for _, _, names, _ in rows),
    )  # fmt: skip
    return assembled(None, part)


@pytest.mark.parametrize(("name", "rows"), [("jaxpr", JAXPR), ("stablehlo", CASE)])
def test_an_equation_begins_once_whatever_is_nested_in_it(
    name: StageName, rows: tuple[tuple[str, Origin, str, bool], ...]
) -> None:
    stage = stage_of(name, rows)
    begun = [line for line in range(len(rows)) if stage.origin_of(line).spans and not is_continued(stage, line)]
    assert begun == [line for line, row in enumerate(rows) if row[3]]
    for line, (_, origin, _, _) in enumerate(rows):
        if origin.spans:
            assert head(stage, line) == max(first for first in begun if first <= line and rows[first][1] is origin)


def test_what_is_printed_has_the_place_where_an_equation_begins() -> None:
    shown = [plain(line) for line in stage_lines(stage_of("jaxpr", JAXPR), "f")]
    assert [line[:3].strip() for line in shown] == [
        f"{origin.spans[0].line}:{origin.spans[0].column}" if begins else "" for _, origin, _, begins in JAXPR
    ]
