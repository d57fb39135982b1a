"""The course's primitives all have a card, which is true of the installed JAX, and fits on one screen."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from recorded import every, program, recorded, traced
from stages import FOLDER, VERSIONS

import jaxtour
from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Step
from jaxtour.render.ir.cards import HEIGHT, card, card_lines, parameter
from jaxtour.render.ir.equations import jaxpr_of
from jaxtour.render.text.layout import plain, plain_lines, width_of

# What the course's traces have on every supported JAX, and what is common beyond it.
LISTED = [(FOLDER / f"{name}_primitives.txt").read_text().split() for name in ("course", "common")]
TABLES = sorted((Path(jaxtour.__file__).parent / "render/ir/primitives").glob("*.toml"))
NAMES = [name for table in TABLES if table.stem != "parameters" for name in tomllib.loads(table.read_text("utf-8"))]
CARDS = [found for name in NAMES if (found := card(name))]


@pytest.mark.parametrize("primitive", sorted(set().union(*LISTED)))
def test_every_primitive_has_a_card(primitive):
    found = card(primitive)
    assert found is not None
    assert primitive in (found.name, *found.also)


def test_every_primitive_that_a_lesson_speaks_of_has_a_card():
    steps = [step for entry in bundled().entries for step in entry.lesson().steps if isinstance(step, Step)]
    expected = [step.expect.primitives for step in steps if step.expect and step.expect.primitives]
    named = {name for names in expected for name in names.has}
    assert len(named) > 10
    assert [name for name in sorted(named) if not any(map(card, name.split("|")))] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_primitive_of_real_jaxprs_has_a_card(version):
    seen = set().union(*(primitives for _, primitives, _ in recorded("jaxpr", version)))
    assert len(seen) > 60
    assert [primitive for primitive in sorted(seen) if card(primitive) is None] == []


@pytest.mark.parametrize("found", CARDS, ids=lambda found: found.name)
def test_a_card_is_a_sentence_and_fits(found):
    assert re.fullmatch(r"[A-Za-z0-9-].*[.:)\]](?<!\.\.)", found.does)
    assert len(found.does) <= 2 * 78 - len(found.name) - 6
    for means in found.params.values():
        assert 0 < len(means) <= 110
        assert means[-1] != "."


def test_no_name_belongs_to_two_cards():
    names = [name for found in CARDS for name in (found.name, *found.also)]
    assert len(names) == len(set(names))


def test_links_lead_to_what_the_installed_jax_has():
    program = """
import importlib, json, sys, warnings, jax
warnings.simplefilter("ignore")
for name in ("jax.ffi", "jax.experimental.pallas"):
    importlib.import_module(name)
def there(name):
    found = jax
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True
version = tuple(map(int, jax.__version__.split(".")[:2]))
print(json.dumps([version, [name for name in json.load(sys.stdin) if not there(name)]]))
"""
    since = {found.docs: found.versions for found in CARDS if found.docs}
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(list(since)), capture_output=True, text=True, check=True
    )
    version, missing = json.loads(done.stdout)
    for name in missing:
        later = re.fullmatch(r"from JAX (\d+)\.(\d+) on", since[name])
        assert later, name
        assert version < [int(later[1]), int(later[2])], name


@pytest.mark.parametrize("version", VERSIONS)
def test_every_parameter_of_real_jaxprs_is_explained(version):
    seen = set()
    for _, _, stage in recorded("jaxpr", version):
        seen |= {(equation.name, name) for equation in every(jaxpr_of(stage)) for name in equation.everything}
    assert len(seen) > 90
    assert [pair for pair in sorted(seen) if not parameter(*pair)] == []


@pytest.mark.parametrize("stage", ["jaxpr", "stablehlo", "hlo"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_card_of_every_line_is_one_screen(stage, version):
    told = {"transforms": ("jit", "vmap", "jvp", "transpose"), "path": "jit(f)/jvp()/mul"}
    for name, _, shown in recorded(stage, version, **told):
        for line in range(len(shown.texts)):
            lines = card_lines(shown, line, 78)
            assert len(lines) <= HEIGHT, (name, line)
            assert all(width_of(row) <= 78 for row in lines), (name, line)


def shown(stage, at, width=78):
    """Return the card of the first line that contains a text."""
    line = next(number for number, each in enumerate(stage.texts) if at in each)
    return plain_lines(card_lines(stage, line, width))


def test_an_equation_in_full():
    import jax.numpy as jnp
    from jax import lax

    captured = jnp.ones(8)

    def product(b, c):
        numbers = (((2,), (1,)), ((0,), (0,)))
        d = lax.dot_general(b, c, numbers, preferred_element_type=jnp.float32)
        return d * 2.0, d, jnp.sin(captured)

    arguments = jnp.ones((32, 10, 8)), jnp.ones((32, 8, 5))
    stage = traced(product, *arguments, transforms=("jit", "jvp", "transpose"))
    assert (
        shown(stage, "dot_general")
        == """\
dot_general  Multiplies two arrays and sums over the contracted axes: matrix
  products, dot products and einsum become this.

  takes b  float32, 32 by 10 by 8  an input
        c  float32, 32 by 8 by 5   an input
  gives d  float32, 32 by 10 by 5  used in lines 6, 8

  b  f32[32,10,8]  axes b i k
  c  f32[32,8,5]   axes b k j
  d  f32[32,10,5]  axes b i j   = sum over k

  dimension_numbers=(([2], [1]), ([0], [0]))  ((contracted axes of a, of b),
    (batch axes of a, of b)): the contracted axes are summed over
  preferred_element_type=float32  the type of the accumulated sums and the
    result

  ← backward pass: transpose(jvp)
  docs.jax.dev/en/latest/_autosummary/jax.lax.dot_general.html
"""
    )
    # The other lines belong to the equation too.
    assert shown(stage, "] b c") == shown(stage, "preferred_element_type") == shown(stage, "dot_general")
    product = shown(stage, "= mul")
    assert "  takes d    float32, 32 by 10 by 5  line 2, dot_general; 1 other use\n" in product
    assert "        2.0  float32 scalar          literal\n" in product
    assert "takes a  float32, 8 elements  a captured constant" in shown(stage, "= sin")


def test_a_drawing_counts_results_that_nothing_uses():
    said = shown(program("scan of grad", "0.12.0"), "_:f32[] g:f32[5] = scan[")
    assert "  1 carried, 2 xs → 1 carried, 1 stacked; 5 times\n" in said


def test_an_unknown_primitive_shows_what_it_has():
    import jax.extend.core

    own = jax.extend.core.Primitive("my_own")
    own.def_abstract_eval(lambda aval, **_: aval)
    said = shown(traced(lambda x: own.bind(x, kind="odd\x1b", size=(1, 2)), 1.0), "my_own")
    assert said.startswith("my_own  jaxtour has no card for this primitive")
    assert "  size=(1, 2)\n" in said and "  kind=odd␛\n" in said
    assert card("my_own") is None


def test_what_there_is_no_room_for_is_counted():
    stage = program("while", "0.10.2")
    lines = [plain(line) for line in card_lines(stage, 1, 78, height=10)]
    assert len(lines) == 10
    assert any(re.fullmatch(r"  … \d more: \w+(, \w+)*", line) for line in lines)


def test_an_operation_says_which_primitive_it_came_of():
    stage = program("vmap", "0.12.0", "stablehlo", path="jit(f)/vmap()/dot_general")
    line = next(number for number, each in enumerate(stage.texts) if "dot_general" in each)
    said = plain_lines(card_lines(stage, line, 78))
    assert said.startswith("stablehlo.dot_general\n  lowered from dot_general: Multiplies two arrays")
    assert "takes %arg0  float32, 2 elements  an input\n        %arg1  float32, 3 by 2      an input\n" in said
    assert "gives %0     float32, 3 elements  used in line 6\n" in said


def test_parts_of_a_card_stand_apart_where_there_is_room():
    stage = program("while", "0.10.2")
    below = [(("from here", ""),)]
    apart = card_lines(stage, 1, 78, 60, below)
    dense = card_lines(stage, 1, 78, len(apart) - 1, below)
    assert () not in dense and dense == [line for line in apart if line]
    assert apart[-2:] == [(), *below] and apart[0] and () in apart[1:-2]
