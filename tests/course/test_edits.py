"""Whatever replaces the learner's code, none of its versions is lost."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from jaxtour.course.edits import MOST, SCRATCH, Edits
from jaxtour.course.model import Step, Variation
from jaxtour.course.progress import Progress
from jaxtour.text import Raw

KEY = ("l", "s")
STEP = Step(
    id="s",
    title="S",
    text="Read.",
    code=Raw("f(x)"),
    tries=(
        Variation(label="g", old=Raw("f"), new=Raw("g")),
        Variation(label="y", old=Raw("x"), new=Raw("y")),
        Variation(label="gone", old=Raw("z"), new=Raw("y")),
    ),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "progress.json"


@pytest.fixture
def edits(file: Path) -> Edits:
    return Edits(Progress.open(file))


def round_of(edits: Edits, key: tuple[str, str] = KEY) -> list[str | None]:
    """Return the code after each `u`, until the first comes again."""
    seen = [edits.text(key)]
    while True:
        edits.turn(key)
        if edits.text(key) == seen[0]:
            return seen
        seen.append(edits.text(key))
        assert len(seen) <= MOST + 1


def test_typing_on_is_one_version(edits: Edits, file: Path) -> None:
    for code in ("f(x", "f(x) +", "f(x) + 1"):
        edits.write(KEY, STEP, code)
    assert round_of(edits) == ["f(x) + 1", None]
    again = Edits(Progress.open(file))
    again.turn(KEY)
    assert again.undone(KEY) and again.code(KEY, STEP) == "f(x)"
    again.turn(KEY)
    assert again.code(KEY, STEP) == "f(x) + 1" and not again.undone(KEY)


@pytest.mark.parametrize("code", ["", "  \n", "f(x)\n"])
def test_code_that_is_emptied_or_the_lessons_own_again_sets_the_edit_aside(edits: Edits, code: str) -> None:
    edits.write(KEY, STEP, "mine")
    edits.write(KEY, STEP, code)
    assert edits.text(KEY) is None and round_of(edits) == [None, "mine"]


def test_a_change_takes_the_place_of_another_but_not_of_the_learners_code(edits: Edits) -> None:
    edits.write(KEY, STEP, "mine")
    assert edits.vary(KEY, STEP, 0) and edits.variation(KEY, STEP) == 0
    assert edits.text(KEY) == "g(x)"
    assert edits.vary(KEY, STEP, 1) and edits.text(KEY) == "f(y)", "it begins with the lesson's code"
    assert round_of(edits) == ["f(y)", "mine", None]
    assert not edits.vary(KEY, STEP, 2), "what it replaces is not there"
    edits.turn(KEY)
    assert edits.variation(KEY, STEP) is None


def test_a_new_version_keeps_the_old_one_and_old_ones_go_at_last(edits: Edits) -> None:
    for number in range(MOST + 3):
        edits.write(KEY, STEP, f"mine {number}", anew=True)
    assert round_of(edits) == [*(f"mine {number}" for number in range(MOST + 2, 2, -1)), None]


def test_a_scratch_step_has_its_own_versions(edits: Edits, file: Path) -> None:
    key = ("l", "s" + SCRATCH)
    scratch = Step(id="s" + SCRATCH, title="S", text="Read.")
    edits.write(KEY, STEP, "mine")
    edits.write(key, scratch, "x + 1")
    saved = Progress.open(file).saved("l", "s")
    assert (saved.edit, saved.scratch) == ("mine", "x + 1")
    assert round_of(edits, key) == ["x + 1", None] and edits.text(KEY) == "mine"


def test_an_edit_knows_the_code_that_it_was_made_from(edits: Edits) -> None:
    edits.write(KEY, STEP, "mine")
    changed = replace(STEP, code=Raw("f(x, y)"))
    assert not edits.changed(KEY, STEP) and edits.changed(KEY, changed)
    edits.write(KEY, changed, "mine, longer")
    assert edits.changed(KEY, changed), "it is still made from the old code"
    edits.vary(KEY, changed, 0)
    assert edits.text(KEY) == "g(x, y)" and not edits.changed(KEY, changed)
    edits.turn(KEY)
    assert edits.text(KEY) == "mine, longer" and edits.changed(KEY, changed), "each version has its own base"
    edits.rebase(KEY, changed)
    assert not edits.changed(KEY, changed)
    edits.set_aside(KEY)
    assert not edits.changed(KEY, changed) and round_of(edits) == [None, "g(x, y)", "mine, longer"]


def test_an_edit_of_an_older_jaxtour_can_come_back_too(file: Path) -> None:
    progress = Progress.open(file)
    progress.update(*KEY, edit="mine")
    edits = Edits(progress)
    assert not edits.changed(KEY, replace(STEP, code=Raw("other"))), "nobody knows what it was made from"
    assert round_of(edits) == ["mine", None]
