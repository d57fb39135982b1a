"""Ladders align real compositions from the worker's levels, and every jaxpr with itself."""

import json
import re

import jax.numpy as jnp
import pytest
from compositions import levels
from jax import lax
from recorded import assembled_of, events, every, recorded, traced
from stages import VERSIONS

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import Stage
from jaxtour.render.ir.equations import jaxpr_of
from jaxtour.render.ir.ladder import SIDE_BY_SIDE, ladder_lines, ladder_rows, ladder_words
from jaxtour.render.text.layout import plain, width_of

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
    return [equation.name for equation in every(jaxpr_of(stage))]


def test_grad_keeps_every_equation_of_the_function(version):
    found = levels("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    *same, result = [row for row in rows if row.left is not None]
    assert {row.kind for row in same} == {"same"}
    assert names(found["grad(f)"], same[1:]) == primitives(found["f"])
    assert result.words == ("f32[] -> f32[2]",)
    added = of_kind(rows, "added")
    assert len(added) == len(primitives(found["grad(f)"])) - len(primitives(found["f"])) > 4
    assert not of_kind(rows, "removed")


def test_vmap_changes_shapes_and_dimension_numbers_only(version):
    found = levels("grad vmap jit", version)
    rows = ladder_rows(found["grad(f)"], found["vmap(grad(f))"])
    assert {row.kind for row in rows} == {"changed"}
    assert len(rows) == len(primitives(found["grad(f)"])) + 2
    for words in (word for row in rows for word in row.words):
        assert TYPES.fullmatch(words) or words.startswith("dimension_numbers ((")
    dots = [row for row in rows[1:-1] if found["vmap(grad(f))"].origin_of(row.right).name == "dot_general"]
    assert len(dots) == 2 and all(len(row.words) == 2 for row in dots)


def test_jit_is_one_equation_around_all_others(version):
    found = levels("grad vmap jit", version)
    rows = ladder_rows(found["vmap(grad(f))"], found["jit(vmap(grad(f)))"])
    [added] = of_kind(rows, "added")
    assert found["jit(vmap(grad(f)))"].origin_of(added.right).name == "jit"
    assert {row.kind for row in rows if row is not added} == {"same"}
    assert ladder_words(rows) == f"{len(rows) - 1} same, 1 added"


def test_checkpoint_is_one_equation_too(version):
    found = levels("scan", version)
    rows = ladder_rows(found["last"], found["checkpoint(last)"])
    assert [row.kind for row in rows if row.kind != "same"] == ["added"]


def test_equations_inside_a_jitted_function_take_part(version):
    found = levels("nested jit", version)
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
    assert any("now passes through broadcast_in_dim" in word for row in batched for word in row.words)


def test_the_backward_pass_of_a_scan_is_added(version):
    found = levels("scan", version)
    rows = ladder_rows(found["last"], found["grad(last)"])
    assert not of_kind(rows, "removed")
    added = names(found["grad(last)"], of_kind(rows, "added"))
    assert added[0] == "scan"
    assert rows[-1].words == ("different results",)


def test_a_larger_model_keeps_every_equation_under_grad(version):
    found = levels("block", version)
    rows = ladder_rows(found["block"], found["grad(block)"])
    assert not of_kind(rows, "removed")
    kept = [row for row in rows[1:-1] if row.left is not None]
    assert names(found["grad(block)"], kept) == primitives(found["block"])
    assert {row.kind for row in kept if found["grad(block)"].origin_of(row.right).name != "jit"} == {"same"}


def programs():
    return [
        pytest.param(stage, events(name, version), id=f"{version} {name}")
        for version in VERSIONS
        for name, _, stage in recorded("jaxpr", version)
    ]


def renamed(event):
    """Return an event with every variable renamed."""

    def other(name):
        return name if name == "_" or ":" in name else f"{name}_x"

    def of_equation(row):
        operands, bound = [*row, None, None][1], [*row, *[None] * 4][3]
        row[1:2] = [operands and list(map(other, operands))] if len(row) > 1 else []
        row[3:4] = [bound and [[other(name), place] for name, place in bound]] if len(row) > 3 else []
        return row

    def of_jaxpr(row):
        line, ends, *bound, outputs = row
        return [
            line,
            ends,
            *([[other(name), place] for name, place in each] for each in bound),
            list(map(other, outputs)),
        ]

    def rows(text, change):
        return "\n".join(json.dumps(change(json.loads(row))) if row else "" for row in text.split("\n"))

    return {
        **event,
        "names": re.sub(r"[^\s=]+", lambda found: other(found[0]), event["names"]),
        "equations": rows(event["equations"], of_equation),
        "jaxprs": rows(event["jaxprs"], of_jaxpr),
    }


@pytest.mark.parametrize(("stage", "told"), programs())
def test_another_name_is_no_change(stage, told):
    rows = ladder_rows(stage, assembled_of(map(renamed, told)))
    assert {row.kind for row in rows} == {"same"}, [row for row in rows if row.kind != "same"]
    assert len(rows) == len(primitives(stage)) + 2
    assert all(row.left == row.right for row in rows)


def small(function):
    return traced(function, jnp.ones(2), jnp.ones(2))


def again(x):
    """Add an equation that reshapes to the same shape."""
    return lax.reshape_p.bind(x, new_sizes=(2,), dimensions=None, sharding=None)


def test_what_changed_is_told_in_words():
    lower = small(lambda a, b: jnp.sin(a) - b)
    assert ladder_rows(lower, small(lambda a, b: b - jnp.sin(a)))[2].words == (
        "operand 1 is a different value, b",
        "operand 2 is a different value, c",
    )
    literal = ladder_rows(lower, small(lambda a, b: jnp.sin(a) - 1.0))[2]
    assert literal.words == ("operand 2 b -> 1.0:f32[]",)
    through = small(lambda a, b: again(jnp.sin(a)) - b)
    rows = ladder_rows(lower, through)
    assert [row.kind for row in rows] == ["same", "same", "added", "changed", "same"]
    assert rows[3].words == ("d now passes through reshape",)
    back = ladder_rows(through, lower)
    assert [row.kind for row in back] == ["same", "same", "removed", "changed", "same"]
    assert back[3].words == ("c no longer passes through reshape",)


def test_parameters_that_came_went_and_changed():
    plain_dot = small(jnp.dot)
    exact = small(lambda a, b: jnp.dot(a, b, precision="highest"))
    [came] = ladder_rows(plain_dot, exact)[1].words
    assert came.startswith("precision (") or came == "with precision"
    assert ladder_rows(exact, plain_dot)[1].words == ("no precision",)
    sums = [traced(lambda x, axis=axis: x.sum(axis), jnp.ones((2, 2))) for axis in (0, 1)]
    assert ladder_rows(*sums)[1].words == ("axes (0,) -> (1,)",)


def test_an_equation_that_is_gone_is_removed():
    rows = ladder_rows(small(lambda a, b: (jnp.sin(a), jnp.cos(b))[1]), small(lambda a, b: jnp.cos(b)))
    assert [row.kind for row in rows] == ["same", "removed", "same", "same"]
    assert (rows[1].left, rows[1].right) == (1, None)


def test_other_results_are_told():
    lower = small(lambda a, b: (jnp.sin(a), jnp.cos(b))[1])
    assert ladder_rows(lower, small(lambda a, b: (jnp.sin(a), jnp.cos(b))[0]))[-1].words == ("different results",)
    assert ladder_rows(lower, small(lambda a, b: (jnp.sin(a), jnp.cos(b))))[-1].words == ("1 result -> 2",)


def test_what_is_no_jaxpr_has_no_rows():
    nothing = assembled(None, Stage(run=1, index=0, stage="jaxpr", text="nothing"))
    assert ladder_rows(nothing, small(lambda a, b: jnp.sin(a))) == []
    assert ladder_words([]) == ""


@pytest.mark.parametrize("width", [20, 40, 80, SIDE_BY_SIDE - 1, SIDE_BY_SIDE, 200])
def test_lines_fit(width, version):
    found = levels("nested jit", version)
    rows = ladder_rows(found["outer"], found["vmap(grad(outer))"])
    shown = ladder_lines(rows, width)
    assert len(shown) >= len(rows)
    assert max(map(width_of, shown)) <= width


def test_signs_are_in_front_of_equations():
    lower = small(lambda a, b: (jnp.sin(a), jnp.cos(b))[1])

    def upper_function(a, b):
        jnp.exp(result := jnp.cos(b))
        return result

    upper = small(upper_function)
    rows = ladder_rows(lower, upper)
    assert [plain(line)[:4] for line in ladder_lines(rows, 80)] == ["   l", "-  _", "   c", "+  _", "   i"]


def test_operands_are_seen_where_parameters_leave_no_room(version):
    found = levels("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    lines = [plain(line) for line in ladder_lines(rows, 60)]
    assert "   c:f32[] = dot_general[…] a b" in lines


def test_both_levels_stand_beside_each_other_in_a_wide_terminal(version):
    found = levels("grad vmap jit", version)
    rows = ladder_rows(found["f"], found["grad(f)"])
    lines = [plain(line) for line in ladder_lines(rows, 160)]
    [tanh] = [line for line in lines if "tanh" in line]
    assert tanh.count("tanh") == 2
    assert [line for line in lines if line[: 160 // 2 - 4].strip() == "" and "+" in line]
