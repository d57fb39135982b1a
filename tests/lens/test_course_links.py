"""Every call that the course traces is linked to the lessons' code, in every stage."""

import asyncio

import pytest
from agreement import Agreement
from traced import Called, steps_of, text_of, traced_course

from jaxtour.course.catalogue import bundled
from jaxtour.text import Raw

# The first test of each Python waits while its worker compiles everything.
pytestmark = [pytest.mark.conformance, pytest.mark.long, pytest.mark.timeout(600)]

DEVICES = 8
"""The number of devices that a lesson may request: with it, all lessons run in one worker."""


@pytest.fixture(scope="module")
def course(python: str | None) -> dict[str, list[Called]]:
    return asyncio.run(traced_course(python, DEVICES))


class TestCourse(Agreement):
    """The calls of all lessons."""

    @pytest.fixture(scope="class")
    def calls(self, course: dict[str, list[Called]]) -> list[Called]:
        return [each for calls in course.values() for each in calls]


def test_every_trace_that_the_course_asks_for_is_there(course: dict[str, list[Called]]) -> None:
    for lesson in (entry.load() for entry in bundled().entries):
        where = [each.where for each in course[lesson.id]]
        for step in steps_of(lesson):
            asked = 1 if isinstance(step.trace, Raw) else len(step.trace or ())
            assert where.count(f"{lesson.id}/{step.id}") >= asked, step.id


def test_spans_are_in_the_steps_that_ran_until_then(course: dict[str, list[Called]]) -> None:
    for lesson in (entry.load() for entry in bundled().entries):
        ids = [step.id for step in steps_of(lesson)]
        for each in course[lesson.id]:
            until = ids[: ids.index(each.where.rpartition("/")[2]) + 1]
            for stage in each.stages.values():
                files = {span.file.partition(":")[0] for origin in stage.origins for span in origin.spans}
                assert files <= {f"{lesson.id}/{step}" for step in until}, each.name


def test_a_function_of_an_earlier_step_is_linked_there(course: dict[str, list[Called]]) -> None:
    (found,) = [each for each in course["jit"] if each.where == "jit/what-you-saw"]
    names = {(span.file, text_of(span)) for origin in found.jaxpr.origins for span in origin.spans}
    assert {("jit/compiled", "3 * x"), ("jit/what-you-saw", "0.1 * jax.grad(f)(x)")} <= names
