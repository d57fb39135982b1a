"""Primitives, types and names of jaxprs are highlighted, for every supported JAX."""

import re
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Keyword, Name, Number, Punctuation

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Origin, Span, Trace
from jaxtour.render.ir.gutter import is_continued
from jaxtour.render.ir.highlight import COLOURED, jaxpr_line, jaxpr_lines, trace_facts
from jaxtour.render.ir.lexers import TOKENS, JaxprLexer
from jaxtour.render.text.layout import plain, plain_lines
from jaxtour.text import clean, harmless

FOLDER = Path(__file__).parents[1] / "jaxprs"
VERSIONS = ("0.9.2", "0.10.2", "0.12.0")
# A read and a write of a reference are printed as arrows; a primitive made of others has its own name.
ARROWS = {"get", "swap", "addupdate"}
TYPE = re.compile(r"~?(Tok|Ref\{.*\}|[a-z][a-z0-9_]*(<\w+>)?\[[\w@,()]*\](\{.*\})?)")
DTYPE = re.compile(r"(bool|b?float\d\w*|u?int\d+|complex\d+|bfloat16)(\[\])?")


def cases(text):
    for case in text.split("=== ")[1:]:
        head, _, jaxpr = case.partition("\n")
        name, _, primitives = head.partition(": ")
        yield name, set(primitives.split()), jaxpr


def tokens(jaxpr):
    return list(JaxprLexer(stripnl=False, ensurenl=False).get_tokens(jaxpr))


def check(text):
    count = 0
    for name, primitives, jaxpr in cases(text):
        found = tokens(jaxpr)
        assert "".join(value for _, value in found) == jaxpr
        assert not [value for token, value in found if token is Error]
        named = {value for token, value in found if token is Name.Function} - {"<-", "+="}
        assert named == primitives - ARROWS, name
        types = [value for token, value in found if token is Keyword.Type]
        assert all(TYPE.fullmatch(value) or DTYPE.fullmatch(value) for value in types), name
        # A type follows every bound variable.
        assert jaxpr.count(":f32[") == sum(value.startswith("f32[") for value in types), name
        same_line_by_line(jaxpr, found)
        count += 1
    return count


def same_line_by_line(jaxpr, found):
    styles = {token: style for style, token in TOKENS.items()}
    whole = [(value, styles[token]) for token, value in found if styles.get(token)]
    single = [span for line in jaxpr.split("\n") for span in jaxpr_line(line) if span[1]]
    assert single == whole


@pytest.mark.parametrize("version", VERSIONS)
def test_jaxprs_of_supported_versions(version):
    assert check((FOLDER / f"{version}.txt").read_text()) == 38


def test_jaxprs_of_the_installed_jax():
    done = subprocess.run([sys.executable, FOLDER / "generate.py"], capture_output=True, text=True, check=True)
    assert check(done.stdout) == 38


@pytest.mark.parametrize("version", VERSIONS)
def test_lines_lose_nothing(version):
    text = (FOLDER / f"{version}.txt").read_text()
    assert [plain(line) for line in jaxpr_lines(text)] == text.split("\n")


def styled(text):
    return [span for span in jaxpr_line(text) if span[1]]


def test_an_equation():
    assert jaxpr_line("    c:f32[3] = dot_general[") == (
        ("    c:", ""), ("f32[3]", "type"), (" = ", ""), ("dot_general", "primitive"), ("[", ""),
    )  # fmt: skip
    assert styled("      dimension_numbers=(([0], [1]), ([], []))") == [
        ("dimension_numbers", "muted"), ("0", "number"), ("1", "number"),
    ]  # fmt: skip
    assert styled("      preferred_element_type=float32") == [
        ("preferred_element_type", "muted"), ("float32", "type"),
    ]  # fmt: skip
    assert styled("    d:f32[3] = div c 2.0:f32[]") == [
        ("f32[3]", "type"), ("div", "primitive"), ("2.0", "number"), ("f32[]", "type"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "spans"),
    [
        ("{ lambda ; a:key<fry>[]. let", [("lambda", "keyword"), ("key<fry>[]", "type"), ("let", "keyword")]),
        ("  in (b,) }", [("in", "keyword")]),
        ("  in (b,) } in", [("in", "keyword"), ("in", "keyword")]),
        ("let _where = { lambda ; a:bool[]. let", [
            ("let", "keyword"), ("lambda", "keyword"), ("bool[]", "type"), ("let", "keyword")]),
        ("    in:f32[] = add do in", [("f32[]", "type"), ("add", "primitive")]),
        ("    a[0] <- b", [("0", "number"), ("<-", "primitive")]),
        ("    c:f32[2], a[...] <- a[...], g", [("f32[2]", "type"), ("<-", "primitive")]),
        ("    a[1:] += b", [("1", "number"), ("+=", "primitive")]),
        ("    debug_callback[", [("debug_callback", "primitive")]),
        ("    barrier_with_no_params a", [("barrier_with_no_params", "primitive")]),
        ("    e:f32[2,2] = scatter-add[", [("f32[2,2]", "type"), ("scatter-add", "primitive")]),
        ("    b:f32[8@(x,y),4]{V:(x,y)} = pvary a", [("f32[8@(x,y),4]{V:(x,y)}", "type"), ("pvary", "primitive")]),
        ("    b:Ref{f32[2]} = new_ref a", [("Ref{f32[2]}", "type"), ("new_ref", "primitive")]),
        ("    f:f32[1] = max -inf:f32[] e", [
            ("f32[1]", "type"), ("max", "primitive"), ("-inf", "number"), ("f32[]", "type")]),
        ("      name=<lambda>", [("name", "muted"), ("<lambda>", "name")]),
        ("      fmt=x = {x}, don't [red]", [("fmt", "muted"), ("x = {x}, don't [red]", "string")]),
        ("      out_specs=(P('x', None),)", [("out_specs", "muted"), ("'x'", "string"), ("None", "number")]),
        ("    b:f32[] = sin a   # <jaxtour:vmap/one>:3:9", [
            ("f32[]", "type"), ("sin", "primitive"), ("# <jaxtour:vmap/one>:3:9", "comment")]),
        ("{ lambda ; a:f32[]. let b:f32[] = neg a; c:f32[] = sin b in (c,) }", [
            ("lambda", "keyword"), ("f32[]", "type"), ("let", "keyword"), ("f32[]", "type"), ("neg", "primitive"),
            ("f32[]", "type"), ("sin", "primitive"), ("in", "keyword")]),
        ("", []),
    ],
)  # fmt: skip
def test_a_line_by_itself(line, spans):
    assert styled(line) == spans
    same_line_by_line(line, tokens(line))


def test_hostile_lines_are_clean_and_cheap():
    assert plain(jaxpr_line(clean("    a = \x1b[31m\u202e\n", keep_newlines=False))) == "    a = ␛[31m<U+202E>␊"
    long = "<" * 200_000
    assert plain(jaxpr_line(long)) == long
    assert len(jaxpr_line("1 " * 100_000)) <= COLOURED


def test_the_lexer_is_a_plugin_with_a_name():
    assert isinstance(get_lexer_by_name("jaxpr"), JaxprLexer)
    assert JaxprLexer.analyse_text("  { lambda ; a:f32[]. let") > 0 == JaxprLexer.analyse_text("def f(): pass")
    kinds = {token for token, _ in tokens("a:f32[] = add 1.0:f32[] b")}
    assert {Name.Variable, Number, Punctuation} <= kinds


def test_facts_of_a_trace():
    trace = harmless(Trace(run=1, index=0, label="many", call="predict_many(w, X)", equations=5))
    assert plain_lines([trace_facts(trace)]) == "predict_many(w, X)   5 equations\n"
    single = harmless(Trace(run=1, index=0, label="", call="f(\x1b)", equations=1))
    assert plain(trace_facts(single)) == "f(␛)   1 equation"
    assert plain(trace_facts(harmless(Trace(run=1, index=0, label="", call="f(1)", error="not traceable")))) == "f(1)"


@pytest.mark.parametrize(
    ("lines", "continued"),
    [
        (["    a:f32[] = scan[", "      length=3", "    ] b", "    c:f32[] = sin a"], [False, True, True, False]),
        # Each of several equal equations in a row starts its own group, even if its result is unused.
        (["    _:f32[] = sin a", "    _:f32[] = sin a"], [False, False]),
        (["    debug_callback[", "      ordered=False", "    ] a", "    debug_callback["], [False, True, True, False]),
    ],
)
def test_a_line_that_begins_an_equation_continues_none(lines, continued):
    stage = StageText(
        index=0,
        stage="jaxpr",
        complete=True,
        texts=lines,
        ids=array("I", [0] * len(lines)),
        origins=(Origin(kind="equation", name="any", spans=(Span("a/b", 1, 1, 1, 4),)),),
        _names=[f"{line.strip()[0]}=" if line.strip()[0] in "ac" else "" for line in lines],
    )
    assert [is_continued(stage, line) for line in range(len(lines))] == continued
