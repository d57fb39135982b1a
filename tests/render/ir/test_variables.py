"""Variables have their definitions and uses by nesting, their types in words, and their places in a line."""

import pytest
from recorded import program, recorded
from stages import VERSIONS

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import Origin, Stage
from jaxtour.render.ir.avals import spelled
from jaxtour.render.ir.highlight import name_at, name_columns
from jaxtour.render.ir.variables import variable

SHADOWED = """\
let f = { lambda ; a:f32[2]. let
    b:f32[2] = sin a
  in (b,) } in
{ lambda c:f32[3]; a:f32[]. let
    b:f32[] = jit[
      name=g
      jaxpr={ lambda ; a:i32[]. let
          d:i32[] = neg a
          b:i32[] = neg d
        in (b,) }
    ] a
    e:f32[] = cos b
    g:f32[3] = sin c
  in (e, a) }
"""
NAMES = "a=\nb=a\n=b\nc a=\nb=\n\na=\nd=a\nb=d\n=b\n=a\ne=b\ng=c\n=e a"
TYPED = "i0\n0\n\nc1 i2\n2\n\ni3\n3\n3\n\n\n2\n1\n"
TYPES = "f32[2]\nf32[3]\nf32[]\ni32[]"


def at(stage, line, name):
    found = variable(stage, line, name)
    return found.kind, found.defined, tuple(found.uses), found.type


def test_a_name_belongs_to_the_jaxpr_that_it_is_in():
    part = Stage(
        run=1, index=0, stage="jaxpr", text=SHADOWED.rstrip(), lines=(0,) * 14, origins=(Origin(),), names=NAMES,
        typed=TYPED, types=TYPES,
    )  # fmt: skip
    stage = assembled(None, part)
    assert at(stage, 1, "a") == ("input", 0, (1,), "f32[2]")
    assert at(stage, 1, "b") == ("line", 1, (2,), "f32[2]")
    assert at(stage, 7, "a") == ("input", 6, (7,), "i32[]")
    assert at(stage, 8, "b") == ("line", 8, (9,), "i32[]")
    assert at(stage, 10, "a") == ("input", 3, (10, 13), "f32[]")
    assert at(stage, 4, "b") == at(stage, 11, "b") == ("line", 4, (11,), "f32[]")
    assert at(stage, 12, "c") == ("constant", 3, (12,), "f32[3]")
    assert at(stage, 12, "nothing") == ("unknown", None, (), "")


@pytest.mark.parametrize("stage", ["jaxpr", "stablehlo", "hlo"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_variable_of_real_texts_is_defined_above_and_has_a_type(stage, version):
    seen = 0
    for name, _, shown in recorded(stage, version):
        for line in range(len(shown.texts)):
            for used in shown.names_of(line)[1]:
                found = variable(shown, line, used)
                assert found.defined is not None, (name, line, used)
                assert found.defined <= line, (name, line, used)
                assert line in found.uses, (name, line, used)
                assert found.type, (name, line, used)
                assert found.spelled != found.type, (name, line, used)
                seen += 1
    assert seen > 200


def test_results_of_an_operation_with_regions():
    stage = program("scan", "0.12.0", "stablehlo")
    line = next(number for number, each in enumerate(stage.texts) if "return %1#2" in each)
    made = next(number for number, each in enumerate(stage.texts) if "stablehlo.while" in each)
    for name, type_ in (("%1#3", "tensor<5xf32>"), ("%1#2", "tensor<f32>")):
        found = variable(stage, line, name)
        assert (found.kind, found.defined, found.type) == ("line", made, type_)
    assert at(stage, made, "%1")[2] == (line,)
    assert variable(stage, made, "%1").spelled.startswith("tuple of 4: float32, 5 elements; int32 scalar")
    stage = program("cond", "0.12.0", "stablehlo")
    made = next(number for number, each in enumerate(stage.texts) if '"stablehlo.case"' in each)
    assert variable(stage, made, "%2").type == "tensor<f32>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f32[3,4]", "float32, 3 by 4"),
        ("i32[]", "int32 scalar"),
        ("bf16[7]", "bfloat16, 7 elements"),
        ("u8[1]", "uint8, 1 element"),
        ("bool[2]", "bool, 2 elements"),
        ("~f32[]", "float32 scalar, weak"),
        ("key<fry>[2]", "random key (fry), 2 elements"),
        ("f32[8@x,4]", "float32, 8 (split along x) by 4"),
        ("f32[8@(x,y),4]{V:(x,y)}", "float32, 8 (split along x,y) by 4, varies along x,y"),
        ("f32[4]{V:x}", "float32, 4 elements, varies along x"),
        ("Ref{f32[2]}", "reference to float32, 2 elements"),
        ("Tok", "token, which only orders effects"),
        ("float8_e4m3fn[2]", "float8_e4m3fn, 2 elements"),
        ("tensor<3x4xf32>", "float32, 3 by 4"),
        ("tensor<f32>", "float32 scalar"),
        ("tensor<?x2xi1>", "bool, ? by 2"),
        ("tensor<2xcomplex<f32>>", "complex64, 2 elements"),
        ("tensor<4xui32>", "uint32, 4 elements"),
        ("tensor<2xf8E4M3FN>", "float8_e4m3fn, 2 elements"),
        ("!stablehlo.token", "token, which only orders effects"),
        ("f32[3,4]{1,0}", "float32, 3 by 4, row-major"),
        ("f32[3,4]{0,1}", "float32, 3 by 4, column-major"),
        ("f32[3,4,5]{1,2,0:T(8,128)}", "float32, 3 by 4 by 5, axis 1 contiguous"),
        ("s32[2]{0}", "int32, 2 elements"),
        ("pred[]", "bool scalar"),
        ("s4[2]{0:E(4)}", "int4, 2 elements"),
        ("(f32[], /*index=1*/s32[2]{0})", "tuple of 2: float32 scalar; int32, 2 elements"),
        ("()", "empty tuple"),
        ("nothing known", "nothing known"),
        ("", ""),
    ],
)
def test_types_in_words(text, words):
    assert spelled(text) == words


@pytest.mark.parametrize(
    ("stage", "text", "names", "found"),
    [
        ("jaxpr", "    b:f32[8@y] = integer_pow[y=2] y", ["b", "y"], ["b", "y"]),
        ("jaxpr", "    c:f32[] = add a a", ["c", "a"], ["c", "a", "a"]),
        ("jaxpr", "    c:f32[2] = psum[axes=('a',)] a", ["c", "a"], ["c", "a"]),
        ("jaxpr", "    sin:f32[] = sin do", ["sin", "do"], ["sin", "do"]),
        ("stablehlo", "    %1 = stablehlo.add %a0, %10 : tensor<1xf32>", ["%1", "%a0", "%10"], ["%1", "%a0", "%10"]),
        ("stablehlo", "    return %1#2, %1#3 : tensor<f32>, tensor<f32>", ["%1#2", "%1#3"], ["%1#2", "%1#3"]),
        ("hlo", "  ROOT %add.1 = f32[] add(%add, %p-1)", ["%add.1", "%add", "%p-1"], ["%add.1", "%add", "%p-1"]),
        ("hlo", "  ROOT %add.1 = f32[] add(%add, %p)", ["add.1", "add", "p"], ["%add.1", "%add", "%p"]),
        ("jaxpr", "    c:f32[] = neg a", [], []),
    ],
)  # fmt: skip
def test_where_names_stand(stage, text, names, found):
    stops = name_columns(stage, text, names)
    assert [text[first:end] for first, end in stops] == found
    for first, end in stops:
        assert name_at(stage, text, first, names) == name_at(stage, text, end - 1, names)
        assert name_at(stage, text, first, names).lstrip("%") == text[first:end].lstrip("%")
    assert name_at(stage, text, 0, names) is None


def test_names_that_are_also_types_and_parameters_are_left_alone():
    text = "    y:f32[8@x]{V:x} = convert_element_type[new_dtype=x weak_type=False] x"
    assert name_columns("jaxpr", text, ["x", "y"])[-1] == (len(text) - 1, len(text))
    assert name_columns("jaxpr", text, ["x", "y"])[0] == (4, 5)
