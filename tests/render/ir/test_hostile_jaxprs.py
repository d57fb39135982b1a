"""Cards, graphs and ladders show a jaxpr with hostile names, types, literals and parameters harmlessly."""

import jax
import jax.extend.core
import jax.numpy as jnp
from recorded import assembled_of, events_of_jaxpr

from jaxtour.render.ir.cards import card_lines
from jaxtour.render.ir.graph import graph
from jaxtour.render.ir.ladder import ladder_lines, ladder_rows
from jaxtour.render.text.layout import plain_lines
from jaxtour.text import UNCLEAN

# A Hangul filler is a letter to a regular expression, and invisible; the others stand wherever any character may.
HOSTILE = {
    "text": {"f32": "f\u202e3", "odd": "ev\u202een", "= mul": "= mu\u3164l"},
    "types": {"f32": "f\u202e3"},
    "names": {"a": "e\u3164e"},
    "parameters": {'"kind":"odd"': '"kind":"ev\\u202een"', '"name":"f"': '"name":"f\\u202eg"'},
    "equations": {"2.0:f32": "2\\u001b.0:f\\u202e3", "3.0:f32": "3\\u001b.0:f\\u202e3"},
    "jaxprs": {'"a"': '"e\\u3164e"', "1.0:f32": "1\\u001b.0:f\\u202e3"},
}
"""What replaces what, by field of an event."""
NAMES = {"mul": "mu\u3164l", "sub": "su\u3164b"}

own = jax.extend.core.Primitive("own")
own.def_abstract_eval(lambda aval, **_: aval)


def program(a):
    b = 2.0 * a
    g = jax.jit(f)(b)
    return own.bind(own.bind(g, kind="odd"), kind="odd", other=1) + captured, 1.0


def f(c):
    return c - 3.0


captured = jnp.ones(2)


def stage(hostile):
    """Return the program as it is sent; or with what a hostile one could send."""
    [event] = events_of_jaxpr(jax.make_jaxpr(program)(jnp.ones(2)))
    if hostile:
        for field, exchanged in HOSTILE.items():
            for old, new in exchanged.items():
                assert old in event[field], (field, old)
                event[field] = event[field].replace(old, new)
        event["origins"] = [
            {**each, "name": NAMES.get(each.get("name"), each.get("name", ""))} for each in event["origins"]
        ]
    return assembled_of([event])


def harmless(lines):
    """Return the text of the lines, and assert that every character is visible."""
    text = plain_lines(lines)
    assert not UNCLEAN.search(text), ascii(text)
    return text


def test_cards():
    hostile = stage(True)
    said = "".join(harmless(card_lines(hostile, line, 100)) for line in range(len(hostile.texts)))
    assert "2␛.0" in said and "ev<U+202E>en" in said and "mu<U+3164>l" in said


def test_graphs():
    hostile = stage(True)
    said = harmless(graph(hostile, range(len(hostile.texts))).lines)
    assert "2␛.0" in said and "1␛.0" in said and "su<U+3164>b" in said and "f<U+202E>3" in said
    assert "f<U+202E>g" in harmless(graph(hostile).lines)


def test_ladders():
    plain, hostile = stage(False), stage(True)
    for width in (60, 160):
        for below, above in ((plain, hostile), (hostile, plain), (hostile, hostile)):
            rows = ladder_rows(below, above)
            assert "<U+202E>" in harmless(ladder_lines(rows, width))
            harmless([((word, ""),) for row in rows for word in row.words])
