"""Cards, graphs and ladders show a jaxpr with hostile names, types, literals and parameters harmlessly."""

from stages import stage_text

from jaxtour.render.ir.cards import card_lines
from jaxtour.render.ir.graph import graph
from jaxtour.render.ir.ladder import ladder_rows
from jaxtour.render.ir.ladder_lines import ladder_lines
from jaxtour.render.text.spans import plain_lines
from jaxtour.text.clean import UNCLEAN

# A Hangul filler is a letter to a regular expression, and invisible; the others stand where anything may.
PLAIN = """{ lambda e:f32[2] ; a:f32[2]. let
    b:f32[2] = mul 2.0:f32[] a
    g:f32[2] = jit[
      name=f
      jaxpr={ lambda ; c:f32[2]. let d:f32[2] = sub c 3.0:f32[] in (d,) }
    ] b
    h:f32[2] = neg[kind=odd] g
    i:f32[2] = cos[kind=odd] h
  in (i, 1.0:f32[]) }"""
HOSTILE = """{ lambda e\u3164e:f\u202e3[2] ; a:f\u202e2[2]. let
    b:f\u202e2[2] = mu\u3164l 2\x1b.0:f32[] a
    g:f\u202e2[2] = jit[
      name=f\u202eg
      jaxpr={ lambda ; c:f\u202e2[2]. let d:f\u202e2[2] = su\u3164b c 3\x1b.0:f32[] in (d,) }
    ] b
    h:f\u202e2[2] = neg[kind=ev\u202een] g
    i:f\u202e2[2] = cos[new=ev\u202een] h
  in (i, 1\x1b.0:f32[]) }"""


def harmless(lines):
    """Return the text of the lines, and assert that every character is visible."""
    text = plain_lines(lines)
    assert not UNCLEAN.search(text), ascii(text)
    return text


def test_cards():
    hostile = stage_text("jaxpr", HOSTILE)
    said = "".join(harmless(card_lines(hostile, line, 100)) for line in range(len(hostile.texts)))
    assert "2␛.0" in said and "ev<U+202E>en" in said and "mu<U+3164>l" in said


def test_graphs():
    hostile = stage_text("jaxpr", HOSTILE)
    said = harmless(graph(hostile, range(len(hostile.texts))).lines)
    assert "2␛.0" in said and "1␛.0" in said and "su<U+3164>b" in said and "f<U+202E>2" in said
    assert "f<U+202E>g" in harmless(graph(hostile).lines)


def test_ladders():
    plain, hostile = stage_text("jaxpr", PLAIN), stage_text("jaxpr", HOSTILE)
    for width in (60, 160):
        for below, above in ((plain, hostile), (hostile, plain), (hostile, hostile)):
            rows = ladder_rows(below, above)
            assert "<U+202E>" in harmless(ladder_lines(rows, width).lines)
            harmless([((word, ""),) for row in rows for word in row.words])
