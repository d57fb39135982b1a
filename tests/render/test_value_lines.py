"""Values, output and warnings are rendered."""

from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.wire.messages import Value, Warned
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.value import devices_of, output_lines, output_text, type_of, value_lines, warning_lines
from jaxtour.text import Raw, harmless

ARRAY = harmless(
    Value(
        type="Array",
        text="[0.37815177  0.55771613  0.4303379]",
        length=35,
        shape=(3,),
        dtype="float32",
        devices=("cpu:0",),
        sharding="one device",
        committed=False,
    )
)
EIGHT = tuple(f"cpu:{number}" for number in range(8))


def test_an_array():
    lines = value_lines(ARRAY, 80)
    assert lines[0] == (
        ("Array", "strong"), (" ", ""), ("float32[3]", "type"), ("  ", ""), ("on cpu:0, uncommitted", "muted"),
    )  # fmt: skip
    assert plain_lines(lines[1:]) == "[0.37815177  0.55771613  0.4303379]\n"


def test_a_narrow_pane():
    assert plain_lines(value_lines(ARRAY, 24)) == (
        "Array float32[3]  on\n  cpu:0, uncommitted\n[0.37815177  0.55771613\n0.4303379]\n"
    )


def test_a_spread_and_cut_array():
    value = harmless(Value(
        type="Array", text="[1 2\n 3 4]", length=100_000, shape=(8, 2), dtype="int32", devices=EIGHT,
        sharding="P('x',) over (x: 8)", committed=True, weak_type=True,
    ))  # fmt: skip
    assert plain_lines(value_lines(value, 110)) == (
        "Array int32[8,2]  on 8 devices, cpu:0-7, sharded P('x',) over (x: 8), committed, weakly typed\n"
        "[1 2\n 3 4]\n"
        "… 10 of 100 000 characters\n"
    )


def test_a_tree_and_its_leaves():
    tree = ("['a']     float32[2]", "['b'][0]  int  1", "… 40 more leaves")
    value = harmless(Value(type="dict", text="{'a': ..., 'b': [1]}", tree=tree))
    assert plain_lines(value_lines(value, 80)) == (
        "dict  42 leaves\n{'a': ..., 'b': [1]}\n├ ['a']     float32[2]\n├ ['b'][0]  int  1\n└ … 40 more leaves\n"
    )
    assert value_lines(value, 80)[2][1:] == (("['a']", "name"), ("     ", ""), ("float32[2]", "type"))
    assert plain_lines(value_lines(value, 80, ascii=True)).isascii()


def test_plain_values():
    assert plain_lines(value_lines(harmless(Value(type="float", text="30.0")), 80)) == "float\n30.0\n"
    assert plain_lines(value_lines(harmless(Value(type="str", text="''")), 80)) == "str\n''\n"
    assert plain_lines(value_lines(harmless(Value(type="ndarray", text="", shape=(), dtype="float64")), 80)) == (
        "ndarray float64[]\n"
    )


def test_markup_and_control_characters_are_text():
    value = harmless(Value(type="[red]", text="\x1b[31m[/]\u202e", tree=("[bold]\x07  x",)))
    assert plain_lines(value_lines(value, 80)) == "[red]  1 leaf\n␛[31m[/]<U+202E>\n└ [bold]␇  x\n"


def test_a_very_long_text_is_cut():
    lines = value_lines(harmless(Value(type="str", text="x" * 250_000, length=250_000)), 80)
    assert len(lines) < 1000
    assert plain_lines(lines[-1:]) == "… 65 536 of 250 000 characters\n"


@given(st.text(max_size=60), st.integers(2, 60))
def test_values_never_exceed_the_width(text, width):
    value = harmless(Value(type="Array", text=text, shape=(3,), dtype=text[:9], devices=EIGHT, tree=(text, text[::-1])))
    assert all(width_of(line) <= width for line in value_lines(value, width))


def test_devices_in_words():
    assert devices_of(()) == ""
    assert devices_of(("tpu:3",)) == "tpu:3"
    assert devices_of(EIGHT) == "8 devices, cpu:0-7"
    assert devices_of(("cpu:0", "cpu:2")) == "2 devices, cpu:0 cpu:2"
    assert devices_of(("cpu:0", "gpu:0")) == "2 devices, cpu:0 gpu:0"
    assert devices_of([f"cpu:{2 * number}" for number in range(20)]).endswith("cpu:14 …")


def test_types_in_words():
    assert type_of("float32", (2, 3)) == "float32[2,3]"
    assert type_of("key<fry>", ()) == "key<fry>[]"
    assert type_of(None, None) == ""


def test_output():
    assert output_lines(Raw("")) == [] == output_lines(Raw("\n"))
    assert output_lines(Raw("a\n\nb\n")) == [(("a", ""),), (), (("b", ""),)]
    assert plain_lines(output_lines(Raw("1%\r2%\r\n\x1b[1m\n"), style="muted")) == "2%\n␛[1m\n"
    assert plain_lines(output_lines(Raw("long line\rab\n"))) == "abng line\n"
    assert output_text(Raw("\r1%\r\n\t\x1b[2K")) == "\r1%\r\n        ␛[2K"
    assert plain_lines(output_lines(Raw("one two three"), 8)) == "one two\nthree\n"


def test_warnings():
    warned = Warned(run=1, category="DeprecationWarning", message="use [this]\n  instead", line=3)
    assert plain_lines(warning_lines([warned], 80)) == "⚑ DeprecationWarning  line 3  use [this]\n    instead\n"
    other = Warned(run=1, category="UserWarning", message="old", elsewhere="/ours/helper.py:3")
    assert plain_lines(warning_lines([other], 80)) == "⚑ UserWarning  helper.py:3  old\n"
    nowhere = Warned(run=1, category="UserWarning", message="")
    assert plain_lines(warning_lines([nowhere], 80, ascii=True)) == "! UserWarning\n"
