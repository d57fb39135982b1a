"""`jaxtour run --answers` grades answers without a screen."""

import json
from pathlib import Path

import pytest
from inside import REAL, command, scripted
from shell import lesson

COUNT = 'code: f = abs\nask: {question: How many?, value: "2 + 3"}'
CHOOSE = """\
code: '1'
ask:
  question: Which?
  choices: [{text: this, reply: No.}, {text: that, reply: Yes.}]
  value: "'that'"
"""
OPEN = "code: '1'\nask: {question: Which?, choices: [a, b], value: missing}"
PLAIN = "code: '1'"


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "a.yaml").write_text(lesson("a", COUNT, CHOOSE, PLAIN))
    (folder / "b.yaml").write_text(lesson("b", CHOOSE, OPEN))
    return folder


def test_answers_are_graded_and_a_wrong_one_is_no_failure(asked: Path) -> None:
    answers = asked.parent / "answers.yml"
    answers.write_text("a/s1: 5.0\na/s2: 1\n")
    told = command("run", str(asked / "a.yaml"), "--answers", str(answers), engine=REAL)
    assert told.returncode == 0, told.stderr
    assert "the answer: 5\nyou said:   5.0  ✓ right\n" in told.stdout
    assert "the answer: that\nyou said:   this  ✗ not this time\nNo.\n" in told.stdout
    assert told.stdout.endswith("1 of 2 answers right\n")
    answers.write_text('{"a/s1": [5], "a/s2": "THAT", "b/s2": 1}')
    told = command("run", str(asked), "--json", "--answers", str(answers), engine=REAL)
    assert told.returncode == 1, "the question of b/s2 has no answer"
    steps = {(each["lesson"], step["id"]): step for each in json.loads(told.stdout) for step in each["steps"]}
    found = {name: [step.get(key, "-") for key in ("answer", "said", "right")] for name, step in steps.items()}
    assert found == {
        ("a", "s1"): ["5", "(5)", True],
        ("a", "s2"): ["that", "that", True],
        ("a", "s3"): ["-", "-", "-"],
        ("b", "s1"): ["that", "-", "-"],
        ("b", "s2"): [None, "a", None],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s1: 5", "1:1: `s1` is a step of 2 lessons: write `a/s1`"),
        ("a/s1: 5\na/s4: 2", "2:1: no step `a/s4`: choose from s1, s2"),
        ("a/s3: 5", "1:1: the step `s3` asks no question"),
        ("a/s2: 3", "1:7: 3 is not a choice of `s2`: write 1 to 2, or the text of a choice"),
        ("a/s1: 5q", "1:7: 5q does not answer `s1`: 5q is neither a number nor a word"),
        ("a/s2: {x: 1}", "1:7: an answer is text, a number or a list, not a mapping"),
        ("- 5", "1:1: answers must be a mapping such as `vmap/batch: 5`, not a list"),
        ("a: [", "answers.yml:1:"),
        (None, "cannot read"),
    ],
)
def test_a_fault_in_the_file_has_its_place(asked: Path, text: str | None, message: str) -> None:
    answers = asked.parent / "answers.yml"
    if text is not None:
        answers.write_text(text)
    told = command("run", str(asked), "--answers", str(answers), engine=scripted({}))
    assert told.returncode == 2 and message in told.stderr and "Traceback" not in told.stderr
    assert told.stderr.count("\n") == 1
