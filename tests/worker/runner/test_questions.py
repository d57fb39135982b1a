"""A step's question is answered, or refused with a reason."""

import sys

import pytest
from runner_client import RunnerClient

from jaxtour.worker.ir.lens import LensError
from jaxtour.worker.runner import questions

CODE = """\
import jax, jax.numpy as jnp, numpy as np

w, X = jnp.ones(2), jnp.ones((3, 2))
predict = lambda w, x: jnp.tanh(jnp.dot(w, x))
many = jax.vmap(predict, in_axes=(None, 0))
fast = jax.jit(many)
fast(w, X)
big = jnp.eye(300)

made = []
def makes(x):
    made.append(x)
    return {"a": x[None], "b": (x.astype(jnp.bfloat16), 1.0)}

def looks(x):
    return x.reshape(-1) if isinstance(x, jnp.ndarray) else x[None]

def decides(x):
    return x[:1] if float(x.sum()) > 1 else x

mesh = jax.make_mesh((8,), ("d",))
rows = jax.device_put(jnp.arange(32.0).reshape(16, 2), jax.sharding.NamedSharding(mesh, jax.P("d")))
everywhere = jax.device_put(jnp.ones(4), jax.sharding.NamedSharding(mesh, jax.P()))
"""


@pytest.fixture(scope="module")
def ask(python):
    """Answer a question after the code above: return the answer, or why there is none."""
    client = RunnerClient(python=(python or sys.executable, "-u"), JAX_PLATFORMS="cpu", JAX_NUM_CPU_DEVICES="8")
    client.until("state", state="ready")
    assert client.run(CODE, traces=[]).one("executed")["status"] == "ok"

    def answer(question, **rest):
        ran = client.run("fast(w, X)", traces=[], ask=question, **rest)
        [found] = ran.all("answer")
        return found["text"] if "text" in found else found["error"]

    yield answer
    client.close()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("equations of many(w, X)", "2"),
        ("  equations  of many(w, X)", "2"),
        ("primitives of many(w, X)", "dot_general, tanh"),
        ("X.shape", "(3, 2)"),
        ("len(X) + 1", "4"),
        ("X.size == 6", "True"),
        ("shape of many(w, X)", "(3,)"),
        ("shape of X", "(3, 2)"),
        ("shape of X.sum()", "()"),
        ("shape of makes(X)", "{'a': (1, 3, 2), 'b': ((3, 2), ())}"),
        ("dtype of makes(X)", "{a: float32, b: (bfloat16, float)}"),
        ("dtype of X + 1", "float32"),
        ("dtype of jnp.arange(3)", "int32"),
        ("dtype of np.arange(3.0)", "float64"),
        # The call's NumPy array is not one of JAX's; and a function that looks at values has to run.
        ("shape of looks(np.ones((3, 2)))", "(1, 3, 2)"),
        ("shape of looks(X)", "(6,)"),
        ("shape of decides(X)", "(1, 2)"),
        ("shape of many(w, jax.ShapeDtypeStruct((7, 2), jnp.float32))", "(7,)"),
        ("compilations of fast(w, X)", "0"),
        ("compilations of fast(w, jnp.ones((5, 2)))", "1"),
        ("devices of X", "0"),
        ("devices of rows", "0, 1, 2, 3, 4, 5, 6, 7"),
        ("device of rows[3]", "1"),
        ("device of rows[-1, 0]", "7"),
        ("devices of rows[3:5]", "1, 2"),
        ("devices of everywhere[1]", "0, 1, 2, 3, 4, 5, 6, 7"),
        ("devices of {'w': rows}['w']", "0, 1, 2, 3, 4, 5, 6, 7"),
    ],
)  # fmt: skip
def test_answers(ask, question, answer):
    assert ask(question) == answer


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("shape of missing(X)", "name 'missing' is not defined"),
        ("shapes of X", "unknown question “shapes of”: known are equations, "),
        ("compilations of X", "not a call"),
        ("devices of np.ones(3)", "not a JAX array"),
        ("devices of rows[99]", "IndexError: "),
    ],
)
def test_what_has_no_answer_says_why(ask, question, message):
    assert message in ask(question)


def test_calls_that_the_step_does_not_time_are_measured_for_the_question_alone(ask):
    assert ask("fastest of jnp.linalg.inv(big) | fast(w, X)") == "fast(w, X)"
    # Checking a lesson makes each timed call once; the question is answered all the same.
    timings = [{"label": "inverse", "call": "jnp.linalg.inv(big)"}, {"label": "few", "call": "fast(w, X)"}]
    assert ask("fastest of inverse | few", time=timings, brief=True) == "few"
    assert ask("fastest of few | none", time=timings[1:], brief=True) == "none: NameError: name 'none' is not defined"


def test_the_fastest_is_told_only_if_it_is_clear():
    def timing(label, q1, median, q3, platform="cpu", **rest):
        return {"label": label, "call": f"{label}(x) ", "platform": platform, "q1_s": q1, "median_s": median,
                "q3_s": q3, **rest}  # fmt: skip

    slow, fast = timing("slow", 3, 4, 5), timing("fast", 1, 2, 2.5)
    assert questions.competitors("fastest of slow | fast(x)") == ["slow", "fast(x)"]
    assert questions.competitors("equations of a | b") == questions.competitors("x") == []
    assert questions.fastest(["slow", "fast(x)"], [slow, fast], "cpu") == "fast(x)"
    assert questions.fastest(["slow", "near"], [slow, timing("near", 2, 3, 4)], "cpu") == questions.UNDECIDED
    # The platform in use decides, and the largest size.
    there = timing("slow", 0.1, 0.1, 0.1, platform="gpu")
    assert questions.fastest(["slow", "fast"], [slow, there, fast], "cpu") == "fast"
    assert questions.fastest(["slow", "fast"], [slow, there, fast], "gpu") == "slow"
    grown = timing("fast", 8, 8, 8, size=100)
    assert questions.fastest(["slow", "fast"], [slow, {**fast, "size": 1}, grown], "cpu") == "slow"
    broken = {"label": "slow", "call": "slow(x)", "platform": "cpu", "error": "it raised"}
    with pytest.raises(LensError, match="slow: it raised"):
        questions.fastest(["slow", "fast"], [broken, fast], "cpu")
    with pytest.raises(LensError, match="other: it was not measured"):
        questions.fastest(["other", "fast"], [fast], "cpu")
