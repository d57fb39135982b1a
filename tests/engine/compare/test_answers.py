"""Predictions get the right grades."""

import pytest

from jaxtour.course.model import Ask, Choice
from jaxtour.course.questions import PROOFS
from jaxtour.engine.compare.answers import chosen, grade, proof_of, reply, truth, unreadable
from jaxtour.text import Raw
from jaxtour.worker.runner import questions


def test_the_worker_answers_what_a_lesson_may_ask_and_something_proves_it() -> None:
    assert {*PROOFS} == {*questions.ANSWERS, "fastest"}


@pytest.mark.parametrize(
    ("said", "answer", "verdict"),
    [
        ("5", "5", "right"), (" 5 ", "5", "right"), ("5.00001", "5", "right"), ("6", "5", "wrong"), ("", "5", "wrong"),
        ("5", None, "open"),
        ("(3, 2)", "(3,2)", "right"), ("[3 2]", "(3, 2)", "right"), ("3 x 2", "(3, 2)", "right"),
        ("3×2", "(3, 2)", "right"), ("3", "(3, 2)", "wrong"), ("3", "(3,)", "right"), ("()", "()", "right"),
        ("Float32", "float32", "right"), ("f32", "float32", "right"), ("jnp.bfloat16", "bfloat16", "right"),
        ("u8", "int8", "wrong"), ("i32", "int32", "right"), ("c", "complex64", "wrong"),
        ("mul,add", "add, mul", "wrong"), ("0 1", "0, 1", "right"), ("`tanh`", "tanh", "right"),
    ],
)  # fmt: skip
def test_answers_are_compared_by_what_they_mean(said: str, answer: str | None, verdict: str) -> None:
    ask = Ask(question="?", value=Raw("x"))
    assert grade(ask, said, answer) == verdict
    assert truth(ask, answer) == answer


@pytest.mark.parametrize(
    ("choices", "answer", "right"),
    [
        (("float32", "float64"), "float64", "float64"),
        (("3 by 2", "(3,2)"), "(3, 2)", "(3,2)"),
        (("(3, 2)", "(3,)"), "(3,)", "(3,)"),
        (("4, as before", "5: one more"), "5", "5: one more"),
        (("50", "5 of them"), "5", "5 of them"),
        (("Yes, it must", "No"), "True", "Yes, it must"),
        (("yes", "no, never"), "False", "no, never"),
        (("yes", "nothing"), "False", None),
        (("no", "yes"), "0", "no"),
        (("no", "yes"), "2", "yes"),
        (("no", "yes, 2"), "2", "yes, 2"),
        (("jit", "by hand"), "by hand", "by hand"),
        (("jit", "by hand"), "about the same", None),
        (("1", "2"), None, None),
    ],
)
def test_the_worker_s_answer_finds_the_right_choice(
    choices: tuple[str, ...], answer: str | None, right: str | None
) -> None:
    ask = Ask(question="?", choices=choices, value=Raw("x"))
    assert truth(ask, answer) == (right or answer)
    for choice in choices:
        assert grade(ask, choice, answer) == ("open" if right is None else "right" if choice == right else "wrong")


def test_a_choice_is_right_by_its_place_whatever_the_worker_says() -> None:
    ask = Ask(question="?", choices=("a", Choice(text="b", reply="Well seen.")), answer=2)
    assert [grade(ask, said, answer) for said in ("b", "a") for answer in (None, "a")] == [
        "right", "right", "wrong", "wrong",
    ]  # fmt: skip
    assert (reply(ask, "b"), reply(ask, "a")) == ("Well seen.", "")


def test_an_answer_names_a_choice_by_its_number_or_its_words() -> None:
    ask = Ask(question="?", choices=("3", "the Second"), answer=1)
    assert [chosen(ask, said) for said in ("1", "2", "3", "THE second", "4", "second")] == [
        "3", "the Second", "3", "the Second", None, None,
    ]  # fmt: skip
    assert chosen(Ask(question="?", value=Raw("x")), "7") == "7"


@pytest.mark.parametrize(
    ("value", "taken", "refused"),
    [
        ("equations of f(x)", ("3", "-1", "(3)"), ("3raa", "three", "3 MiB", "3, 4")),
        ("len(jax.devices())", ("4",), ("many",)),
        ("round(low, 2)", (".25", "1e-3", "nan"), ("0.2.5",)),
        ("text.count('dot')", ("0",), ("none",)),
        ("shape of f(x)", ("(3, 2)", "3x2", "()", "{'w': (3,)}", "what?"), ("3raa", "(3, 2q)")),
        ("device of x[3]", ("cpu:3", "3"), ("3rd",)),
        ("longest", ("compile",), ("2nd",)),
    ],
)
def test_what_is_no_answer_is_refused(value: str, taken: tuple[str, ...], refused: tuple[str, ...]) -> None:
    ask = Ask(question="?", value=Raw(value))
    assert [said for said in taken if unreadable(ask, said)] == []
    assert [said for said in refused if not unreadable(ask, said)] == []


def test_a_choice_may_be_anything() -> None:
    assert unreadable(Ask(question="?", choices=("2nd", "3x"), value=Raw("len(x)")), "2nd") == ""


def test_what_proves_an_answer() -> None:
    def proof(value: str | None, **rest: object) -> str | None:
        return proof_of(Ask(question="?", value=Raw(value) if value else None, **rest))

    assert [proof("equations of f(x)"), proof("x + 1"), proof("fastest of f(x) | g(x)")] == ["jaxpr", "result", "time"]
    assert proof(None, choices=("a", "b"), answer=1) is None
    assert proof(None, choices=("a", "b"), answer=1, proof="hlo") == proof("x", proof="hlo") == "hlo"


def test_a_word_is_told_without_quotes() -> None:
    assert truth(Ask(question="Which?", value=Raw("longest")), "'compile'") == "compile"
