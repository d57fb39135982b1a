import jax
import jax.numpy as jnp
import pytest
from staged import CODE, text_of
from test_stablehlo import functions, lines  # noqa: F401  a fixture

from jaxtour.worker.ir import hlo, spans, stablehlo
from jaxtour.worker.ir.metadata import Sources
from jaxtour.worker.ir.origins import LINE_CAP, Table


@pytest.fixture(scope="module")
def code():
    return functions(CODE)


def read(lowered):
    module = stablehlo.StableHloReader(lowered.as_text(debug_info=True), spans.span)
    return read_text(lowered.compile().as_text(), module.beginning_at, module.paths())


def read_text(text, beginning_at=lambda *_, **__: [], paths=()):
    table = Table()
    parsed = hlo.HloReader(text).read(table, Sources(spans.span, beginning_at, dict(paths)))
    assert len(parsed.texts) == len(parsed.lines) == len(parsed.names)
    return parsed, [{"kind": "other", **table.rows[place]} for place in parsed.lines]


def named(origins, name):
    found = [origin for origin in origins if origin.get("name") == name]
    assert found, f"no {name}"
    return found


def test_the_text_has_no_metadata_and_no_tables(code):
    parsed, _ = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    whole = "\n".join(parsed.texts)
    assert whole.startswith("HloModule jit_f")
    assert "metadata=" not in whole
    assert "StackFrames" not in whole
    assert "file_location_id" not in whole


def test_every_computation_folds(code):
    parsed, _ = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    assert len(parsed.folds) == sum(text.endswith("{") for text in parsed.texts)
    assert all(parsed.texts[first].endswith("{") and parsed.texts[last] == "}" for first, last in parsed.folds)


def test_expressions_that_begin_at_one_place_are_told_apart(code):
    parsed, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    (tanh,) = named(origins, "tanh")
    assert [text_of(CODE, span) for span in (*tanh["spans"], *tanh["callers"])] == ["jnp.tanh(z)", "helper(y)"]
    by_text = dict(zip(parsed.texts, origins, strict=True))
    (product,) = {
        origin["spans"]
        for text, origin in by_text.items()
        if origin.get("path") == "jit(f)/mul" and " multiply(" in text
    }
    assert text_of(CODE, product[0]) == "jnp.tanh(z) * 2.0"


def test_a_fusion_shows_what_is_fused_into_it(code):
    _, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    sets = [{text_of(CODE, span) for span in origin["spans"]} for origin in named(origins, "fusion")]
    assert any({"jnp.tanh(z) * 2.0", "z - z.mean()"} <= found for found in sets)


def test_a_loop_shows_what_is_in_it(code):
    _, origins = read(jax.jit(code["looped"]).lower(code["x"]))
    (loop,) = named(origins, "while")
    inside = [text_of(CODE, span) for span in loop["spans"]]
    assert inside[0] == "jax.lax.scan(body, x[0], x)"
    assert "jnp.sin(carry)" in inside


def test_arguments_of_the_call_have_no_source_and_say_so(code):
    parsed, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    entry = next(line for line, text in enumerate(parsed.texts) if text.startswith("ENTRY"))
    arguments = [origin for origin in origins[entry:] if origin.get("name") == "parameter"]
    assert len(arguments) == 2
    assert {origin["unlinked"] for origin in arguments} == {"an argument of the call"}


def test_most_is_linked_and_the_rest_says_why(code):
    for lowered in (
        jax.jit(jax.grad(code["f"])).lower(code["x"], code["w"]),
        jax.jit(code["looped"]).lower(code["x"]),
        jax.jit(jax.grad(lambda x: code["looped"](x)[0].sum())).lower(code["x"]),
    ):
        _, origins = read(lowered)
        rest = [
            each for each in origins if each["kind"] == "instruction" and each["name"] not in ("parameter", "constant")
        ]
        assert all(origin.get("spans") or origin.get("unlinked") for origin in rest)
        assert sum(bool(origin.get("spans")) for origin in rest) >= 0.95 * len(rest)


def test_names_are_those_of_operands_and_not_of_computations(code):
    parsed, _ = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    (names,) = [names for text, names in zip(parsed.texts, parsed.names, strict=True) if " tanh(" in text]
    outs, _, ins = names.partition("=")
    assert outs.startswith("%tanh")
    assert ins.startswith("%param")
    fused = [names for text, names in zip(parsed.texts, parsed.names, strict=True) if "calls=%" in text]
    assert not any("computation" in name.partition("=")[2] for name in fused)


def test_opcodes_are_found_behind_tuple_types():
    text = (
        "HloModule jit_f\n\nENTRY %main (p: f32[4]) -> f32[] {\n"
        "  %p = f32[4]{0} parameter(0)\n"
        "  %r = (f32[4,32]{1,0}, /*index=1*/(f32[], s32[])) all-reduce-start(%p), channel_id=1\n"
        "  ROOT %d = f32[] all-reduce-done(%r)\n}\n"
    )
    assert hlo.HloReader(text).opcodes() == ["all-reduce-done", "all-reduce-start", "parameter"]


TABLES = """HloModule jit_f, is_scheduled=true

FileNames
1 "<jaxtour:a/b>"

FunctionNames
1 "g"
2 "f"

FileLocations
1 {file_name_id=1 function_name_id=1 line=3 end_line=3 column=4 end_column=9}
2 {file_name_id=1 function_name_id=2 line=8 end_line=8 column=2 end_column=7}

StackFrames
%s

ENTRY %%main (x: f32[]) -> f32[] {
  %%x = f32[] parameter(0), metadata={op_name="x"}
  %%s = f32[] sine(%%x), metadata={op_name="jit(f)/sin {1}" stack_frame_id=2}, backend_config={"a":{"b":"}"}}
  ROOT %%c = f32[] cosine(%%s), metadata={op_name="jit(f)/cos" stack_frame_id=1}
}
"""


@pytest.mark.parametrize(
    "stack",
    [
        "1 {file_location_id=2 parent_frame_id=1}\n2 {file_location_id=1 parent_frame_id=2}",
        "1 {file_location_id=2 parent_frame_id=0}\n2 {file_location_id=1 parent_frame_id=1}",
        "1 {file_location_id=2}\n2 {file_location_id=1 parent_frame_id=1}",
    ],
)
@pytest.mark.usefixtures("lines")
def test_callers_are_found_whichever_number_the_compiler_prints(stack):
    parsed, origins = read_text(TABLES % stack)
    (sine,) = named(origins, "sine")
    assert sine["spans"] == (("a/b", 3, 5, 3, 10, "g"),)
    assert sine["callers"] == (("a/b", 8, 3, 8, 8, "f"),)
    (cosine,) = named(origins, "cosine")
    assert not cosine.get("callers")
    assert '  %s = f32[] sine(%x), backend_config={"a":{"b":"}"}}' in parsed.texts


def test_metadata_of_file_and_line_alone_are_read(code):
    text = (
        "HloModule jit_f\n\nENTRY %main (x: f32[]) -> f32[] {\n  %x = f32[] parameter(0)\n"
        f'  ROOT %s = f32[] sine(%x), metadata={{op_name="jit(f)/sin" source_file="{code["FILE"]}" source_line=4}}\n'
        "}\n"
    )
    _, origins = read_text(text)
    (sine,) = named(origins, "sine")
    assert text_of(CODE, sine["spans"][0]).strip() == "return jnp.tanh(z) * 2.0"


ADDED = """HloModule jit_f

%%fused (p: f32[4]) -> f32[4] {
  %%p = f32[4]{0} parameter(0)
  ROOT %%copied = f32[4]{0} copy(%%p)
}

ENTRY %%main (x: f32[4], y: f32[4]) -> (f32[4], f32[4]) {
  %%x = f32[4]{0} parameter(0)
  %%y = f32[4]{0} parameter(1)
  %%one = f32[] constant(1)
  %%many = f32[4]{0} broadcast(%%one), dimensions={}
  %%s = f32[4]{0} add(%%x, %%many), metadata={op_name="jit(f)/add" source_file="%s" source_line=4}
  %%fusion = f32[4]{0} fusion(%%s), kind=kLoop, calls=%%fused
  %%lonely = f32[4]{0} copy(%%y)
  ROOT %%tuple = (f32[4]{0}, f32[4]{0}) tuple(%%fusion, %%lonely)
}
"""


def test_what_the_compiler_added_belongs_to_what_it_serves_or_says_what_it_is(code):
    parsed, origins = read_text(ADDED % code["FILE"])
    by_name = {names.partition("=")[0]: origin for names, origin in zip(parsed.names, origins, strict=True) if names}
    for name in ("%one", "%many", "%fusion", "%copied", "%p"):
        assert [span[1] for span in by_name[name]["spans"]] == [4], name
    assert by_name["%lonely"]["unlinked"] == "a copy that the compiler added"
    assert by_name["%tuple"]["unlinked"] == "results packed into a tuple"


LOST = """HloModule jit_f

%%body (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %%p = (s32[], f32[4]{0}) parameter(0)
  %%one = s32[] constant(1)
  %%i = s32[] get-tuple-element(%%p), index=0
  %%x = f32[4]{0} get-tuple-element(%%p), index=1
  %%next = s32[] add(%%i, %%one), metadata={op_name="jit(f)/while/body/add" source_file="%(file)s" source_line=9}
  %%dot = f32[4]{0} dot(%%x, %%x), metadata={op_name="jit(f)/while" source_file="%(file)s" source_line=9}
  %%moved = f32[4]{0} bitcast(%%dot), metadata={op_name="jit(f)/while/body/dot_general" source_file="%(file)s" source_line=4}
  %%lost = f32[4]{0} multiply(%%x, %%x)
  %%sum = f32[4]{0} add(%%moved, %%lost), metadata={op_name="jit(f)/while/body/add" source_file="%(file)s" source_line=5}
  ROOT %%t = (s32[], f32[4]{0}) tuple(%%next, %%sum)
}

%%cond (q: (s32[], f32[4])) -> pred[] {
  %%q = (s32[], f32[4]{0}) parameter(0)
  ROOT %%less = pred[] custom-call(%%q), custom_call_target="less"
}

ENTRY %%main (a: f32[4]) -> f32[4] {
  %%a = f32[4]{0} parameter(0)
  %%zero = s32[] constant(0)
  %%start = (s32[], f32[4]{0}) tuple(%%zero, %%a)
  %%loop = (s32[], f32[4]{0}) while(%%start), condition=%%cond, body=%%body, metadata={op_name="jit(f)/while" source_file="%(file)s" source_line=9}
  %%end = f32[4]{0} get-tuple-element(%%loop), index=1
  %%alone = f32[4]{0} multiply(%%end, %%end)
  ROOT %%root = f32[4]{0} sine(%%alone), metadata={op_name="jit(f)/sin" source_file="%(file)s" source_line=6}
}
"""  # noqa: E501


def test_what_computes_and_has_lost_its_name_is_not_its_users(code):
    parsed, origins = read_text(LOST % {"file": code["FILE"]})
    names = [names.partition("=")[0] for names in parsed.names]
    places = {name: [span[1] for span in origin.get("spans", ())] for name, origin in zip(names, origins, strict=True)}
    # The loop's counter belongs to the loop, and so does what only the counter needs.
    assert (places["%next"], places["%one"], places["%zero"]) == ([9], [9], [9])
    # A product belongs to the name it left on the move after it, or else to the loop around it.
    assert (places["%dot"], places["%moved"], places["%lost"], places["%sum"]) == ([4], [4], [9], [5])
    assert places["%alone"] == []
    (alone,) = [origin for name, origin in zip(names, origins, strict=True) if name == "%alone"]
    assert alone["unlinked"] == "a multiply that the compiler added"


MADE = """HloModule m

ENTRY %%main (x: f32[4]) -> f32[4] {
  %%x = f32[4]{0} parameter(0)
  %%half = f32[] constant(0.5), metadata={op_name="jit(f)/shard_map" source_file="%(file)s" source_line=9}
  %%many = f32[4]{0} broadcast(%%half), metadata={op_name="jit(f)/shard_map/broadcast.12" source_file="%(file)s" source_line=9}
  %%own = f32[4]{0} broadcast(%%x), metadata={op_name="jit(f)/shard_map/add" source_file="%(file)s" source_line=5}
  %%product = f32[4]{0} multiply(%%own, %%many), metadata={op_name="jit(f)/shard_map/mul" source_file="%(file)s" source_line=6}
  ROOT %%loose = f32[4]{0} broadcast(%%x), metadata={op_name="jit(f)/shard_map/broadcast.3" source_file="%(file)s" source_line=9}
}
"""  # noqa: E501


def test_what_the_compiler_made_of_a_constant_belongs_to_what_uses_it(code):
    parsed, origins = read_text(MADE % {"file": code["FILE"]})
    names = [names.partition("=")[0] for names in parsed.names]
    places = {name: [span[1] for span in origin.get("spans", ())] for name, origin in zip(names, origins, strict=True)}
    assert (places["%half"], places["%many"]) == ([6], [6])
    # What JAX named keeps its place, and what nothing uses that of the call around it.
    assert (places["%own"], places["%product"], places["%loose"]) == ([5], [6], [9])


def test_long_lines_are_cut():
    constant = f"  %c = f32[9000]{{0}} constant({{{', '.join(['1'] * 9000)}}})"
    text = f"HloModule m\n\nENTRY %main () -> f32[9000] {{\n{constant}\n  ROOT %r = f32[9000]{{0}} copy(%c)\n}}\n"
    parsed, origins = read_text(text)
    (line,) = [text for text in parsed.texts if "constant" in text]
    assert line.endswith(f"… {len(constant) - LINE_CAP} more characters")
    assert named(origins, "constant")


def test_a_jitted_function_called_twice_has_both_calls_around_it():
    source = (
        "import jax, jax.numpy as jnp\n@jax.jit\ndef inner(x):\n    return jnp.sin(x)\n"
        "@jax.jit\ndef outer(x):\n    return inner(inner(x) + 1.0)\n"
    )
    _, origins = read(functions(source)["outer"].lower(jnp.ones(3)))
    sines = named(origins, "sine")
    assert {text_of(source, origin["spans"][0]) for origin in sines} == {"jnp.sin(x)"}
    assert {text_of(source, origin["callers"][0]) for origin in sines} == {"inner(x)", "inner(inner(x) + 1.0)"}
