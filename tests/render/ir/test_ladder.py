"""Ladders: real compositions with the worker's levels, and every jaxpr against itself."""

import re

import pytest
from compositions import rungs
from stages import VERSIONS, printed, stage_text

from jaxtour.render.ir.equations import Reader
from jaxtour.render.ir.ladder import ladder_rows, ladder_words
from jaxtour.render.ir.ladder_lines import SIDE_BY_SIDE, ladder_lines
from jaxtour.render.text.layout import width_of
from jaxtour.render.text.spans import plain

TYPES = re.compile(r"\w+\[[\d,]*\] -> \w+\[[\d,]*\]")


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


def of_kind(rows, kind):
    return [row for row in rows if row.kind == kind]


def names(stage, rows):
    """Return the primitives of rows, from the lines of the upper level."""
    return [stage.origin_of(row.right).name for row in rows]


def primitives(stage):
    return [equation.name for equation in Reader(stage).whole().every()]


def test_grad_keeps_every_equation_of_the_function(version):
    found = rungs("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    *same, result = [row for row in rows if row.left is not None]
    assert {row.kind for row in same} == {"same"}
    assert names(found["grad(f)"], same[1:]) == primitives(found["f"])
    assert result.words == ("f32[] -> f32[2]",)
    added = of_kind(rows, "added")
    assert len(added) == len(primitives(found["grad(f)"])) - len(primitives(found["f"])) > 4
    assert not of_kind(rows, "removed")


def test_vmap_changes_shapes_and_dimension_numbers_only(version):
    found = rungs("grad vmap jit", version)
    rows = ladder_rows(found["grad(f)"], found["vmap(grad(f))"])
    assert {row.kind for row in rows} == {"changed"}
    assert len(rows) == len(primitives(found["grad(f)"])) + 2
    for words in (word for row in rows for word in row.words):
        assert TYPES.fullmatch(words) or words.startswith("dimension_numbers ((")
    dots = [row for row in rows[1:-1] if found["vmap(grad(f))"].origin_of(row.right).name == "dot_general"]
    assert len(dots) == 2 and all(len(row.words) == 2 for row in dots)


def test_jit_is_one_equation_around_all_others(version):
    found = rungs("grad vmap jit", version)
    rows = ladder_rows(found["vmap(grad(f))"], found["jit(vmap(grad(f)))"])
    [added] = of_kind(rows, "added")
    assert found["jit(vmap(grad(f)))"].origin_of(added.right).name == "jit"
    assert {row.kind for row in rows if row is not added} == {"same"}
    assert ladder_words(rows) == f"{len(rows) - 1} same, 1 added"


def test_checkpoint_is_one_equation_too(version):
    found = rungs("scan", version)
    rows = ladder_rows(found["last"], found["checkpoint(last)"])
    assert [row.kind for row in rows if row.kind != "same"] == ["added"]


def test_equations_inside_a_jitted_function_take_part(version):
    found = rungs("nested jit", version)
    forward = ladder_rows(found["outer"], found["grad(outer)"])
    assert not of_kind(forward, "removed")
    kept = [row for row in forward[1:-1] if row.left is not None]
    assert names(found["grad(outer)"], kept) == primitives(found["outer"])
    changed = of_kind(forward[1:-1], "changed")
    assert set(names(found["grad(outer)"], changed)) == {"jit"}
    batched = ladder_rows(found["grad(outer)"], found["vmap(grad(outer))"])
    assert not of_kind(batched, "removed")
    added = of_kind(batched, "added")
    assert set(names(found["vmap(grad(outer))"], added)) == {"broadcast_in_dim"}
    assert any("comes through broadcast_in_dim" in word for row in batched for word in row.words)


def test_the_backward_pass_of_a_scan_is_added(version):
    found = rungs("scan", version)
    rows = ladder_rows(found["last"], found["grad(last)"])
    assert not of_kind(rows, "removed")
    added = names(found["grad(last)"], of_kind(rows, "added"))
    assert added[0] == "scan"
    assert rows[-1].words == ("other results",)


def test_a_larger_model_keeps_every_equation_under_grad(version):
    found = rungs("block", version)
    rows = ladder_rows(found["block"], found["grad(block)"])
    assert not of_kind(rows, "removed")
    kept = [row for row in rows[1:-1] if row.left is not None]
    assert names(found["grad(block)"], kept) == primitives(found["block"])
    assert {row.kind for row in kept if found["grad(block)"].origin_of(row.right).name != "jit"} == {"same"}


def programs():
    return [
        pytest.param(jaxpr.rstrip("\n"), id=f"{version} {name}")
        for version in VERSIONS
        for name, _, jaxpr in printed("jaxpr", version)
        if name != "name stack"  # printed with comments, which the worker leaves out
    ]


def renamed(stage, text):
    """Return the text with every variable renamed."""
    jaxprs = [Reader(stage).whole()]
    bound = set()
    for jaxpr in jaxprs:
        bound |= {each.name for each in (*jaxpr.constants, *jaxpr.inputs)}
        for equation in jaxpr.equations:
            bound |= {each.name for each in equation.outs}
            jaxprs += equation.bodies
    every = "|".join(sorted(bound - {"_"}, key=len, reverse=True))
    return re.sub(rf"(?<![\w.='/@<{{-])({every})(?=[:,)\s\[]|$)(?! <-)(?!\[[a-z])", r"\1_x", text) if bound else text


@pytest.mark.parametrize("text", programs())
def test_another_name_is_no_change(text):
    stage = stage_text("jaxpr", text)
    rows = ladder_rows(stage, stage_text("jaxpr", renamed(stage, text)))
    assert {row.kind for row in rows} == {"same"}, [row for row in rows if row.kind != "same"]
    assert len(rows) == len(primitives(stage)) + 2
    assert all(row.left == row.right for row in rows)


def small(*lines, out="d"):
    return stage_text("jaxpr", "\n".join(["{ lambda ; a:f32[2] b:f32[2]. let", *lines, f"  in ({out},) }}"]))


ONE = "    c:f32[2] = sin a"


def test_what_changed_is_told_in_words():
    lower = small(ONE, "    d:f32[2] = sub c b")
    assert ladder_rows(lower, small(ONE, "    d:f32[2] = sub b c"))[2].words == (
        "operand 1 is another value, b",
        "operand 2 is another value, c",
    )
    literal = ladder_rows(lower, small(ONE, "    d:f32[2] = sub c 1.0:f32[]"))[2]
    assert literal.words == ("operand 2 b -> 1.0:f32[]",)
    through = small(ONE, "    e:f32[2] = reshape[new_sizes=(2,)] c", "    d:f32[2] = sub e b")
    rows = ladder_rows(lower, through)
    assert [row.kind for row in rows] == ["same", "same", "added", "changed", "same"]
    assert rows[3].words == ("e comes through reshape",)
    back = ladder_rows(through, lower)
    assert [row.kind for row in back] == ["same", "same", "removed", "changed", "same"]
    assert back[3].words == ("c comes without reshape",)


def test_parameters_that_came_went_and_changed():
    plain_sum, along = "    d:f32[] = reduce_sum a", "    d:f32[] = reduce_sum[axes=(0,)] a"
    assert ladder_rows(small(plain_sum), small(along))[1].words == ("axes (0,)",)
    assert ladder_rows(small(along), small(plain_sum))[1].words == ("no axes",)
    assert ladder_rows(small(along), small(along.replace("0", "1")))[1].words == ("axes (0,) -> (1,)",)


def test_an_equation_that_is_gone_is_removed():
    rows = ladder_rows(small(ONE, "    d:f32[2] = cos b"), small("    d:f32[2] = cos b"))
    assert [row.kind for row in rows] == ["same", "removed", "same", "same"]
    assert (rows[1].left, rows[1].right) == (1, None)


def test_other_results_are_told():
    lower = small(ONE, "    d:f32[2] = cos b")
    assert ladder_rows(lower, small(ONE, "    d:f32[2] = cos b", out="c"))[-1].words == ("other results",)
    assert ladder_rows(lower, small(ONE, "    d:f32[2] = cos b", out="c, d"))[-1].words == ("1 result -> 2",)


def test_what_is_no_jaxpr_has_no_rows():
    assert ladder_rows(stage_text("jaxpr", "nothing"), small(ONE, out="c")) == []
    assert ladder_words([]) == ""


@pytest.mark.parametrize("width", [20, 40, 80, SIDE_BY_SIDE - 1, SIDE_BY_SIDE, 200])
def test_lines_fit_and_lead_to_their_rows(width, version):
    found = rungs("nested jit", version)
    rows = ladder_rows(found["outer"], found["vmap(grad(outer))"])
    shown = ladder_lines(rows, width)
    assert max(map(width_of, shown.lines)) <= width
    assert len(shown.rows) == len(shown.lines)
    assert sorted(set(shown.rows)) == list(range(len(rows)))
    assert shown.rows == sorted(shown.rows)


def test_signs_are_in_front_of_equations():
    rows = ladder_rows(small(ONE, "    d:f32[2] = cos b"), small("    d:f32[2] = cos b", "    e:f32[2] = exp d"))
    assert [plain(line)[:4] for line in ladder_lines(rows, 80).lines] == ["   l", "-  c", "   d", "+  e", "   i"]


def test_operands_are_seen_where_parameters_leave_no_room(version):
    found = rungs("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    lines = [plain(line) for line in ladder_lines(rows, 60).lines]
    assert "   c:f32[] = dot_general[…] a b" in lines


def test_both_rungs_stand_beside_each_other_in_a_wide_terminal(version):
    found = rungs("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    lines = [plain(line) for line in ladder_lines(rows, 160).lines]
    [tanh] = [line for line in lines if "tanh" in line]
    assert tanh.count("tanh") == 2
    assert [line for line in lines if line[: 160 // 2 - 4].strip() == "" and "+" in line]
