import itertools
import linecache

import jax
import jax.numpy as jnp
import pytest
from staged import CODE, text_of

from jaxtour.worker.ir import spans, stablehlo
from jaxtour.worker.ir.origins import LINE_CAP, Table

NUMBERS = itertools.count()


def functions(code):
    """Execute code like a lesson's; returns its names, and as `FILE` the file name it is compiled under."""
    file = f"<jaxtour:a/b{next(NUMBERS)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    space = {"FILE": file}
    exec(compile(code, file, "exec"), space)
    return space


def read(lowered, around=()):
    return read_text(lowered.as_text(debug_info=True), around)


def read_text(text, around=()):
    table = Table()
    parsed = stablehlo.StableHloReader(text, spans.span).read(table, around)
    assert len(parsed.texts) == len(parsed.lines) == len(parsed.names)
    return parsed, [{"kind": "other", **table.rows[place]} for place in parsed.lines]


def named(parsed, origins, name):
    found = [(text, origin) for text, origin in zip(parsed.texts, origins, strict=True) if origin.get("name") == name]
    assert found, f"no {name} in {parsed.texts}"
    return found


@pytest.fixture(scope="module")
def code():
    return functions(CODE)


def test_the_text_is_the_one_without_locations(code):
    lowered = jax.jit(jax.grad(code["f"])).lower(code["x"], code["w"])
    parsed, _ = read(lowered)
    assert "\n".join(parsed.texts).strip() == lowered.as_text().strip()


def test_the_text_of_loops_and_branches_is_the_one_without_locations():
    def f(x):
        x = jax.lax.cond(x.sum() > 0, lambda: jnp.sort(x), lambda: x * 2)
        return jax.lax.while_loop(lambda c: (c < 3).all(), lambda c: c + jnp.argmax(c), x)

    lowered = jax.jit(f).lower(jnp.ones(4))
    assert "\n".join(read(lowered)[0].texts).strip() == lowered.as_text().strip()


def test_an_operation_has_its_expression_and_the_calls_around_it(code):
    parsed, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    ((text, tanh),) = named(parsed, origins, "stablehlo.tanh")
    assert text.strip() == "%1 = stablehlo.tanh %0 : tensor<64x32xf32>"
    assert tanh["kind"] == "instruction"
    assert tanh["path"] == "jit(f)/tanh"
    assert [text_of(CODE, span) for span in (*tanh["spans"], *tanh["callers"])] == ["jnp.tanh(z)", "helper(y)"]
    assert tanh["spans"][0][5] == "helper"


def test_forward_and_backward_differ_in_path_and_transforms(code):
    parsed, origins = read(jax.jit(jax.grad(code["f"])).lower(code["x"], code["w"]))
    dots = [origin for _, origin in named(parsed, origins, "stablehlo.dot_general")]
    assert [dot["path"] for dot in dots] == ["jit(f)/jvp()/dot_general", "jit(f)/transpose(jvp())/dot_general"]
    assert "transpose" in dots[1]["transforms"]
    assert dots[0]["spans"] == dots[1]["spans"]


def test_columns_count_characters():
    source = "import jax.numpy as jnp\ndef f(é):\n    ü = é + 1.0; ö = jnp.sin(ü)\n    return ö\n"
    parsed, origins = read(jax.jit(functions(source)["f"]).lower(1.0))
    ((_, sine),) = named(parsed, origins, "stablehlo.sine")
    assert text_of(source, sine["spans"][0]) == "jnp.sin(ü)"


def test_an_operation_with_regions_has_its_place_on_its_own_lines_and_folds(code):
    parsed, origins = read(jax.jit(code["looped"]).lower(code["x"]))
    (start,) = [line for line, text in enumerate(parsed.texts) if "stablehlo.while" in text]
    scan = "jax.lax.scan(body, x[0], x)"
    assert origins[start]["name"] == "stablehlo.while"
    assert text_of(CODE, origins[start]["spans"][0]) == scan
    (end,) = [last for first, last in parsed.folds if first == start]
    assert parsed.texts[end].strip() == "}"
    own = [line for line in range(start + 1, end + 1) if parsed.texts[line].strip() in ("cond {", "} do {", "}")]
    assert len(own) == 3
    assert {origins[line]["kind"] for line in own} == {"other"}
    assert {text_of(CODE, origins[line]["spans"][0]) for line in own} == {scan}


def test_what_a_shared_function_computes_belongs_to_every_call_of_it():
    source = (
        "import jax.numpy as jnp\ndef f(x):\n    a = jnp.where(x > 0, x, 1.0)\n"
        "    return a + jnp.where(a > 1, a, 2.0)\n"
    )
    parsed, origins = read(jax.jit(functions(source)["f"]).lower(jnp.ones(3)))
    ((_, select),) = named(parsed, origins, "stablehlo.select")
    assert {text_of(source, span) for span in select["spans"]} == {
        "jnp.where(x > 0, x, 1.0)",
        "jnp.where(a > 1, a, 2.0)",
    }


def test_a_function_that_is_called_once_has_the_path_of_its_call(code):
    source = "import jax.numpy as jnp\ndef f(x):\n    return jnp.where(x > 0, x, 1.0)\n"
    parsed, origins = read(jax.jit(functions(source)["f"]).lower(jnp.ones(3)))
    ((_, select),) = named(parsed, origins, "stablehlo.select")
    assert select["path"] == "jit(f)/jit(_where)/select_n"


def test_a_constant_belongs_to_what_uses_it(code):
    parsed, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    ((_, two),) = [(text, origin) for text, origin in named(parsed, origins, "stablehlo.constant") if "2.0" in text][:1]
    assert [text_of(CODE, span) for span in two["spans"]] == ["jnp.tanh(z) * 2.0"]


def test_what_has_no_source_belongs_to_the_call():
    call = ("a/b", 1, 1, 1, 9, "")
    parsed, origins = read(jax.jit(jnp.sin).lower(1.0), (call,))
    ((_, sine),) = named(parsed, origins, "stablehlo.sine")
    assert sine["spans"] == (call,)
    parsed, origins = read(jax.jit(jnp.sin).lower(1.0))
    ((_, sine),) = named(parsed, origins, "stablehlo.sine")
    assert sine["unlinked"]


def test_lines_that_are_no_operations_are_other(code):
    parsed, origins = read(jax.jit(code["f"]).lower(code["x"], code["w"]))
    for text, origin in zip(parsed.texts, origins, strict=True):
        if text.strip().startswith(("module", "func.func", "return", "}")):
            assert origin["kind"] == "other"
            assert "unlinked" not in origin


def test_variables_are_named_by_the_line_that_binds_them(code):
    parsed, _ = read(jax.jit(code["looped"]).lower(code["x"]))
    whole = dict(zip(parsed.texts, parsed.names, strict=True))
    (loop,) = [names for text, names in whole.items() if "stablehlo.while" in text]
    outs, _, ins = loop.partition("=")
    assert "%iterArg" in outs.split()
    assert outs.split()[0].startswith("%")
    assert "%iterArg" not in ins.split()
    (main,) = [names for text, names in whole.items() if "@main" in text]
    assert main == "%arg0="
    (slice_,) = [names for text, names in whole.items() if "stablehlo.slice" in text]
    assert slice_.endswith("=%arg0")


def test_a_constant_of_megabytes_is_cut():
    value = jnp.arange(200_000.0) ** 2
    parsed, origins = read(jax.jit(lambda x: x + value).lower(value))
    ((text, _),) = [(text, origin) for text, origin in named(parsed, origins, "stablehlo.constant") if len(text) > 1000]
    assert LINE_CAP < len(text) < LINE_CAP + 50
    assert text.endswith("more characters")


@pytest.fixture
def lines():
    """Register ten lines of 40 characters under the name `<jaxtour:a/b>`."""
    code = "\n".join(["x" * 40] * 10)
    linecache.cache["<jaxtour:a/b>"] = (len(code), None, code.splitlines(keepends=True), "<jaxtour:a/b>")


@pytest.mark.usefixtures("lines")
def test_locations_that_are_written_in_full_are_read():
    text = (
        'module @jit_f {\n  func.func public @main(%arg0: tensor<f32> loc("x (1)")) -> tensor<f32> {\n'
        '    %0 = stablehlo.sine %arg0 : tensor<f32> loc(callsite("jit(f)/sin"("g"("<jaxtour:a/b>":3:4 to 4:9)) at '
        '"f"("<jaxtour:a/b>":8:2 to :7)))\n'
        "    %1 = stablehlo.cosine %0 : tensor<f32> loc(fused[#loc1, #loc2])\n"
        "    return %1 : tensor<f32> loc(unknown)\n  } loc(unknown)\n} loc(unknown)\n"
        '#loc1 = loc("a"("<jaxtour:a/b>":1:0 to :5))\n#loc2 = loc("<jaxtour:a/b>":2:0)\n'
    )
    parsed, origins = read_text(text)
    assert not any("loc(" in line for line in parsed.texts)
    ((_, sine),) = named(parsed, origins, "stablehlo.sine")
    assert sine["path"] == "jit(f)/sin"
    assert sine["spans"][0][1:4] == (3, 5, 4)
    assert sine["callers"][0][1:3] == (8, 3)
    ((_, cosine),) = named(parsed, origins, "stablehlo.cosine")
    assert cosine["spans"][0][1:5] == (1, 1, 1, 6)


OLDEST = """\
module @jit_f {
  func.func public @main(%arg0: tensor<f32> loc("x")) -> tensor<f32> {
    %0 = stablehlo.sine %arg0 : tensor<f32> loc(#loc3)
    %1 = stablehlo.add %0, %0 : tensor<f32> loc(#loc4)
    %2 = stablehlo.add %1, %0 : tensor<f32> loc(#loc4)
    %3 = stablehlo.cosine %2 : tensor<f32> loc(#loc5)
    return %3 : tensor<f32> loc(#loc)
  } loc(#loc)
} loc(#loc)
#loc = loc(unknown)
#loc1 = loc("<jaxtour:a/b>":4:4 to :24)
#loc2 = loc("f"(#loc1))
#loc3 = loc("jit(f)/cond/branch_0_fun/sin"(#loc2))
#loc4 = loc("jit(f)/cond/branch_0_fun/add"(#loc2))
#loc5 = loc("jit(f)/while/body/cos"(#loc2))
"""


def test_where_all_of_a_branch_has_its_place_the_path_leads_to_the_expression():
    text = ["import jax", "def body(x): return jax.lax.sin(x)", "def f(x):", "    return either(body, x)  "]
    linecache.cache["<jaxtour:a/b>"] = (0, None, [f"{line}\n" for line in text], "<jaxtour:a/b>")
    inside, whole = ("a/b", 2, 21, 2, 35, "body"), ("a/b", 4, 5, 4, 25, "f")
    paths = ("cond/branch_0_fun/sin", "cond/branch_0_fun/add", "while/body/cos")
    exact = {f"jit(f)/{path}": (inside, 1) for path in paths}
    rows = []
    for known in ({}, exact):
        table = Table()
        parsed = stablehlo.StableHloReader(OLDEST, spans.span, "", known).read(table)
        rows.append([table.rows[place] for place in parsed.lines if table.rows[place].get("path")])
    assert [row["spans"] for row in rows[0]] == [(whole,)] * 4
    sine, *adds, cosine = rows[1]
    assert (sine["spans"], sine["callers"]) == ((inside,), (whole,))
    # There are more additions than equations, and nothing distinguishes them.
    assert [add["spans"] for add in adds] == [(whole,)] * 2
    # A loop adds its own operations, with the paths of those inside it.
    assert cosine["spans"] == (whole,)


CALLED_IN_A_BRANCH = """\
module @jit_f {
  func.func public @main(%arg0: tensor<f32> loc("x")) -> tensor<f32> {
    %0 = call @g(%arg0) : (tensor<f32>) -> tensor<f32> loc(#loc3)
    return %0 : tensor<f32> loc(#loc)
  } loc(#loc)
  func.func private @g(%arg0: tensor<f32> loc("x")) -> tensor<f32> {
    %0 = stablehlo.sine %arg0 : tensor<f32> loc(#loc4)
    return %0 : tensor<f32> loc(#loc)
  } loc(#loc)
} loc(#loc)
#loc = loc(unknown)
#loc1 = loc("<jaxtour:a/b>":4:4 to :24)
#loc2 = loc("f"(#loc1))
#loc3 = loc("jit(f)/cond/branch_0_fun/jit(g)"(#loc2))
#loc4 = loc("sin"(#loc2))
"""


@pytest.mark.usefixtures("lines")
def test_a_call_in_a_branch_is_led_to_its_expression_and_what_it_calls_too():
    inside, whole = ("a/b", 2, 1, 2, 5, "body"), ("a/b", 4, 5, 4, 25, "f")
    table, exact = Table(), {"jit(f)/cond/branch_0_fun/jit(g)": (inside, 1)}
    parsed = stablehlo.StableHloReader(CALLED_IN_A_BRANCH, spans.span, "", exact).read(table)
    call, sine = (table.rows[place] for place in parsed.lines if table.rows[place].get("path"))
    assert (call["spans"], call["callers"]) == ((inside,), (whole,))
    assert sine["path"] == "jit(f)/cond/branch_0_fun/jit(g)/sin"
    assert (sine["spans"], sine["callers"]) == ((whole,), (inside,))
