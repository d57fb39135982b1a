"""The lesson in the guide for authors is a lesson that passes its own check, with every expectation in it."""

from pathlib import Path

import msgspec
import pytest
import yaml
from shell import jaxtour

from jaxtour.course.loader import loads
from jaxtour.course.model import Expect, Step

GUIDE = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text()
LESSON, WORKFLOW = (part.partition("```")[0] for part in GUIDE.split("```yaml\n")[1:])


def test_the_example_is_a_lesson_with_every_kind_of_expectation() -> None:
    lesson = loads(LESSON.encode(), "loops.yaml")
    assert lesson.problems == ()
    # Editors' parsers are as strict as PyYAML's own; libyaml is not.
    assert yaml.safe_load(LESSON)["id"] == lesson.id
    steps = [step for step in lesson.steps if isinstance(step, Step)]
    used = {
        name
        for step in steps
        if step.expect
        for name in msgspec.structs.asdict(step.expect)
        if getattr(step.expect, name) is not None
    }
    assert used == set(Expect.__struct_fields__) - {"compiles", "warns"}
    used = {name for step in steps for name in Step.__struct_fields__ if getattr(step, name)}
    assert used == set(Step.__struct_fields__) - {"timeout"}


def test_the_workflow_checks_a_folder_without_a_question() -> None:
    [job] = yaml.safe_load(WORKFLOW)["jobs"].values()
    assert job["env"] == {"JAXTOUR_TRUST": "1"}
    assert "jaxtour check lessons/ --github" in [step.get("run") for step in job["steps"]]


@pytest.mark.conformance
def test_the_example_passes_its_check(tmp_path: Path) -> None:
    (tmp_path / "loops.yaml").write_text(LESSON)
    done = jaxtour("check", "loops.yaml", cwd=tmp_path, JAXTOUR_TRUST="1")
    assert (done.returncode, done.stdout.rpartition(": ")[2]) == (0, "ok\n"), done.stdout + done.stderr
