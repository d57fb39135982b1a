"""Checks what must hold for the links of every call, whatever it computes."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
import told
import told_hlo
import told_mlir
from pygments.lexers import get_lexer_by_name
from pygments.token import Error
from traced import ARROWS, EQUATION, STAGES, Called, is_coarse, is_expression, links, share, text_of

from jaxtour.engine.links import LINE_END, SpanPlace, Target, links_of
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Origin, Span
from jaxtour.render.ir.cards import card
from jaxtour.render.ir.gutter import head, is_continued

GOALS: dict[StageName, float] = {"jaxpr": 0.95, "stablehlo": 0.95, "hlo": 0.85}
TOLD = {"jaxpr": told.equations, "stablehlo": told_mlir.operations, "hlo": told_hlo.instructions}
"""For each stage, the check of its links against what JAX and the compiler say."""
SHARED_JAXPR = re.compile(r"^\s*let \w+ = \{", re.M)


def everything(calls: list[Called]) -> Iterator[tuple[Called, StageText]]:
    """Return every stage of every call."""
    return ((each, each.stages[stage]) for each in calls for stage in STAGES)


def marked(stage: StageText, span: Span) -> set[int]:
    """Return the lines that belong to an expression, looked up by its place, as from a cursor in the source."""
    target = Target(spans=(span,))
    if span.line == span.end_line:
        target = links_of(stage).at(span.file, span.line, span.column, span.end_column)
        assert target.spans and SpanPlace.of(target.spans[0]) == SpanPlace.of(span), span
    return set(links_of(stage).lines(target))


class Agreement:
    """Tests for a set of calls, to mix into a class with the fixture `calls`."""

    lost = 0.03
    """The largest share of linked lines that lead to no line of another stage."""
    lost_where_coarse = 0.03
    """The same for a jax that may give only the place of the call."""

    @pytest.mark.parametrize("stage", STAGES)
    def test_the_goals_are_reached(self, calls: list[Called], stage: StageName) -> None:
        """The goals are reached; the shares are in the output of `pytest -rA`."""
        found = share(calls, stage)
        print(f"{stage}: {found}")
        assert found.all > 300
        assert found.part >= GOALS[stage], f"{stage}: {found}"

    @pytest.mark.parametrize("stage", STAGES)
    def test_no_link_is_false(self, calls: list[Called], stage: StageName) -> None:
        """No link is false: each line agrees with the text of JAX and the compiler, parsed separately.

        Figures: `pytest -rA`.
        """
        found = TOLD[stage](calls)
        print(f"{stage}: {found}")
        assert found.wrong == [], found.wrong[:10]
        assert found.counts["true"] > 100

    def test_the_compilers_frames_are_read_as_jax_has_them(self, calls: list[Called]) -> None:
        alike, wrong = told_hlo.chains(calls)
        print(f"{alike} frames have the frames around them that StableHLO has")
        assert alike > 50 and wrong == []

    def test_every_line_is_linked_or_says_why_not(self, calls: list[Called]) -> None:
        for each, stage in everything(calls):
            for line, origin in links(stage):
                assert bool(origin.spans) != bool(origin.unlinked), (each.name, stage.stage, stage.texts[line])

    def test_every_equation_is_there(self, calls: list[Called]) -> None:
        for each in calls:
            names = {origin.name for _, origin in links(each.jaxpr)}
            assert names == set(each.trace.primitives), each.name
            written = 0
            unused = unused_lines(each.jaxpr.texts)
            for line, text in enumerate(each.jaxpr.texts):
                if line not in unused and (match := EQUATION.search(text)):
                    origin = each.jaxpr.origin_of(line)
                    name = match[1] or match[2]
                    assert origin.kind == "equation", (each.name, text)
                    assert origin.name in ([name] if name else ARROWS), (each.name, text)
                    written += 1
            counted = each.trace.equations
            # JAX prints a jaxpr that several equations share only once.
            assert written <= counted if SHARED_JAXPR.search(each.jaxpr.text) else written == counted, each.name

    def test_an_equation_begins_in_one_line_whatever_is_nested_in_it(self, calls: list[Called]) -> None:
        for each in calls:
            stage = each.jaxpr
            begun = [line for line, _ in links(stage) if not is_continued(stage, line)]
            written = [line for line, text in enumerate(stage.texts) if EQUATION.search(text)]
            assert begun == [head(stage, line) for line in written], each.name
            for line, origin in links(stage):
                first = head(stage, line)
                assert first in begun and first <= line and stage.origin_of(first) is origin, stage.texts[line]

    def test_every_equation_has_a_card(self, calls: list[Called]) -> None:
        seen = {name for each in calls for name in each.trace.primitives}
        assert [name for name in sorted(seen) if card(name) is None] == []

    def test_the_lexers_understand_all_of_it(self, calls: list[Called]) -> None:
        for each, stage in everything(calls):
            tokens = get_lexer_by_name(stage.stage).get_tokens(stage.text)
            assert not [text for token, text in tokens if token is Error], (each.name, stage.stage)

    def test_every_span_is_an_expression_to_the_character(self, calls: list[Called]) -> None:
        for each, stage in everything(calls):
            for span in {span for origin in stage.origins for span in (*origin.spans, *origin.callers)}:
                assert is_expression(span), (each.name, stage.stage, text_of(span), span)

    def test_a_line_leads_to_its_source_and_that_back_to_it(self, calls: list[Called]) -> None:
        for each, stage in everything(calls):
            back = {span: marked(stage, span) for origin in stage.origins for span in origin.spans}
            for line, origin in links(stage):
                target = links_of(stage).target(line)
                assert set(target.spans) == set(origin.spans)
                assert all(line in back[span] for span in target.spans), (each.name, stage.texts[line])

    def test_an_expression_leads_to_lines_and_those_back_to_it(self, calls: list[Called]) -> None:
        for each, stage in everything(calls):
            origins = [origin for _, origin in links(stage)]
            spans = {span for origin in origins for span in (*origin.spans, *origin.callers)}
            for file, line in {(span.file, span.line) for span in spans}:
                stops = links_of(stage).selections(file, line)
                assert len(set(stops)) == len(stops) > 0
                for start, end in stops:
                    target = links_of(stage).at(file, line, start + 1, None if end == LINE_END else end + 1)
                    found = links_of(stage).lines(target)
                    assert found, (each.name, stage.stage, file, line, start, end)
                    assert all(_belongs(stage.origin_of(number), target) for number in found)

    def test_what_has_an_equations_path_has_its_expression(self, calls: list[Called], python: str | None) -> None:
        """What has an equation's path has its expression: each checks the other.

        JAX records its name stack and the Python frames separately.
        """
        agree, near, differ = 0, 0, []
        for each in calls:
            by_path: dict[str, set[SpanPlace]] = {}
            by_scope: dict[str, set[SpanPlace]] = {}
            for _, origin in links(each.jaxpr):
                # A loop adds operations with the paths of those inside it and the place of the call around it.
                places = set(map(SpanPlace.of, (*origin.spans, *origin.callers)))
                by_path.setdefault(origin.path, set()).update(places)
                by_scope.setdefault(origin.path.rpartition("/")[0], set()).update(places)
            for stage in STAGES[1:]:
                for line, origin in links(each.stages[stage]):
                    if origin.spans and origin.name != "fusion" and origin.path in by_path:
                        places = set(map(SpanPlace.of, origin.spans))
                        if not by_path[origin.path].isdisjoint(places):
                            agree += 1
                        elif not by_scope[origin.path.rpartition("/")[0]].isdisjoint(places):
                            # The derivative of `tanh` is lowered to a `mul`, whose path a `mul` of its scope may have.
                            near += 1
                        else:
                            differ.append((each.name, stage, each.stages[stage].texts[line].strip()))
        print(f"{agree} lines have the expression of their path, {near} one of their scope, {len(differ)} neither")
        assert agree > 100
        assert len(differ) <= (0.04 if is_coarse(python) else 0.02) * agree, differ[:20]
        assert near <= 0.04 * agree

    @pytest.mark.parametrize(("start", "goal"), [("jaxpr", "stablehlo"), ("stablehlo", "jaxpr"), ("hlo", "jaxpr")])
    def test_lines_lead_to_lines_of_other_stages(
        self, calls: list[Called], python: str | None, start: StageName, goal: StageName
    ) -> None:
        led, lost = 0, []
        for each in calls:
            here, there = each.stages[start], links_of(each.stages[goal])
            reached = {place: bool(there.origins_of(_first_of(here, place))) for place in set(here.ids)}
            for line, origin in links(here):
                if origin.spans and reached[here.ids[line]]:
                    led += 1
                elif origin.spans:
                    lost.append((each.name, here.texts[line].strip()))
        print(f"{led} of {led + len(lost)} linked lines of {start} lead to {goal}")
        assert len(lost) <= (self.lost_where_coarse if is_coarse(python) else self.lost) * led, lost[:20]


def unused_lines(texts: Sequence[str]) -> set[int]:
    """Return lines of shared jaxprs that no equation refers to: JAX 0.9 also prints apart what it prints in place."""
    found: set[int] = set()
    for first, text in enumerate(texts):
        if match := re.match(r"(\s*)let (\w+) = \{", text):
            last = next(line for line in range(first, len(texts)) if re.match(rf"{match[1]}\s*in .* in$", texts[line]))
            if not any(re.search(rf"={match[2]}\b", other) for other in texts):
                found.update(range(first, last + 1))
    return found


def _first_of(stage: StageText, place: int) -> Target:
    return links_of(stage).target(stage.lines_of(place)[0])


def _belongs(origin: Origin, target: Target) -> bool:
    """Return whether some of a line's expressions lie inside the selection."""
    selected = [SpanPlace.of(span) for span in target.spans]
    places = [SpanPlace.of(span) for span in chain(origin.spans, origin.callers)]
    return any(
        outer.file == inner.file and outer.start <= inner.start and inner.end <= outer.end
        for outer in selected
        for inner in places
    )
