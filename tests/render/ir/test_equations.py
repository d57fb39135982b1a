"""What the worker sends about equations besides their text agrees with the text, and unknown parts are ignored."""

import re

import msgspec
import pytest
from recorded import events_of_jaxpr, every, program, recorded, traced
from stages import VERSIONS

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import Stage
from jaxtour.render.ir.equations import Jaxpr, equation_at, jaxpr_of

ARROWS = {"get", "swap", "addupdate"}


def all_of(stage):
    return list(every(jaxpr_of(stage)))


def alike(text):
    """Return a text as every release prints it: an empty set, an address."""
    return re.sub(r" at 0x[0-9a-f]+", " at 0xXXXXXXXXXXXX", text).replace("frozenset({})", "frozenset()")


def agree(stage):
    """Check that the text agrees with what is sent about each equation; returns the number of equations."""
    count = 0
    for equation in all_of(stage):
        lines = stage.texts[equation.line : equation.last + 1]
        text = " ".join(line.strip() for line in lines)
        arrow = equation.name in ARROWS
        outs = " ".join(f"{bound.name}:{bound.type}" for bound in equation.outs)
        assert text.startswith(outs)
        assert arrow or text.removeprefix(outs).removeprefix(" = ").startswith(equation.name)
        operands = " ".join(operand.text for operand in equation.operands)
        assert arrow or text.removesuffix(" ").endswith(operands.removesuffix(" "))
        for name, parameter in equation.parameters.items():
            assert f"{name}={alike(parameter)}" in alike(text)
        for body in equation.bodies:
            agree_of_jaxpr(stage, body, text)
        count += 1
    return count


def agree_of_jaxpr(stage, body: Jaxpr, around):
    text = " ".join(line.strip() for line in stage.texts[body.line : body.outputs_line + 1])
    named = stage.texts[body.line].split()[1]
    assert f"{body.label.partition(' ')[0]}=" in around or named in around
    constants, inputs = (
        " ".join(f"{bound.name}:{bound.type}" for bound in each) for each in (body.constants, body.inputs)
    )
    assert f"{{ lambda {constants}; {inputs}. let" in text
    assert ", ".join(output.text for output in body.outputs) in text.rpartition("in (")[2]
    for equation in body.equations:
        assert body.line <= equation.line <= equation.last <= body.outputs_line


@pytest.mark.parametrize("version", VERSIONS)
def test_the_text_says_what_is_told(version):
    for _, primitives, stage in recorded("jaxpr", version):
        agree(stage)
        # A primitive that calls another one with a jaxpr inside a tuple, for example, is included too.
        assert {equation.name for equation in all_of(stage)} == primitives


def test_the_installed_jax_is_told_alike():
    import jax
    import jax.numpy as jnp
    from jax import lax

    weights = jnp.arange(3.0)

    def program(x, y):
        x, seen = lax.scan(lambda carry, each: (carry * each, jnp.sin(carry)), x, y)
        z = lax.cond(x > 0, lambda a: a * weights, lambda a: -a * jax.nn.selu(weights), x)
        return jnp.linalg.solve(jnp.eye(3) + z, jax.jit(lambda a: (a, a.sum()))(weights)[0]), seen

    assert agree(traced(program, 1.0, jnp.ones(4))) > 40


def test_one_equation():
    stage = program("scan", "0.9.2")
    [scan] = jaxpr_of(stage).equations
    assert (scan.line, scan.last, scan.name) == (1, 15, "scan")
    assert [tuple(bound) for bound in scan.outs] == [("b", "f32[]"), ("c", "f32[5]")]
    assert [(operand.value, operand.literal) for operand in scan.operands] == [("0.0", True), ("a", False)]
    assert scan.everything["linear"] == ("(False, False)", [False, False])
    assert scan.everything["length"] == ("5", 5)
    assert "jaxpr" not in scan.parameters and scan.everything["jaxpr"].text == "{ … }"
    [body] = scan.bodies
    assert [equation.name for equation in body.equations] == [
        "convert_element_type",
        "add",
        "convert_element_type",
        "mul",
    ]
    assert [output.text for output in body.outputs] == ["g", "i"]


def altered(stage="jaxpr", **fields):
    import jax

    [event] = events_of_jaxpr(jax.make_jaxpr(lambda x: x.sum() * 2.0)(jax.numpy.ones(3)))
    return assembled(None, msgspec.convert({**event, **fields}, Stage))


@pytest.mark.parametrize(
    "rows",
    [
        "\n{}\n\n",
        "\nnothing\n\n",
        "\n[[]]\n\n",
        "\n" + "[" * 100_000 + "\n\n",
        "\n[0,[1]]\n\n",
        '\n[0,null,"a"]\n\n',
        "",
        "\n",
    ],
)
def test_rows_that_are_not_understood_are_none(rows):
    stage = altered(equations=rows)
    assert equation_at(stage, 1) is None
    assert list(jaxpr_of(stage).equations) == [] or stage.equations[2]


@pytest.mark.parametrize(
    "rows", ["", "[]", "[-1,2,[],[],[]]", "[2,1,[],[],[]]", "[0,99,[],[],[]]", "[0,2,3,[],[]]", "{"]
)
def test_a_jaxpr_that_is_not_understood_is_none(rows):
    with pytest.raises(ValueError, match="not available on this version of JAX"):
        jaxpr_of(altered(jaxprs=rows))


def test_places_outside_of_tables_and_lines_outside_of_the_text_do_no_harm():
    stage = altered(equations='\n[99,["a"],77,[["b",99]],[["jaxpr",99],["other",-1]]]\n\n')
    equation = equation_at(stage, 1)
    assert equation.last == len(stage.texts) - 1
    assert equation.outs == (("b", ""),) and not equation.bodies and not equation.everything
    assert equation_at(stage, -1) is equation_at(stage, 99) is None
    assert jaxpr_of(altered(types="")).inputs == (("a", ""),)
