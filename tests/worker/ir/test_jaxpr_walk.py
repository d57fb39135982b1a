import ast
import builtins
import itertools
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jaxprs import HEAD, executed, seen

from jaxtour.worker import compat
from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.frames import CAP, encode
from jaxtour.worker.ir import lens, stages
from jaxtour.worker.ir.origins import PIECE, Parsed, Table, pieces, transforms_of
from jaxtour.worker.ir.printed import printed
from jaxtour.worker.ir.walk import Walk, count
from jaxtour.worker.runner.execute import Workspace

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"
LARGE = pytest.param("large/transformer", marks=pytest.mark.conformance)

CODE = """\
@jax.jit
def inner(x):
    return jnp.sin(x) * jnp.cos(x)

def nested(x):
    return inner(x) + inner(2 * x)

def body(carry, row):
    return carry + jnp.tanh(row), carry

def looped(x):
    def outer(carry, row):
        return carry + jax.lax.scan(body, 0.0, row)[0], None
    return jax.lax.scan(outer, 0.0, x)[0]

def chosen(x):
    return jax.lax.cond(x.sum() > 0, lambda y: jnp.sin(y), lambda y: y * 3, x)

@jax.checkpoint
def kept(x):
    return jnp.sin(jnp.sin(x))

@jax.custom_jvp
def ruled(x):
    return jnp.log1p(x)

ruled.defjvp(lambda p, t: (ruled(p[0]), t[0] / (1 + p[0])))

def loss(x):
    return kept(x).sum() + ruled(x).sum()

def backward(x):
    return jax.grad(loss)(x)

def batched(x):
    return jax.vmap(inner)(x)

def statistics(x):
    return jnp.where(x > 0, x, 0.0).var()
"""


def test_every_line_is_of_one_equation_or_of_none():
    found = seen(CODE, "nested(jnp.ones(3))")
    lines = [line for line, _ in found.rows]
    for line, origin in found.rows:
        head = line.partition(" = ")[2].split("[")[0].split(" ")[0]
        if head and not line.lstrip().startswith(("let ", "name=", "jaxpr=")):
            assert origin["name"] == head
    assert not any(";" in line and " = " in line and "lambda" not in line for line in lines)


def test_lines_of_a_nested_jaxpr_have_their_own_equations():
    found = seen(CODE, "looped(jnp.ones((2, 3)))")
    by_line = {line.strip().partition(" = ")[2].split(" ")[0]: origin for line, origin in found.rows}
    assert found.says(by_line["tanh"]["spans"][0]) == "jnp.tanh(row)"
    callers = [found.says(span) for span in by_line["tanh"]["callers"]]
    assert callers == ["jax.lax.scan(body, 0.0, row)", "jax.lax.scan(outer, 0.0, x)"]
    ends = [origin["name"] for line, origin in found.rows if line.strip().startswith("] ")]
    assert [name for name in ends if name != "convert_element_type"] == ["scan", "scan"]


def test_a_shared_jaxpr_belongs_to_all_its_calls():
    found = seen(CODE, "nested(jnp.ones(3))", (("a/b", 99, 1, 99, 5, ""),))
    for origin in found.origins("sin"):
        assert found.says(origin["spans"][0]) == "jnp.sin(x)"
    callers = {found.says(span) for origin in found.origins("sin") for span in origin["callers"] if span[1] < 99}
    assert callers == {"inner(x)", "inner(2 * x)"}
    assert found.walk.equations == 2 * 3 + 4


def test_what_has_no_frame_has_the_place_of_the_call_around_it():
    found = seen(CODE, "statistics(jnp.ones(3))")
    assert "jnp.where(x > 0, x, 0.0)" in found.sources("select_n")
    assert found.sources("square") == ["jnp.where(x > 0, x, 0.0).var()"]
    assert not any(origin.get("unlinked") for _, origin in found.rows)


def test_what_belongs_to_nothing_says_why():
    jaxpr = jax.make_jaxpr(lambda x: jnp.sin(x))(1.0)
    walk = Walk(jaxpr)
    (row,) = walk.table.rows
    assert row["unlinked"] == "it comes from a call outside this code"
    around = ("a/b", 1, 1, 1, 5, "")
    (row,) = Walk(jaxpr, (around,)).table.rows
    assert row["spans"] == (around,)
    assert "unlinked" not in row


@pytest.mark.parametrize(
    ("call", "primitive", "path", "transforms"),
    [
        ("nested(jnp.ones(3))", "cos", "jit(inner)/cos", ("jit",)),
        ("batched(jnp.ones((2, 3)))", "cos", "vmap(jit(inner))/cos", ("vmap", "jit")),
        ("looped(jnp.ones((2, 3)))", "tanh", "while/body/while/body/tanh", ("scan", "scan")),
        ("chosen(jnp.ones(3))", "sin", "cond/branch_1_fun/sin", ("cond",)),
        ("backward(jnp.ones(3))", "log1p", "jvp()/log1p", ("jvp", "custom_jvp")),
        (
            "backward(jnp.ones(3))", "cos", "transpose(jvp(jvp()))/checkpoint/rematted_computation/cos",
            ("transpose", "jvp", "jvp", "checkpoint", "rematted_computation"),
        ),
    ],
)  # fmt: skip
def test_paths_and_transforms(call, primitive, path, transforms):
    origin = seen(CODE, call).origins(primitive)[0]
    assert origin["path"] == path
    assert origin["transforms"] == transforms


@pytest.mark.parametrize(
    ("path", "transforms"),
    [
        ("jit(f)/transpose(jvp(vmap(g)))/while/body/dot_general", ("jit", "transpose", "jvp", "vmap", "while")),
        ("jit(f)/jvp(jit(g))/checkpoint/rematted_computation/sin", ("jit", "jvp", "jit", "checkpoint",
                                                                    "rematted_computation")),
        ("jit(f)/cond/branch_1_fun/sin", ("jit", "cond")),
        ("jit(main)/shard_map/psum", ("jit", "shard_map")),
        ("jit(f)/vmap()/transpose", ("jit", "vmap")),
        ("transpose", ()),
        ("while", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_transforms_of_a_path(path, transforms):
    assert transforms_of(path) == transforms


def test_names_are_those_that_are_printed():
    found = seen(CODE, "looped(jnp.ones((2, 3)))")
    for line, names in zip(found.parsed.texts, found.parsed.names, strict=True):
        outs, _, ins = names.partition("=")
        for name in (*outs.split(), *ins.split()):
            assert re.search(rf"\b{name}\b", line)
        if " = " in line and "[" not in line.partition(" = ")[2]:
            assert ins.split() == [word for word in line.partition(" = ")[2].split()[1:] if word in ins.split()]
    defined = set(itertools.chain.from_iterable(names.partition("=")[0].split() for names in found.parsed.names))
    used = set(itertools.chain.from_iterable(names.partition("=")[2].split() for names in found.parsed.names))
    assert used <= defined


def test_names_of_an_equation_over_several_lines():
    found = seen("def f(x):\n    return x @ x.T\n", "f(jnp.ones((2, 2)))")
    names = dict(zip((line.strip() for line in found.parsed.texts), found.parsed.names, strict=True))
    assert names["{ lambda ; a:f32[2,2]. let"] == "a="
    assert names["c:f32[2,2] = dot_general["] == "c="
    assert names["] a b"] == "=a b"
    assert names["in (c,) }"] == "=c"


def test_names_that_are_wrapped_are_on_the_lines_that_have_them():
    code = "def f(*xs):\n    return jnp.concatenate(xs)\n"
    found = seen(code, f"f({', '.join(['jnp.ones(1234)'] * 40)})")
    for line, names in zip(found.parsed.texts, found.parsed.names, strict=True):
        outs, _, ins = names.partition("=")
        assert all(f"{name}:" in line for name in outs.split())
        assert all(re.search(rf"\b{name}\b", line) for name in ins.split())
    outs = [name for names in found.parsed.names for name in names.partition("=")[0].split()]
    assert len(outs) == len(set(outs)) > 40
    assert {name for names in found.parsed.names for name in names.partition("=")[2].split()} == set(outs)


def test_nested_jaxprs_and_long_equations_fold():
    found = seen(CODE, "looped(jnp.ones((2, 3)))")
    lines = found.parsed.texts
    folded = [(lines[first].strip(), lines[last].strip()) for first, last in found.parsed.folds]
    assert len([1 for first, last in folded if "{ lambda" in first and last.startswith("in (")]) == 2
    assert len([1 for first, last in folded if "= scan[" in first and last.startswith("] ")]) == 2
    assert found.parsed.folds == sorted(found.parsed.folds)
    assert not any(first == 0 for first, _ in found.parsed.folds)


def test_a_parameter_of_several_lines_keeps_the_lines_in_step():
    jaxpr = jax.make_jaxpr(lambda x: jax.lax.reduce_precision(x, 8, 7))(1.0)
    (equation,) = jaxpr.eqns
    equation.params["note"] = "one\ntwo\nthree"
    walk = Walk(jaxpr)
    found = printed(jaxpr, walk)
    assert any("two" in line for line in found.texts)
    assert not any("\n" in line or "\x02" in line for line in found.texts)
    assert len(found.texts) == len(found.lines) == len(found.names)
    names = [walk.table.rows[place].get("name") for place in found.lines]
    assert names[0] is None is names[-1]
    assert set(names[1:-1]) == {"reduce_precision"}


def test_printing_leaves_jax_as_it_was():
    core = pytest.importorskip("jax._src.core")
    before = core.pp_eqn, core.pp_jaxpr_skeleton
    jaxpr = jax.make_jaxpr(lambda x: jnp.sin(x))(1.0)
    text = str(jaxpr)
    assert compat.marked(jaxpr) is not None
    assert (core.pp_eqn, core.pp_jaxpr_skeleton) == before
    assert str(jaxpr) == text


@pytest.mark.conformance
def test_a_long_jaxpr_is_whole_and_each_equation_leads_back_to_its_expression():
    number = 3000
    body = "".join(f"    x = jnp.sin(x) * {each}.5\n" for each in range(number))
    found = seen(f"def f(x):\n{body}    return x\n", "f(1.0)")
    assert len(found.rows) == 2 * number + 2
    sources = [found.says(origin["spans"][0]) for _, origin in found.rows[1:-1]]
    assert sources[0::2] == ["jnp.sin(x)"] * number
    assert sources[1::2] == [f"jnp.sin(x) * {each}.5" for each in range(number)]


def test_jaxprs_in_a_named_tuple_have_lines_of_their_own():
    found = seen("def f(a, b):\n    return jnp.linalg.solve(a, b)\n", "f(jnp.eye(3), jnp.ones(3))")
    nested = [origin["name"] for line, origin in found.rows if line.startswith(" " * 10) and " = " in line]
    assert "dot_general" in nested
    assert {origin.get("name") for _, origin in found.rows} - {None} == found.walk.primitives


def test_equations_are_counted_as_often_as_their_jaxpr_is_used():
    space = executed(HEAD + CODE)
    assert count(jax.make_jaxpr(space["nested"])(jnp.ones(3))) == 10


# Without marks -------------------------------------------------------------------------------------------------------


def test_without_a_printer_that_can_be_watched_there_is_the_text(monkeypatch):
    monkeypatch.setattr(compat, "marked", lambda _: None)
    found = seen(CODE, "looped(jnp.ones((2, 3)))")
    assert any(" = tanh" in line for line, _ in found.rows)
    assert {origin.get("unlinked") for _, origin in found.rows} == {"not available on this version of JAX"}
    [part] = pieces({"event": "stage"}, found.parsed, found.walk.table)
    assert "names" not in part and "equations" not in part and "top" not in part


# Pieces --------------------------------------------------------------------------------------------------------------


def test_a_long_text_travels_in_pieces_that_fit_frames():
    table = Table()
    texts = [f"    a{number}:f32[] = sin b{number} # {'é' * (number % 50)}" for number in range(60_000)]
    lines = [table.add(kind="equation", name="sin", path=f"jit(f)/{number % 7000}") for number in range(60_000)]
    names = [f"a{number}=b{number}" for number in range(60_000)]
    folds = [(10, 20), (9, 59_000), (30_000, 30_001)]
    parsed = Parsed(texts, lines, names, folds, typed=["3"] * 60_000, equations=['[0,["a"]]'] * 60_000, top=1)
    for number in range(60_000):
        parsed.parameters.add(f'{{"axes":[{number % 30_000}]}}', number)
        parsed.jaxprs.append(f"[{number}]", number) if number % 20_000 == 0 else None
    parts = list(pieces({"event": "stage", "index": 3}, parsed, table, cost={"flops": 1.0}))
    assert len(parts) > 3
    assert [(part["part"], part["parts"]) for part in parts] == [(each, len(parts)) for each in range(len(parts))]
    assert all(len(encode(part)) < CAP / 2 for part in parts)
    assert PIECE < CAP / 2
    assert "\n".join(part["text"] for part in parts).split("\n") == texts
    for name in ("names", "typed", "equations"):
        assert "\n".join(part[name] for part in parts).split("\n") == getattr(parsed, name)
    for name in ("parameters", "jaxprs"):
        assert "\n".join(part[name] for part in parts if name in part).split("\n") == getattr(parsed, name).texts
    assert [part.get("top") for part in parts] == [None] * (len(parts) - 1) + [1]
    rows = [row for part in parts for row in part["origins"]]
    assert [rows[place]["path"] for part in parts for place in part["lines"]] == [
        table.rows[place]["path"] for place in lines
    ]
    assert sorted(fold for part in parts for fold in part["folds"]) == sorted(folds)
    assert [part.get("cost") for part in parts] == [None] * (len(parts) - 1) + [{"flops": 1.0}]
    known = 0
    for part in parts:
        known += len(part["origins"])
        assert max(part["lines"]) < known


def test_a_table_has_each_origin_once():
    table = Table()
    first = table.add(kind="equation", name="sin", spans=[("a/b", 1, 1, 1, 2, "")])
    assert table.add(kind="equation", name="sin", spans=[("a/b", 1, 1, 1, 2, "")]) == first
    assert table.add() != first
    assert table.rows[0] == {"kind": "equation", "name": "sin", "spans": (("a/b", 1, 1, 1, 2, ""),)}
    assert table.rows[1] == {}
    alike = {
        table.add(path=path) for path in ("while/body/closed_call/sin", "while/body/eval_jaxpr/sin", "while/body/sin")
    }
    assert len(alike) == 1


# Programs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(builtins, "input", builtins.input)
    monkeypatch.syspath_prepend(str(PROGRAMS))
    space = Workspace(CompileEvents())
    space.install()
    return space


LOWERED_TO_MORE = {"large/transformer": 0.97, "remat": 0.65, "library": 0.7}
"""The share of lowered operations with an equation's path, where some equations lower to several operations."""


@pytest.mark.parametrize("program", [*sorted(path.stem for path in PROGRAMS.glob("*.py")), LARGE])
def test_every_equation_of_a_program_is_linked(workspace, program):
    code = (PROGRAMS / f"{program}.py").read_text()
    outcome = workspace.run(f"p/{program}", "", code)
    assert outcome.error is None
    for written in calls_of(code, f"<jaxtour:p/{program}>"):
        found = lens.shown(lens.jaxpr_of(workspace, written), written.span)
        rows = [found.walk.table.rows[place] for place in found.text.lines]
        equations = [row for row in rows if row.get("kind") == "equation"]
        assert all(row.get("spans") for row in equations)
        assert {row["name"] for row in equations} == set(found.facts["primitives"])
        inside = [span for row in equations for span in (*row["spans"], *row.get("callers", ()))]
        assert {span[0] for span in inside} <= {f"p/{program}", f"p/{program}:setup"}
        lines = code.splitlines()
        assert all(1 <= span[1] <= span[3] <= len(lines) for span in inside)
        assert all(span[4] <= len(lines[span[3] - 1]) + 1 for span in inside)


def calls_of(code, file):
    last = [node.value for node in ast.parse(code).body if isinstance(node, ast.Expr)]
    found = [ast.unparse(node) for node in last if isinstance(node, ast.Call) and "defvjp" not in ast.unparse(node)]
    return [lens.expression(source, code, file) for source in found]


@pytest.mark.parametrize("program", ["cond_closures", "custom_jvp", "custom_vjp", "nested_jit", LARGE, "remat"])
def test_paths_are_those_of_what_is_lowered(workspace, program):
    code = (PROGRAMS / f"{program}.py").read_text()
    workspace.run(f"p/{program}", "", code)
    for written in calls_of(code, f"<jaxtour:p/{program}>"):
        found = lens.shown(lens.jaxpr_of(workspace, written), written.span)
        paths = {row.get("path") for row in found.walk.table.rows}
        table, parsed, _ = stages.staged(workspace, written).stablehlo()
        rows = [table.rows[place] for place in parsed.lines]
        rows = [row for row in rows if row.get("kind") == "instruction" and row["name"] != "stablehlo.constant"]
        lowered = [row["path"] for row in rows if row.get("path")]
        alike = [path for path in lowered if path in paths]
        assert len(alike) >= LOWERED_TO_MORE.get(program, 1.0) * len(lowered)
