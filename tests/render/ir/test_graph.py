"""Graphs of real jaxprs, read back from their characters."""

import re
import string
import subprocess
import sys

import pytest
from compositions import rungs
from stages import VERSIONS, printed, stage_text
from wires import connected

from jaxtour.render.ir.graph import MOST_EQUATIONS, graph, opening
from jaxtour.render.text.spans import plain, plain_lines


def stage_of(text):
    return stage_text("jaxpr", text)


def programs():
    return [
        pytest.param(jaxpr.rstrip("\n"), id=f"{version} {name}")
        for version in VERSIONS
        for name, _, jaxpr in printed("jaxpr", version)
    ]


def program(wanted, version="0.10.2"):
    return next(jaxpr.rstrip("\n") for name, _, jaxpr in printed("jaxpr", version) if name == wanted)


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


@pytest.mark.parametrize("text", programs())
def test_every_wire_leads_from_node_to_node(text):
    drawn = graph(stage_of(text))
    assert drawn.refusal is None
    assert connected(drawn) == set(drawn.edges)
    whole = unfolded_all(stage_of(text))
    assert connected(whole) == set(whole.edges)
    assert len(whole.nodes) >= len(drawn.nodes)


@pytest.mark.parametrize("name", ["grad vmap jit", "nested jit", "scan", "custom", "block"])
def test_what_the_worker_tells_is_drawn(name):
    for stage in rungs(name, "0.10.2").values():
        drawn = unfolded_all(stage)
        assert connected(drawn) == set(drawn.edges)
        equations = [node for node in drawn.nodes if node.kind == "equation"]
        assert equations
        for node in equations:
            assert node.label.split(" ")[0] == stage.origin_of(node.line).name


@pytest.mark.parametrize("name", ["quadratic", "grad", "logic", "literals"])
def test_every_variable_that_a_line_uses_is_an_edge(name):
    text = program(name)
    drawn = graph(stage_of(text))
    defined, wanted = {}, set()
    for line, words in enumerate(re.sub(r":\S+", ":", text).split("\n")):
        left, _, right = re.sub(r"\[.*\]", "", words).rpartition(" in (" if "in (" in words else " = ")
        used = re.findall(r"(?<= )\w+(?![\w:])", right) if " = " in words else re.findall(r"\w+(?!:)", right)
        wanted |= {(defined[name], line) for name in used if name in defined}
        defined |= dict.fromkeys(re.findall(r"(\w+):", left or words), line)
    assert len(wanted) > 3
    assert wanted == {(drawn.nodes[source].line, drawn.nodes[target].line) for source, target in drawn.edges}


def test_inputs_are_on_top_and_outputs_at_the_bottom():
    drawn = graph(stage_of(program("grad")))
    assert [node.row for node in drawn.nodes if node.kind == "input"] == [0]
    assert [node.label for node in drawn.nodes if node.kind == "output"] == ["out n:f32[]"]
    assert drawn.nodes[-1].kind == "output"
    assert all(drawn.nodes[source].row < drawn.nodes[target].row for source, target in drawn.edges)


def test_labels_have_literals_in_their_place_and_types():
    drawn = graph(stage_of(program("grad")))
    assert {"mul 2.0 · f32[]", "div · 4.0 f32[]", "div 1.0 4.0 f32[]", "sin f32[]", "a:f32[]"} <= set(labels(drawn))


def test_a_nested_jaxpr_is_one_node_until_it_is_unfolded():
    text = program("scan")
    stage = stage_of(text)
    folded = graph(stage)
    [scan] = [node for node in folded.nodes if node.nests]
    assert scan.label.startswith("scan ") and scan.label.endswith(" ▸")
    assert text.split("\n")[scan.line].strip().endswith("= scan[")
    whole = graph(stage, {scan.line})
    opening = next(node for node in whole.nodes if node.kind == "opening")
    closing = next(node for node in whole.nodes if node.kind == "closing")
    assert opening.line == scan.line and opening.nests
    inside = [node for node in whole.nodes if opening.row < node.row < closing.row]
    assert {node.label.split()[0] for node in inside} >= {"mul", "add"}
    assert graph(stage, set()).nodes == folded.nodes


JITTED = """\
{ lambda ; a:f32[]. let
    b:f32[] = jit[
      name=outer
      jaxpr={ lambda ; a:f32[]. let
          b:f32[] = jit[
            name=inner
            jaxpr={ lambda ; a:f32[]. let c:f32[] = sin a; b:f32[] = scan[length=3] c in (b,) }
          ] a
        in (b,) }
    ] a
  in (b,) }"""


def test_what_holds_all_the_rest_is_unfolded_at_first():
    drawn = opening(stage_of(JITTED))
    assert drawn.unfolded == {1, 4}
    assert [node.label.split()[0] for node in drawn.nodes if node.kind == "equation"] == ["sin", "scan"]
    several = stage_of(program("scan of grad"))
    assert opening(several).nodes == graph(several).nodes
    assert opening(stage_of("{ lambda ; a:f32[]. let  in (a,) }")).unfolded == frozenset()


def test_each_branch_of_a_cond_has_its_own_opening():
    stage = stage_of(program("cond"))
    [line] = {node.line for node in graph(stage).nodes if node.nests}
    opened = [node.label for node in graph(stage, {line}).nodes if node.kind == "opening"]
    assert [label.split()[:3] for label in opened[1:]] == [["▾", "branches", "0"], ["▾", "branches", "1"]]


def test_a_jaxpr_that_is_printed_apart_unfolds_at_every_use():
    stage = stage_of(program("shared jaxprs"))
    whole = unfolded_all(stage)
    line = next(at for at, text in enumerate(stage.texts) if "= expm1" in text)
    assert len(whole.nodes_of(line)) == 2


def test_ascii_has_nothing_else():
    drawn = graph(stage_of(program("selu")), ascii=True)
    assert set(plain_lines(drawn.lines)) <= set(string.printable)


def chain(count):
    lines = [f"    v{n + 1}:f32[] = sin v{n}" for n in range(count)]
    return "\n".join(["{ lambda ; v0:f32[]. let", *lines, f"  in (v{count},) }}"])


def test_too_many_equations_are_refused_politely():
    drawn = graph(stage_of(chain(412)))
    assert drawn.refusal == f"412 equations: too many to draw, {MOST_EQUATIONS} at most"
    assert not drawn.lines and not drawn.nodes
    assert graph(stage_of(chain(MOST_EQUATIONS))).refusal is None


def test_what_is_no_jaxpr_is_refused():
    assert graph(stage_of("HloModule jit_f")).refusal == "this text has no jaxpr"
    assert graph(stage_of("")).refusal == "this text has no jaxpr"


def test_a_hundred_values_that_trade_places_stay_apart():
    width = 24
    names = [f"a{n}" for n in range(width)]
    head = "{ lambda ; " + " ".join(f"{name}:f32[]" for name in names) + ". let"
    lines = []
    for layer in range(4):
        new = [f"{'bcde'[layer]}{n}" for n in range(width)]
        lines += [
            f"    {name}:f32[] = add {names[(n * 7 + layer) % width]} {names[(n * 5 + 3) % width]}"
            for n, name in enumerate(new)
        ]
        names = new
    drawn = graph(stage_of("\n".join([head, *lines, f"  in ({', '.join(names)}) }}"])))
    assert connected(drawn) == set(drawn.edges)
    assert len(drawn.edges) > 4 * width


def test_arrow_keys_follow_wires_and_rows():
    drawn = graph(stage_of(program("grad")))
    sin = labels(drawn).index("sin f32[]")
    below = drawn.neighbour(sin, "down")
    assert drawn.nodes[below].label == "div · 4.0 f32[]"
    assert drawn.neighbour(below, "up") == sin
    right = drawn.neighbour(sin, "right")
    assert drawn.nodes[right].row == drawn.nodes[sin].row and drawn.nodes[right].column > drawn.nodes[sin].column
    assert drawn.neighbour(right, "left") == sin
    assert drawn.neighbour(0, "up") is None and drawn.neighbour(len(drawn.nodes) - 1, "down") is None


def test_every_node_is_reached_with_arrow_keys():
    drawn = graph(stage_of(program("hessian")))
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
    drawn = graph(stage_of(program("grad")))
    for place, node in enumerate(drawn.nodes):
        assert drawn.node_at(node.row, node.column) == place
        assert drawn.node_at(node.row, node.end - 1) == place
        assert plain(drawn.lines[node.row])[node.column : node.end].rstrip() == node.label
    assert drawn.node_at(1) is None
