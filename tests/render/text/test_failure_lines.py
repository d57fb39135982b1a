"""Errors show the message, and the learner's lines with the failing part underlined."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from jaxtour.engine.wire.messages import Failure, Inner, TracebackFrame
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.value import failure_lines
from jaxtour.text import harmless

CALL = harmless(TracebackFrame(file="vmap/one", line=8, column=1, end_column=14, text="predict(w, X)"))
DOT = harmless(
    TracebackFrame(
        file="vmap/one", line=5, function="predict", column=20, end_column=33, text="    return sigmoid(jnp.dot(w, x))"
    )
)


def failure(message, *frames):
    return Failure(run=1, type="TypeError", bases=("TypeError",), message=message, frames=frames)


def test_frames_beside_their_places():
    assert plain_lines(failure_lines(failure("shapes (2,) and (3,) do not fit", CALL, DOT), 60)) == (
        "TypeError  shapes (2,) and (3,) do not fit\n"
        "\n"
        "line 8               predict(w, X)\n"
        "                     ─────────────\n"
        "line 5  in predict   return sigmoid(jnp.dot(w, x))\n"
        "                                    ─────────────\n"
    )


def test_frames_under_their_places_where_it_is_narrow():
    assert plain_lines(failure_lines(failure("no", CALL, DOT), 38)) == (
        "TypeError  no\n"
        "\n"
        "line 8\n"
        "    predict(w, X)\n"
        "    ─────────────\n"
        "line 5  in predict\n"
        "    return sigmoid(jnp.dot(w, x))\n"
        "                   ─────────────\n"
    )


def test_other_steps_and_setup_are_named():
    earlier = harmless(TracebackFrame(file="vmap/zero", line=1, function="f", text="    y"))
    setup = harmless(TracebackFrame(file="vmap/one", line=2, setup=True, text="w = z"))
    assert plain_lines(failure_lines(failure("", CALL, earlier, setup), 60)) == (
        "TypeError\n"
        "\n"
        "line 8                     predict(w, X)\n"
        "                           ─────────────\n"
        "line 1 of vmap/zero  in f  y\n"
        "setup line 2               w = z\n"
    ).replace("in f  y", "in f   y").replace("                     predict", "                      predict").replace(
        "                           ──", "                            ──"
    ).replace("setup line 2               w", "setup line 2                w")


def test_messages_of_several_lines_are_wrapped_at_words():
    text = plain_lines(failure_lines(failure("first line is long\n   indented line is long\n[red]x[/]"), 20))
    assert text == "TypeError  first\n  line is long\n   indented line is\n   long\n[red]x[/]\n"


def test_a_long_line_is_shown_where_it_fails():
    frame = harmless(
        TracebackFrame(
            file="a/b", line=3, column=205, end_column=211, text="x = " + "0123456789" * 20 + "broken" + "9" * 99
        )
    )
    lines = failure_lines(failure("", frame), 40)
    assert all(width_of(line) <= 40 for line in lines)
    assert "broken" in plain_lines(lines)
    row, rule = plain_lines(lines).splitlines()[-2:]
    assert row[rule.index("─") : rule.rindex("─") + 1] == "broken"


def test_wide_characters_are_underlined_whole():
    frame = harmless(TracebackFrame(file="a/b", line=1, column=5, end_column=7, text="x = 日本"))
    row, rule = plain_lines(failure_lines(failure("", frame), 40)).splitlines()[-2:]
    assert (row, rule) == ("line 1   x = 日本", "             ────")


def test_a_recursion_is_told_by_its_ends():
    frames = [
        harmless(TracebackFrame(file="a/b", line=number, function="f", text=f"f({number})")) for number in range(60)
    ]
    text = plain_lines(failure_lines(failure("maximum recursion depth exceeded", *frames), 60))
    assert "… 48 frames left out" in text
    assert "line 0 " in text and "line 59 " in text and "line 30 " not in text


@given(st.text(max_size=50), st.integers(0, 60), st.integers(0, 60), st.integers(16, 80))
def test_frames_never_exceed_the_width(text, column, end_column, width):
    frame = harmless(
        TracebackFrame(
            file="a/b", line=1, column=column, end_column=end_column, text=text.replace("\n", ""), function=text
        )
    )
    assert all(width_of(line) <= width for line in failure_lines(failure(text, frame), width))


def test_the_exceptions_of_a_group_follow_with_their_own_lines():
    inner = (
        Inner(type="TypeError", message="shapes do not fit\nat all", frames=(DOT,)),
        Inner(type="KeyError", message="'b'"),
        Inner(type="KeyError", message=""),
    )
    group = structs.replace(failure("two (3 sub-exceptions)", CALL), type="ExceptionGroup", inner=inner)
    assert plain_lines(failure_lines(group, 60)) == (
        "ExceptionGroup  two (3 sub-exceptions)\n"
        "\n"
        "line 8   predict(w, X)\n"
        "         ─────────────\n"
        "\n"
        "1 of 3  TypeError  shapes do not fit\n"
        "at all\n"
        "\n"
        "line 5  in predict   return sigmoid(jnp.dot(w, x))\n"
        "                                    ─────────────\n"
        "\n"
        "2 of 3  KeyError  'b'\n"
        "3 of 3  KeyError\n"
    )
