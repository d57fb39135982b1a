"""A stage is assembled from its parts, whatever they hold and in whatever order they come."""

import random
import tracemalloc
from array import array

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_stages import equation, events, span, stage_of, whole

from jaxtour.engine.stage import BLANK, NOTHING, PackedLines, assembled
from jaxtour.engine.wire.messages import Cost, Origin, Stage

ADD = equation("add", span(1, 1, 6))
MUL = equation("mul", span(2, 5, 10), path="jit(f)/mul")
OTHER = Origin()
ROWS = [("{ lambda ; a:f32[]. let", OTHER), ("b:f32[] = add a 1.0", ADD), ("c = mul b b", MUL), ("d = add c 1.0", ADD)]


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=8), min_size=1, max_size=30))
def test_texts_are_the_lines_of_their_text(lines: list[str]) -> None:
    texts = PackedLines("\n".join(lines))
    assert list(texts) == lines == [texts[at] for at in range(len(texts))]
    assert texts[-1] == lines[-1] and texts[1:3] == lines[1:3] and texts.whole == "\n".join(lines)
    for outside in (len(lines), -len(lines) - 1):
        with pytest.raises(IndexError):
            texts[outside]


def test_lone_surrogates_of_a_script_survive() -> None:
    assert list(PackedLines("a\ud800\nµ")) == ["a\ud800", "µ"]


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_lines_know_their_origin_and_origins_their_lines(parts: int) -> None:
    stage = stage_of(*ROWS, parts=parts)
    assert list(stage.texts) == [text for text, _ in ROWS] and stage.text.count("\n") == 3
    assert [stage.origin_of(line) for line in range(4)] == [origin for _, origin in ROWS]
    assert [list(stage.lines_of(each)) for each in range(len(stage.origins))] == [[0], [1, 3], [2]]
    assert list(stage.lines_of(stage.ids[3])) == [1, 3]


@given(order=st.permutations(range(4)))
def test_the_parts_may_come_in_any_order(order: list[int]) -> None:
    parts = list(events(ROWS, parts=4))
    stage = None
    for number in order[:-1]:
        stage = assembled(stage, parts[number])
        assert not stage.complete and len(stage.texts) == 0
    stage = assembled(stage, parts[order[-1]])
    assert stage.complete and list(stage.texts) == [text for text, _ in ROWS]
    assert [stage.origin_of(line) for line in range(4)] == [origin for _, origin in ROWS]


def test_a_part_that_comes_twice_counts_once() -> None:
    first, second = events(ROWS, parts=2)
    assert list(whole(first, first, second).texts) == [text for text, _ in ROWS]


def test_a_newer_run_starts_anew_also_between_parts() -> None:
    first, _ = events(ROWS, parts=2)
    later = list(events(ROWS[:2], parts=2, run=2))
    stage = whole(first, *later)
    assert (stage.run, list(stage.texts)) == (2, [text for text, _ in ROWS[:2]])
    again = assembled(stage, first)
    assert not again.complete and again.run == 1


def test_names_folds_and_cost() -> None:
    one = Stage(run=1, index=0, stage="hlo", parts=2, text="a\nb", names="x y=p q\n=x", folds=((0, 2), (1, 9), (2, 1)))
    two = Stage(run=1, index=0, stage="hlo", part=1, parts=2, text="c\nd", cost=Cost(flops=2.0))
    stage = whole(one, two)
    assert [stage.names_of(line) for line in range(4)] == [(("x", "y"), ("p", "q")), ((), ("x",)), ((), ()), ((), ())]
    assert stage.folds == ((0, 2),), "what lies outside of the text folds nothing"
    assert stage.cost == Cost(flops=2.0)
    assert stage_of(*ROWS).names_of(1) == ((), ())


@pytest.mark.parametrize(
    ("lines", "origins"),
    [((), ()), ((0,), (ADD,)), ((0, 5, 0), (ADD,)), ((0, -1, 2**40), (ADD,)), ((0,) * 9, (ADD,))],
    ids=["none", "too few", "outside the table", "no places at all", "too many"],
)
def test_lines_without_an_origin_are_of_no_kind(lines: tuple[int, ...], origins: tuple[Origin, ...]) -> None:
    stage = whole(Stage(run=1, index=0, stage="jaxpr", text="a\nb\nc", lines=lines, origins=origins))
    assert len(stage.ids) == 3
    for line in range(3):
        known = line < len(lines) and 0 <= lines[line] < len(origins)
        assert stage.origin_of(line) == (ADD if known else NOTHING)


@pytest.mark.parametrize("names", ["", "a=b", "a=b\nc=d\ne=f\ng=h"])
def test_names_of_another_length_do_not_shift_those_of_the_next_part(names: str) -> None:
    one = Stage(run=1, index=0, stage="jaxpr", parts=2, text="a\nb\nc", names=names)
    two = Stage(run=1, index=0, stage="jaxpr", part=1, parts=2, text="d", names="z=y")
    assert whole(one, two).names_of(3) == (("z",), ("y",))


def test_an_error_ends_a_stage_at_once() -> None:
    first, _ = events(ROWS, parts=2)
    stage = whole(first, Stage(run=1, index=0, stage="jaxpr", error="no backend"))
    assert (stage.error, len(stage.texts), stage.text) == ("no backend", 0, "")


def test_a_hundred_thousand_lines_take_less_than_300_bytes_each() -> None:
    count, parts = 100_000, 13
    chance = random.Random(1)
    origins = tuple(
        equation("add", span(at % 400 + 1, 1, 9), callers=[span(9, 1, 5)], path=f"jit(f)/block_{at}/add")
        for at in range(5000)
    )
    size = -(-count // parts)
    frames = []
    for part in range(parts):
        here = range(part * size, min(count, (part + 1) * size))
        frames.append(
            msgspec.json.encode(
                Stage(
                    run=1, index=0, stage="hlo", part=part, parts=parts,
                    text="\n".join(f"  %fusion.{at} = f32[128,256]{{1,0}} fusion(%add.{at}), calls=%fused.{at}"
                                   for at in here),
                    lines=tuple(chance.randrange(len(origins)) for _ in here),
                    origins=origins if part == 0 else (),
                    names="\n".join(f"%fusion.{at}=%add.{at}" for at in here),
                )
            )
        )  # fmt: skip
    decoder = msgspec.json.Decoder(Stage)
    tracemalloc.start()
    try:
        stage = whole(*(decoder.decode(frame) for frame in frames))
        assert len(stage.lines_of(0)) == array("I", stage.ids).count(0)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(stage.texts) == count
    assert used < 300 * count


NAME = st.sampled_from(["a", "b", "ab", "%1", "%1#0", "%12", "add.1", "é", "$"])


@given(st.lists(st.tuples(st.lists(NAME, max_size=3), st.lists(NAME, max_size=3)), max_size=12), NAME)
def test_lines_that_define_and_use_a_name(rows: list[tuple[list[str], list[str]]], name: str) -> None:
    names = "\n".join(f"{' '.join(outs)}={' '.join(ins)}" for outs, ins in rows)
    text = "\n".join("x" for _ in rows)
    stage = whole(Stage(run=1, index=0, stage="jaxpr", text=text, lines=tuple(0 for _ in rows), names=names))
    numbered = {name, f"{name}#0"}
    for _ in range(2):
        assert list(stage.defining(name)) == [at for at, (outs, _) in enumerate(rows) if name in outs]
        assert list(stage.using(name)) == [at for at, (_, ins) in enumerate(rows) if numbered & set(ins)]


def test_indents_tell_what_is_inside_of_what() -> None:
    texts = PackedLines("{ lambda\n    a\n\n   \n" + " " * 300 + "deep\n  in")
    assert list(texts.indents()) == [0, 4, BLANK, BLANK, BLANK - 1, 2]
