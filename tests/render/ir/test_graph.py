"""Graphs of real jaxprs, read back from their characters."""

import re
import string
import subprocess
import sys

import pytest
from compositions import levels
from recorded import program, recorded, traced
from stages import VERSIONS
from wires import connected

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import Stage
from jaxtour.render.ir.graph import MOST_EQUATIONS, graph, opening
from jaxtour.render.text.layout import plain, plain_lines


def programs():
    return [
        pytest.param(stage, id=f"{version} {name}")
        for version in VERSIONS
        for name, _, stage in recorded("jaxpr", version)
    ]


def unfolded_all(stage):
    """Return the graph with every inner jaxpr in its place."""
    lines = set()
    while True:
        drawn = graph(stage, lines)
        more = {node.line for node in drawn.nodes if node.nests} - lines
        if not more:
            return drawn
        lines |= more


def labels(drawn):
    return [node.label for node in drawn.nodes]


@pytest.mark.parametrize("stage", programs())
def test_every_wire_leads_from_node_to_node(stage):
    drawn = graph(stage)
    assert drawn.refusal is None
    assert connected(drawn) == set(drawn.edges)
    whole = unfolded_all(stage)
    assert connected(whole) == set(whole.edges)
    assert len(whole.nodes) >= len(drawn.nodes)


@pytest.mark.parametrize("name", ["grad vmap jit", "nested jit", "scan", "custom", "block"])
def test_what_the_worker_tells_is_drawn(name):
    for stage in levels(name, "0.10.2").values():
        drawn = unfolded_all(stage)
        assert connected(drawn) == set(drawn.edges)
        equations = [node for node in drawn.nodes if node.kind == "equation"]
        assert equations
        for node in equations:
            assert node.label.split(" ")[0] == stage.origin_of(node.line).name


@pytest.mark.parametrize("name", ["quadratic", "grad", "logic", "literals"])
def test_every_variable_that_a_line_uses_is_an_edge(name):
    stage = program(name, "0.10.2")
    drawn = graph(stage)
    defined, wanted = {}, set()
    for line, words in enumerate(re.sub(r":\S+", ":", stage.text).split("\n")):
        left, _, right = re.sub(r"\[.*\]", "", words).rpartition(" in (" if "in (" in words else " = ")
        used = re.findall(r"(?<= )\w+(?![\w:])", right) if " = " in words else re.findall(r"\w+(?!:)", right)
        wanted |= {(defined[name], line) for name in used if name in defined}
        defined |= dict.fromkeys(re.findall(r"(\w+):", left or words), line)
    assert len(wanted) > 3
    assert wanted == {(drawn.nodes[source].line, drawn.nodes[target].line) for source, target in drawn.edges}


def test_inputs_are_on_top_and_outputs_at_the_bottom():
    drawn = graph(program("grad", "0.10.2"))
    assert [node.row for node in drawn.nodes if node.kind == "input"] == [0]
    assert [node.label for node in drawn.nodes if node.kind == "output"] == ["out n:f32[]"]
    assert drawn.nodes[-1].kind == "output"
    assert all(drawn.nodes[source].row < drawn.nodes[target].row for source, target in drawn.edges)


def test_labels_have_literals_in_their_place_and_types():
    drawn = graph(program("grad", "0.10.2"))
    assert {"mul 2.0 · f32[]", "div · 4.0 f32[]", "div 1.0 4.0 f32[]", "sin f32[]", "a:f32[]"} <= set(labels(drawn))


def test_a_nested_jaxpr_is_one_node_until_it_is_unfolded():
    stage = program("scan", "0.10.2")
    folded = graph(stage)
    [scan] = [node for node in folded.nodes if node.nests]
    assert scan.label.startswith("scan ") and scan.label.endswith(" ▸")
    assert stage.texts[scan.line].strip().endswith("= scan[")
    whole = graph(stage, {scan.line})
    opening = next(node for node in whole.nodes if node.kind == "opening")
    closing = next(node for node in whole.nodes if node.kind == "closing")
    assert opening.line == scan.line and opening.nests
    inside = [node for node in whole.nodes if opening.row < node.row < closing.row]
    assert {node.label.split()[0] for node in inside} >= {"mul", "add"}
    assert graph(stage, set()).nodes == folded.nodes


def test_what_holds_all_the_rest_is_unfolded_at_first():
    import jax

    inner = jax.jit(lambda x: jax.lax.fori_loop(0, 3, lambda _, each: each * 2, jax.numpy.sin(x)))
    drawn = opening(traced(jax.jit(lambda x: inner(x)), 1.0))
    assert drawn.unfolded == {1, 4}
    assert [node.label.split()[0] for node in drawn.nodes if node.kind == "equation"] == ["sin", "scan"]
    several = program("scan of grad", "0.10.2")
    assert opening(several).nodes == graph(several).nodes
    assert opening(traced(lambda x: x, 1.0)).unfolded == frozenset()


def test_each_branch_of_a_cond_has_its_own_opening():
    stage = program("cond", "0.10.2")
    [line] = {node.line for node in graph(stage).nodes if node.nests}
    opened = [node.label for node in graph(stage, {line}).nodes if node.kind == "opening"]
    assert [label.split()[:3] for label in opened[1:]] == [["▾", "branches", "0"], ["▾", "branches", "1"]]


def test_a_jaxpr_that_is_printed_apart_unfolds_at_every_use():
    stage = program("shared jaxprs", "0.10.2")
    whole = unfolded_all(stage)
    line = next(at for at, text in enumerate(stage.texts) if "= expm1" in text)
    assert len(whole.nodes_of(line)) == 2


def test_ascii_has_nothing_else():
    drawn = graph(program("selu", "0.10.2"), ascii=True)
    assert set(plain_lines(drawn.lines)) <= set(string.printable)


def chain(count):
    import jax

    def repeated(x):
        for _ in range(count):
            x = jax.numpy.sin(x)
        return x

    return traced(repeated, 1.0)


def test_too_many_equations_are_refused_politely():
    drawn = graph(chain(412))
    assert drawn.refusal == f"412 equations: too many to draw, {MOST_EQUATIONS} at most"
    assert not drawn.lines and not drawn.nodes
    assert graph(chain(MOST_EQUATIONS)).refusal is None


@pytest.mark.parametrize("text", ["HloModule jit_f", ""])
def test_what_is_no_jaxpr_is_refused(text):
    stage = assembled(None, Stage(run=1, index=0, stage="jaxpr", text=text))
    assert graph(stage).refusal == "this stage has no jaxpr"


def test_a_hundred_values_that_trade_places_stay_apart():
    width = 24

    def traded(*values):
        for layer in range(4):
            values = [values[(n * 7 + layer) % width] + values[(n * 5 + 3) % width] for n in range(width)]
        return values

    drawn = graph(traced(traded, *map(float, range(width))))
    assert connected(drawn) == set(drawn.edges)
    assert len(drawn.edges) > 4 * width


def test_arrow_keys_follow_wires_and_rows():
    drawn = graph(program("grad", "0.10.2"))
    sin = labels(drawn).index("sin f32[]")
    below = drawn.neighbour(sin, "down")
    assert drawn.nodes[below].label == "div · 4.0 f32[]"
    assert drawn.neighbour(below, "up") == sin
    right = drawn.neighbour(sin, "right")
    assert drawn.nodes[right].row == drawn.nodes[sin].row and drawn.nodes[right].column > drawn.nodes[sin].column
    assert drawn.neighbour(right, "left") == sin
    assert drawn.neighbour(0, "up") is None and drawn.neighbour(len(drawn.nodes) - 1, "down") is None


def test_every_node_is_reached_with_arrow_keys():
    drawn = graph(program("hessian", "0.10.2"))
    seen, waiting = {0}, [0]
    while waiting:
        place = waiting.pop()
        steps = {drawn.neighbour(place, way) for way in ("up", "down", "left", "right")} - {None}
        waiting += steps - seen
        seen |= steps
    assert seen == set(range(len(drawn.nodes)))


def test_the_layout_library_waits_for_a_drawing():
    code = "import sys, jaxtour.render.ir.graph; print('graphlay' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_column_finds_its_node():
    drawn = graph(program("grad", "0.10.2"))
    for place, node in enumerate(drawn.nodes):
        assert drawn.node_at(node.row, node.column) == place
        assert drawn.node_at(node.row, node.end - 1) == place
        assert plain(drawn.lines[node.row])[node.column : node.end].rstrip() == node.label
    assert drawn.node_at(1) is None
