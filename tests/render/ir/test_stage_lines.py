"""Operations, types and names of StableHLO and HLO are highlighted, for every supported JAX."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments import lex
from pygments.lexers import get_lexer_by_name, guess_lexer
from pygments.token import Comment, Error, Name
from stages import FOLDER, VERSIONS, cases, printed

from jaxtour.render.ir.highlight import COLOURED, LINES, line_of, stage_facts
from jaxtour.render.ir.lexers import TOKENS, HloLexer, JaxprLexer, StableHloLexer
from jaxtour.render.text.layout import plain
from jaxtour.text import clean

LEXERS = {"stablehlo": StableHloLexer, "hlo": HloLexer}
# What every module has, and what a return is: keywords.
KEYWORDS = {"builtin.module", "func.func", "func.return", "stablehlo.return", "sdy.return"}
COUNT = 19


def styled(stage, text):
    return [span for span in line_of(stage)(text) if span[1]]


def check_tokens(stage, text):
    """Assert that lexer and painter agree, and that no text is lost or unknown."""
    found = list(LEXERS[stage](stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert not [value for token, value in found if token is Error]
    styles = {token: style for style, token in TOKENS.items()}
    whole = [(value, styles[token]) for token, value in found if styles.get(token)]
    assert [span for line in text.split("\n") for span in styled(stage, line)] == whole
    return found


def check_stablehlo(text):
    count = 0
    for name, operations, body in cases(text):
        found = check_tokens("stablehlo", body)
        named = {value.strip('"') for token, value in found if token is Name.Function}
        assert {"func.call" if value == "call" else value for value in named} == operations - KEYWORDS, name
        assert body.count("tensor<") == sum(
            value.count("tensor<") for token, value in found if TOKENS["type"] == token
        ), name
        count += 1
    return count


def opcodes(text):
    """Return the opcodes of a module, found by brackets alone."""
    found = set()
    for match in re.finditer(r"^ +(?:ROOT )?%[\w.\-]+ = ", text, re.M):
        rest = text[match.end() :].partition("\n")[0]
        depth = 0
        for place, character in enumerate(rest):
            depth += (character in "([{") - (character in ")]}")
            if character == " " and depth == 0:
                found.add(rest[place + 1 :].partition("(")[0])
                break
    return found


def check_hlo(text):
    count = 0
    for name, _, body in cases(text):
        found = check_tokens("hlo", body)
        assert {value for token, value in found if token is Name.Function} == opcodes(body), name
        assert sum(token is Comment.Single and value.startswith("metadata=") for token, value in found) == body.count(
            "metadata={"
        ), name
        count += 1
    return count


CHECKS = {"stablehlo": check_stablehlo, "hlo": check_hlo}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("stage", CHECKS)
def test_texts_of_supported_versions(stage, version):
    assert CHECKS[stage]((FOLDER / stage / f"{version}.txt").read_text()) == COUNT


@pytest.mark.parametrize("stage", CHECKS)
def test_texts_of_the_installed_jax(stage):
    generate = FOLDER / "jaxprs" / "generate.py"
    done = subprocess.run([sys.executable, generate, stage], capture_output=True, text=True, check=True)
    assert CHECKS[stage](done.stdout) == COUNT


@pytest.mark.parametrize(
    ("stage", "line", "spans"),
    [
        ("stablehlo", "    %0 = stablehlo.add %arg0, %cst : tensor<2x?xf32> loc(#loc12)", [
            ("stablehlo.add", "primitive"), ("tensor<2x?xf32>", "type"), ("loc(#loc12)", "comment")]),
        ("stablehlo", "    %1 = stablehlo.compare LT, %0, %c, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>", [
            ("stablehlo.compare", "primitive"), ("LT", "constant"), ("SIGNED", "constant"), ("tensor<i32>", "type"),
            ("tensor<i32>", "type"), ("tensor<i1>", "type")]),
        ("stablehlo", '    %2 = "stablehlo.scatter"(%0) <{unique_indices = false}> ({', [
            ('"stablehlo.scatter"', "primitive"), ("unique_indices", "muted"), ("false", "number")]),
        ("stablehlo", "  func.func private @elu(%arg0: tensor<complex<f32>>) -> tensor<2xf8E4M3FN> {", [
            ("func.func", "keyword"), ("private", "keyword"), ("@elu", "name"), ("tensor<complex<f32>>", "type"),
            ("tensor<2xf8E4M3FN>", "type")]),
        ("stablehlo", "    %3 = stablehlo.reduce(%1 init: %cst) applies stablehlo.add across dimensions = [0] : x", [
            ("stablehlo.reduce", "primitive"), ("init", "keyword"), ("applies", "keyword"),
            ("stablehlo.add", "primitive"), ("across", "keyword"), ("dimensions", "muted"), ("0", "number")]),
        ("stablehlo", "    %4 = call @f(%0) : (tensor<f32>) -> tensor<f32>", [
            ("call", "primitive"), ("@f", "name"), ("tensor<f32>", "type"), ("tensor<f32>", "type")]),
        ("stablehlo", "module @jit_f attributes {mhlo.num_partitions = 1 : i32} {", [
            ("module", "keyword"), ("@jit_f", "name"), ("attributes", "keyword"), ("mhlo.num_partitions", "muted"),
            ("1", "number"), ("i32", "type")]),
        ("hlo", '  ROOT %add.1 = f32[2,3]{1,0:T(8,128)} add(%a, %b.2), metadata={op_name="f/add" stack_frame_id=2}', [
            ("ROOT", "keyword"), ("f32[2,3]{1,0:T(8,128)}", "type"), ("add", "primitive"),
            ('metadata={op_name="f/add" stack_frame_id=2}', "comment")]),
        ("hlo", "  %t = (f32[], /*index=1*/s32[2]{0}) get-tuple-element(%x), index=1", [
            ("f32[]", "type"), ("/*index=1*/", "comment"), ("s32[2]{0}", "type"),
            ("get-tuple-element", "primitive"), ("index", "muted"), ("1", "number")]),
        ("hlo", "  %c = pred[] compare(%a, %b), direction=LT", [
            ("pred[]", "type"), ("compare", "primitive"), ("direction", "muted"), ("LT", "constant")]),
        ("hlo", "ENTRY %main.1 (x.1: f32[]) -> f32[] {", [("ENTRY", "keyword"), ("f32[]", "type"), ("f32[]", "type")]),
        ("hlo", "  %c = f32[] constant(-1.5e-07)", [
            ("f32[]", "type"), ("constant", "primitive"), ("-1.5e-07", "number")]),
        ("hlo", "HloModule jit_f, is_scheduled=true", [
            ("HloModule", "keyword"), ("jit_f", "name"), ("is_scheduled", "muted"), ("true", "number")]),
    ],
)  # fmt: skip
def test_a_line_by_itself(stage, line, spans):
    assert styled(stage, line) == spans
    check_tokens(stage, line)


LINES_OF_TEXT = [
    (stage, line)
    for stage in ("jaxpr", "stablehlo", "hlo")
    for _, _, text in printed(stage, "0.12.0")
    for line in text.split("\n")
]


@given(st.sampled_from(LINES_OF_TEXT), st.integers(0, 200), st.text(max_size=12), st.sampled_from(list(LINES)))
def test_a_spoilt_line_loses_nothing(line, place, more, stage):
    own, text = line
    spoilt = clean(text[:place] + more + text[place:], keep_newlines=False)
    for name in (own, stage):
        assert plain(line_of(name)(spoilt)) == spoilt


@pytest.mark.parametrize("stage", ["stablehlo", "hlo"])
@pytest.mark.parametrize("piece", ["<", "tensor<", "metadata={", '"', "1 ", "/*", "%", "f32[", "{", " = a.b"])
def test_hostile_lines_are_cheap(stage, piece):
    # 200 000 characters in one line: without a limit, some of these take minutes.
    long = piece * (200_000 // len(piece))
    assert plain(line_of(stage)(long)) == long
    assert len(line_of(stage)(long)) <= COLOURED


def test_the_lexers_are_plugins_with_names():
    for name, lexer in (("stablehlo", StableHloLexer), ("hlo", HloLexer), ("xla-hlo", HloLexer), ("jaxpr", JaxprLexer)):
        assert isinstance(get_lexer_by_name(name), lexer)
    texts = {stage: printed(stage, "0.10.2")[0][2] for stage in LEXERS}
    for stage, lexer in LEXERS.items():
        assert isinstance(guess_lexer(texts[stage]), lexer)
        assert lexer.analyse_text("def f(): pass") == 0
        assert "".join(value for _, value in lex(texts[stage], lexer())) == texts[stage].strip("\n") + "\n"


def test_facts_of_a_stage():
    assert plain(stage_facts("f(x)", "hlo", 12)) == "f(x)   12 instructions"
    assert plain(stage_facts("f(x)", "stablehlo", 1)) == "f(x)   1 operation"
    assert plain(stage_facts("f(x)", "jaxpr", 123456)) == "f(x)   123 456 equations"
