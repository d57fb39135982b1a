import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxtour.course import reader
from jaxtour.course.model import CourseError
from jaxtour.course.reader import Mapping, Scalar, Sequence, at

PARSERS = ["libyaml", "python"] if yaml.__with_libyaml__ else ["python"]


@pytest.fixture(params=PARSERS, autouse=True)
def parser(request, monkeypatch):
    """Run every test on both parsers, which word their errors differently."""
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "libyaml")


def read(data: bytes, file: str) -> reader.YamlDocument:
    return reader.parse(reader.decode(data, file), file)


def refusal(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(CourseError) as caught:
        read(data, "lesson.yaml")
    problem = caught.value.problem
    assert problem is not None
    assert str(caught.value) == str(problem)
    assert "\n" not in str(problem)
    return str(problem).removeprefix("lesson.yaml:")


def test_nodes_know_their_places():
    document = read(b"a: 1\nb:\n  - x\n  - {c: 'y', d: [z]}\n", "f")
    root = document.root
    assert isinstance(root, Mapping)
    assert (root.line, root.column, list(root.entries)) == (1, 1, ["a", "b"])
    assert at(root, "b") == Sequence(3, 3, False, [at(root, "b", 0), at(root, "b", 1)])
    assert at(root, "b", 0) == Scalar("x", 3, 5)
    assert at(root, "b", 1, "c") == Scalar("y", 4, 9, "quoted", flow=True)
    assert at(root, "b", 1, "d", 0) == Scalar("z", 4, 18, "plain", flow=True)
    assert root.entries["b"][0] == Scalar("b", 2, 1)


def test_at_stops_where_the_path_ends():
    root = read(b"a: [x]\n", "f").root
    assert at(root, "a", 3) == at(root, "a")
    assert at(root, "b", "c") == root


@pytest.mark.parametrize(
    "text", ["no", "12:30", "1e-3", "010", "1.10", "2026-01-01", "off", "null", "~", ".inf", "0x1F"]
)
def test_scalars_stay_text(text):
    assert at(read(f"a: {text}\n".encode(), "f").root, "a") == Scalar(text, 1, 4)


def test_block_scalars_keep_their_lines():
    root = read(b"a: |\n\n  x\n    y\nb: >-\n  c\n  d\n", "f").root
    assert at(root, "a") == Scalar("\nx\n  y\n", 1, 4, "literal")
    assert at(root, "b") == Scalar("c d", 5, 4, "folded")


def test_byte_order_mark_and_line_ends_of_windows():
    assert at(read(b"\xef\xbb\xbfa: b\r\nc: d\r\n", "f").root, "c") == Scalar("d", 2, 4)


@pytest.mark.parametrize(
    ("text", "start", "word"),
    [
        # YAML's well-known traps.
        ("title: a: b\n", "1:9: ", "quote it, or use |"),
        ("t: @x\n", "1:4: ", "cannot begin with `@`: quote it, or use |"),
        ("t: `x`\n", "1:4: ", "cannot begin with a backtick: quote it, or use |"),
        ("t: %x\n", "1:4: ", "cannot begin with `%`: quote it"),
        ("t: ,x\n", "1:4: ", "cannot begin with `,`: quote it"),
        ("t: {a} b\n", "1:8: ", "quote it, or use |"),
        ("t: [x] + [y]\n", "1:8: ", "quote it, or use |"),
        ("t: 'a' b\n", "1:8: ", "quote it, or use |"),
        ("t: {a: b: c}\n", "1:4: ", "`{` begins"),
        ("t: [\n", "2:1: ", "is a bracket above not closed?"),
        ("t: [", "1:5: ", "is a bracket above not closed?"),
        ("t: [\ns:\n  - a\n", "3:3: ", "is a bracket above not closed?"),
        ("t: [a, }]\n", "1:8: ", "cannot begin with `}`"),
        ("t: [a, b\nc: d\n", "1:4: ", "`[` begins"),
        ('t: "abc\nd: e\n', "1:4: ", "close it, or use |"),
        ('t: "\\d"\n', "1:", "single quotes, or |"),
        ('t: "a\n---\nb"\n', "1:4: ", "quote is not closed"),
        ("t: *\n", "1:4: ", "`*` begins a YAML alias"),
        ("t: & b\n", "1:4: ", "`&` begins a YAML anchor"),
        ("t: !<foo\n", "1:4: ", "`!` begins a YAML tag"),
        ("t: - x\n", "1:4: ", "quote it"),
        ("jax: > 3\n", "1:6: ", "quote it, or use |"),
        # Wrong indentation.
        ("a:\n\t- b\n", "2:1: ", "use spaces"),
        ("a:\n  b: 1\n c: 2\n", "3:2: ", "align it"),
        ("a: |\n  x\n y\n", "3:2: ", "align it"),
        ("a: x\n  b: y\n", "2:4: ", "align it"),
        ("a: b\n- c\n", "2:1: ", "align it"),
        ("a:\n  - b: 1\n  -c: 2\n", "3:3: ", "needs a space after its dash: write `- `"),
        ("a: 1\nb\nc: 2\n", "2:1: ", "not `key: value`"),
        # Valid YAML that is refused.
        ("a: &x 1\n", "1:4: ", "YAML anchor, which jaxtour does not read: delete it, or quote it, or use |"),
        ("a: 1\nb: *x\n", "2:4: ", "YAML alias, which jaxtour does not read: write it out, or quote it, or use |"),
        ("a: !!int 3\n", "1:4: ", "tag"),
        ("a: ! 3\n", "1:4: ", "tag"),
        ("a: !!map {}\n", "1:4: ", "tag"),
        ("%TAG ! tag:x,2000:\n---\na: b\n", "1:1: ", "%TAG"),
        ("%YAML 3.0\n---\na: b\n", "1:1: ", "incompatible"),
        ("a:\n  <<: {b: 1}\n", "2:3: ", "merge keys"),
        ("[a]: b\n", "1:1: ", "a list cannot be a key"),
        ("? {a: b}\n: c\n", "1:3: ", "a mapping cannot be a key"),
        ("a: b\n---\nc: d\n", "2:1: ", "one lesson"),
        ("a: b\n...\nc: d\n", "3:1: ", "one lesson"),
        ("", "1:1: ", "empty"),
        ("# only a comment\n", "1:1: ", "empty"),
        ("---\n...\n---\n", "", ""),
        # Bytes that are not text.
        ("a: b\nc: \x00d\n", "2:4: ", "U+0000"),
        ("a: \x1b]52;c;eA==\x07\n", "1:4: ", "U+001B"),
        ("a: \x9b31m\n", "1:4: ", "U+009B"),
        ("a: 1\ufeff\n", "1:5: ", "U+FEFF"),
        (b"a: b\nc: d\xff\n", "2:5: ", "byte 0xff is not UTF-8"),
        ("a: b\n".encode("utf-16"), "1:1: ", "UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00", "1:1: ", "U+007F"),
        (b"\x89PNG\r\n\x1a\n", "1:1: ", "0x89"),
        (b'a: "\\ud800"\n', "1:4: ", ""),
        (b'a: "\\U0FFFFFFF"\n', "1:", ""),
    ],
)
@pytest.mark.row("lessons that are no YAML")
def test_refusals_name_place_and_remedy(text, start, word):
    message = refusal(text)
    assert message.startswith(start)
    assert word in message


@pytest.mark.row("a lesson with a key twice")
def test_duplicate_key_names_both_places():
    message = refusal("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert message.startswith("5:3: ")
    assert "line 3, column 3" in message


def test_same_key_in_different_mappings_is_fine():
    root = read(b"a: {x: 1}\nb: {x: 2}\nc: [{x: 3}, {x: 4}]\n", "f").root
    assert at(root, "c", 1, "x") == Scalar("4", 3, 17, flow=True)


def test_depth_32_is_read_and_33_is_not():
    read(("[" * 32 + "]" * 32).encode(), "f")
    assert refusal("[" * 33 + "]" * 33).startswith("1:33: nested more than 32 deep")


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "[{"])
@pytest.mark.row("a lesson nested 100,000 deep")
@pytest.mark.timeout(60)
def test_deep_nesting_is_refused_at_once(piece):
    assert refusal(piece * 100_000)


@pytest.mark.row("a billion laughs, and a merge bomb")
def test_bombs_are_refused():
    laughs = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(30))
    assert "anchor" in refusal(laughs)
    merges = "".join(f"k{i}: &k{i} {{<<: [*k{i - 1}, *k{i - 1}]}}\n" for i in range(1, 25))
    assert "anchor" in refusal(merges)
    assert "more than 20000 values" in refusal("[" + "a," * 30_000 + "]")


@pytest.mark.row("a lesson of more than 1 MiB")
def test_size_limit_is_1_mib():
    fits = b"a: " + b"x" * (1024 * 1024 - 3)
    assert read(fits, "f").root
    assert "larger than 1 MiB" in refusal(fits + b"x")


yaml_like = st.text(
    st.sampled_from(list("abc:- \n\t[]{},&*!|>'\"%@`#?<~.0123\\é\u2028")) | st.characters(codec="utf-8"), max_size=200
)


@settings(max_examples=300, deadline=None)
@given(yaml_like)
@pytest.mark.row("random text as a lesson")
def test_any_text_is_read_or_refused(text):
    try:
        read(text.encode(), "f")
    except CourseError as error:
        problem = error.problem
        assert problem is not None and problem.line >= 1 and problem.column >= 1 and problem.message
        assert problem.line <= len(reader.LINE_END.split(text)) and "\n" not in str(problem)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
@pytest.mark.row("random bytes as a lesson")
def test_any_bytes_are_read_or_refused(data):
    try:
        read(data, "f")
    except CourseError as error:
        assert error.problem is not None
