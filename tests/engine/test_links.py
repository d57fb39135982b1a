"""Source and stages lead to each other, and back to where the learner came from."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_stages import FILE, equation, events, span, stage_of, whole

from jaxtour.engine.links import LINE_END, Links, Target, links_of
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Origin, Span

# 1  def f(w, x):
# 2      return jnp.tanh(w * x + 1)
# 3  y = f(a, b) - z.std()
# 4  loss = jnp.sum(
# 5      y * 2,
# 6  )
TANH, SUM, MUL = span(2, 12, 31), span(2, 21, 30), span(2, 21, 26)
CALL, MINUS, STD = span(3, 5, 12), span(3, 5, 22), span(3, 15, 22)
TOTAL, TWICE = span(4, 8, 2, end_line=6), span(5, 5, 10)
INSIDE = {"callers": (CALL,)}

JAXPR = stage_of(
    ("{ lambda ; w x. let", Origin()),
    ("b = mul w x", equation("mul", MUL, path="jit(f)/mul", **INSIDE)),
    ("c = add b 1.0", equation("add", SUM, path="jit(f)/add", **INSIDE)),
    ("d = tanh c", equation("tanh", TANH, path="jit(f)/tanh", **INSIDE)),
    ("e = reduce_sum z", equation("reduce_sum", STD, path="reduce_sum")),
    ("g = sqrt e", equation("sqrt", STD, path="sqrt")),
    ("h = sub d g", equation("sub", MINUS, path="sub")),
    ("i = mul h 2.0", equation("mul", TWICE, path="mul")),
    ("j = reduce_sum i", equation("reduce_sum", TOTAL, path="reduce_sum")),
    ("k = copy j", equation("copy", unlinked="added by the compiler")),
    ("b2 = mul w x", equation("mul", MUL, path="transpose(jvp(f))/mul", **INSIDE)),
)
HLO = stage_of(
    ("%mul.1 = multiply", equation("multiply", MUL, path="jit(f)/mul", **INSIDE)),
    ("%tanh.2 = tanh", equation("tanh", TANH, path="jit(f)/tanh", **INSIDE)),
    ("%fusion.1 = fusion", equation("fusion", MUL, SUM, TANH, path="jit(f)/tanh", **INSIDE)),
    ("%sqrt.1 = sqrt", equation("sqrt", STD, path="sqrt")),
    ("%fusion.2 = fusion", equation("fusion", STD, path="reduce_sum")),
    ("%mul.9 = multiply", equation("multiply", MUL, path="transpose(jvp(f))/mul", **INSIDE)),
    stage="hlo",
)


def texts(stage: StageText, target: Target) -> list[str]:
    return [stage.texts[line].partition(" =")[0] for line in links_of(stage).lines(target)]


def from_line(stage: StageText, name: str) -> Target:
    line = next(at for at, text in enumerate(stage.texts) if text.startswith(f"{name} ="))
    return links_of(stage).target(line)


@pytest.mark.parametrize(
    ("place", "jaxpr", "hlo"),
    [
        ((2, 21), "b b2", "%mul.1 %fusion.1 %mul.9"),
        ((2, 29), "b c b2", "%mul.1 %fusion.1 %mul.9"),
        ((2, 12), "b c d b2", "%mul.1 %tanh.2 %fusion.1 %mul.9"),
        ((3, 6), "b c d b2", "%mul.1 %tanh.2 %fusion.1 %mul.9"),
        ((3, 13), "b c d e g h b2", "%mul.1 %tanh.2 %fusion.1 %sqrt.1 %fusion.2 %mul.9"),
        ((3, 15), "e g", "%sqrt.1 %fusion.2"),
        ((5, 5), "i", ""),
        ((5, 10), "i j", ""),
        ((6, 1), "i j", ""),
        ((6, 2), "", ""),
        ((1, 1), "", ""),
        ((3, 22), "", ""),
    ],
)
def test_a_place_in_the_source_is_its_smallest_expression(place: tuple[int, int], jaxpr: str, hlo: str) -> None:
    target = links_of(JAXPR).at(FILE, *place)
    assert texts(JAXPR, target) == jaxpr.split()
    assert texts(HLO, target) == hlo.split()
    assert bool(target) == bool(jaxpr)


@pytest.mark.parametrize(
    ("line", "jaxpr"),
    [(1, ""), (2, "b c d b2"), (3, "b c d e g h b2"), (4, "i j"), (5, "i"), (6, "i j"), (7, "")],
)
def test_a_line_of_the_source_is_all_that_begins_on_it_or_what_goes_on_over_it(line: int, jaxpr: str) -> None:
    assert texts(JAXPR, links_of(JAXPR).at(FILE, line)) == jaxpr.split()


def test_an_expression_that_ends_with_a_line_feed_does_not_go_on_over_the_next_line() -> None:
    links = links_of(stage_of(("a = mul b c", equation("mul", span(4, 8, 1, end_line=6)))))
    assert links.at(FILE, 5) and not links.at(FILE, 6)


def test_what_begins_a_line_is_no_part_of_the_one_before() -> None:
    links = links_of(stage_of(("a = mul b c", equation("mul", span(3, 1, 6)))))
    assert links.at(FILE, 3) and not links.at(FILE, 2)


def test_stops_are_the_nested_expressions_and_each_means_itself() -> None:
    links = links_of(JAXPR)
    assert links.selections(FILE, 2) == [(11, 30), (20, 29), (20, 25)]
    assert links.selections(FILE, 3) == [(4, 21), (4, 11), (14, 21)]
    assert links.selections(FILE, 4) == [(7, LINE_END)]
    assert links.selections(FILE, 6) == links.selections("lesson/other", 2) == []
    for line, found in ((2, [TANH, SUM, MUL]), (3, [MINUS, CALL, STD]), (4, [TOTAL])):
        targets = [links.at(FILE, line, start + 1, end + 1) for start, end in links.selections(FILE, line)]
        assert targets == [Target(spans=(each,)) for each in found]


@pytest.mark.parametrize(
    ("name", "hlo"),
    [
        ("b", "%mul.1 %fusion.1"),
        ("b2", "%fusion.1 %mul.9"),
        ("c", "%fusion.1"),
        ("d", "%tanh.2 %fusion.1"),
        ("g", "%sqrt.1 %fusion.2"),
        ("e", "%fusion.2"),
        ("i", ""),
        ("k", ""),
    ],
)
def test_an_equation_marks_its_own_instructions_and_the_fusions_it_is_in(name: str, hlo: str) -> None:
    assert texts(HLO, from_line(JAXPR, name)) == hlo.split()


@pytest.mark.parametrize(
    ("name", "jaxpr"),
    [("%mul.1", "b"), ("%mul.9", "b2"), ("%fusion.1", "b c d b2"), ("%sqrt.1", "g"), ("%fusion.2", "e g")],
)
def test_a_fusion_marks_everything_fused_into_it(name: str, jaxpr: str) -> None:
    assert texts(JAXPR, from_line(HLO, name)) == jaxpr.split()


def test_what_stands_for_two_expressions_belongs_to_both_whatever_its_path() -> None:
    merged = stage_of(
        ("%one = multiply", equation("multiply", MUL, path="jit(f)/mul")),
        ("%two = multiply", equation("multiply", MUL, SUM, path="elsewhere")),
        stage="hlo",
    )
    assert texts(merged, from_line(JAXPR, "b")) == ["%one", "%two"]
    assert texts(JAXPR, links_of(merged).target(1)) == ["b", "c", "b2"]


def test_a_call_that_is_no_line_of_the_other_stage_marks_what_it_became() -> None:
    call = stage_of(("d = jit[name=f] w x", equation("jit", CALL, path="jit")))
    assert texts(HLO, from_line(call, "d")) == ["%mul.1", "%tanh.2", "%fusion.1", "%mul.9"]


def test_a_line_without_a_source_means_nothing() -> None:
    for line in (0, 9):
        target = links_of(JAXPR).target(line)
        assert not target and links_of(JAXPR).lines(target) == []


def test_functions_are_no_part_of_a_place() -> None:
    named = Span(FILE, 2, 21, 2, 26, "f.<locals>.<lambda>")
    assert texts(HLO, Target(spans=(named,))) == ["%mul.1", "%fusion.1", "%mul.9"]


def test_links_are_made_once_and_go_with_their_stage() -> None:
    stage = stage_of(("a = mul b c", equation("mul", MUL)))
    links = links_of(stage)
    assert links_of(stage) is links
    gone = weakref.ref(links)
    del stage, links
    gc.collect()
    assert gone() is None


# Any program ----------------------------------------------------------------------------------------------------------


@st.composite
def nested(draw: st.DrawFn) -> list[Span]:
    """Draw spans as expressions have them: any two are apart, or one is inside the other; they may span lines."""
    cuts = sorted(draw(st.sets(st.tuples(st.integers(1, 6), st.integers(1, 12)), min_size=2, max_size=14)))
    found: list[Span] = []

    def fill(low: int, high: int) -> None:
        if high - low < 1:
            return
        found.append(Span(FILE, *cuts[low], *cuts[high]))
        middle = draw(st.integers(low, high))
        if draw(st.booleans()) and middle != high:
            fill(low, middle)
        if draw(st.booleans()) and middle != low:
            fill(middle, high)

    fill(0, len(cuts) - 1)
    return found


@st.composite
def stages(draw: st.DrawFn) -> StageText:
    spans = draw(nested())
    paths = st.sampled_from(["", "mul", "jvp(f)/mul", "transpose(jvp(f))/mul"])
    origins = st.builds(
        lambda name, own, around, path: equation(name, *own, callers=around, path=path),
        st.sampled_from(["mul", "fusion"]),
        st.lists(st.sampled_from(spans), max_size=3, unique=True),
        st.lists(st.sampled_from(spans), max_size=2),
        paths,
    )
    table = draw(st.lists(origins, min_size=1, max_size=6))
    picked = draw(st.lists(st.sampled_from(table), min_size=1, max_size=20))
    rows = [(f"x{at} = mul", origin) for at, origin in enumerate(picked)]
    return whole(*events(rows, parts=draw(st.integers(1, min(3, len(rows))))))


def rectangle(each: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    return (each.line, each.column), (each.end_line, each.end_column)


def contains(outer: Span, inner: Span) -> bool:
    return rectangle(outer)[0] <= rectangle(inner)[0] and rectangle(inner)[1] <= rectangle(outer)[1]


@given(stages())
def test_from_a_line_to_the_source_and_back(stage: StageText) -> None:
    links = Links(stage)
    for line in range(len(stage.texts)):
        target = links.target(line)
        assert bool(target) == bool(stage.origin_of(line).spans)
        for each in target.spans:
            assert line in links.lines(Target(spans=(each,)))
            assert line in links.lines(links.at(FILE, each.line))
            end = each.end_column if each.end_line == each.line else LINE_END + 1
            assert (each.column - 1, end - 1) in links.selections(FILE, each.line)
            if each.end_line == each.line:
                assert line in links.lines(links.at(FILE, each.line, each.column, each.end_column))


@given(stages(), st.data())
def test_what_is_selected_marks_what_is_inside_and_what_was_called_inside(
    stage: StageText, data: st.DataObject
) -> None:
    known = [each for origin in stage.origins for each in (*origin.spans, *origin.callers)]
    if not known:
        return
    wanted = data.draw(st.sampled_from(known))
    expected = [
        line
        for line in range(len(stage.texts))
        if any(contains(wanted, each) for each in (*stage.origin_of(line).spans, *stage.origin_of(line).callers))
    ]
    links = Links(stage)
    assert links.lines(Target(spans=(wanted,))) == expected
    assert links.origins_of(Target(spans=(wanted,))) == {stage.ids[line] for line in expected}


@given(stages(), st.tuples(st.integers(1, 7), st.integers(1, 13)))
def test_no_expression_inside_of_the_one_found_is_there_too(stage: StageText, place: tuple[int, int]) -> None:
    target = Links(stage).at(FILE, *place)
    known = [each for origin in stage.origins for each in (*origin.spans, *origin.callers)]
    there = [each for each in known if rectangle(each)[0] <= place < rectangle(each)[1]]
    assert bool(target) == bool(there)
    if there:
        [found] = target.spans
        assert found in there
        assert all(contains(each, found) for each in there)


@given(stages(), stages())
def test_lines_of_another_stage_share_a_span_and_the_path_where_one_has_it(stage: StageText, other: StageText) -> None:
    links, others = Links(stage), Links(other)
    for line in range(len(stage.texts)):
        origin = stage.origin_of(line)
        lit = [other.origins[each] for each in others.origins_of(links.target(line))]
        sharing = [each for each in other.origins if set(each.spans) & set(origin.spans)]
        if not sharing:
            assert all(set(each.callers) & set(origin.spans) for each in lit)
            continue
        assert all(each in sharing for each in lit) and lit
        if len(origin.spans) == 1 and origin.name != "fusion" and any(each.path == origin.path for each in sharing):
            left_out = [each for each in sharing if each not in lit]
            assert all(each.path != origin.path for each in left_out)
            assert origin.path == "" or all(each.name != "fusion" and len(each.spans) == 1 for each in left_out)
