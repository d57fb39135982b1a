"""The events of several processes become one run; no process runs here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.compare.apart import lines_apart
from jaxtour.engine.guards.gathered import gathered
from jaxtour.engine.guards.together import RunTogether, about, named
from jaxtour.engine.wire.messages import (
    Checked,
    Done,
    Executed,
    Failure,
    FromProcess,
    OwnEvent,
    Result,
    RunProgress,
    Shard,
    Text,
    Timing,
    Value,
)
from jaxtour.text import Raw


@pytest.mark.parametrize(
    ("processes", "of", "said"),
    [
        ([1], 2, "process 1 of 2"),
        ([0, 1], 4, "processes 0, 1 of 4"),
        ([3, 1, 2], 8, "processes 1-3 of 8"),
        ([0, 2, 3], 0, "processes 0, 2, 3"),
    ],
)
def test_names(processes: list[int], of: int, said: str) -> None:
    assert named(processes, of) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("killed by SIGKILL", "process 1 of 2 was killed by SIGKILL"),
        ("the worker ended during the step (exit 3)", "process 1 of 2 ended during the step (exit 3)"),
        ("the link to tpu-vm ended", "process 1 of 2: the link to tpu-vm ended"),
        ("", "process 1 of 2"),
    ],
)
def test_what_a_guard_says_gets_the_number_of_its_process(reason: str, said: str) -> None:
    assert about(1, 2, reason) == said


# Lines ---------------------------------------------------------------------------------------------------------------


def test_lines_that_differ_stand_between_those_that_do_not() -> None:
    parts = lines_apart({0: "a\nx\nz\n", 1: "a\ny\nz\n", 2: "a\ny\nz\n"})
    assert parts == [((), "a"), ((0,), "x"), ((1, 2), "y"), ((), "z")]


def test_texts_of_other_lengths_come_one_after_the_other() -> None:
    assert lines_apart({0: "a\nb\nc\n", 1: "a\n"}) == [((), "a"), ((0,), "b"), ((0,), "c")]


@given(st.lists(st.text(alphabet="ab\n", max_size=12), min_size=2, max_size=4))
def test_every_process_finds_its_own_text(texts: list[str]) -> None:
    said = dict(enumerate(texts))
    parts = lines_apart(said)
    for process, text in said.items():
        own = [line for who, line in parts if not who or process in who]
        assert own == (text.removesuffix("\n").split("\n") if text else [])


# Values --------------------------------------------------------------------------------------------------------------


def array(shape: tuple[int, ...], *shards: Shard) -> Value:
    return Value(type="Array", text=Raw("not shown"), shape=shape, dtype="float32", shards=shards)


def shard(device: int, index: tuple[tuple[int, int], ...], text: str = "") -> Shard:
    return Shard(device=device, index=index, process=device // 10, text=Raw(text))


def test_the_parts_of_a_matrix_make_it_whole() -> None:
    left, right = ((0, 2), (0, 1)), ((0, 2), (1, 3))
    own = array((2, 3), shard(0, left, "[[1.]\n [4.]]"), shard(10, right))
    other = array((2, 3), shard(0, left), shard(10, right, "[[2. 30.]\n [5. 6.]]"))
    whole = gathered({0: own, 1: other})
    assert whole.text.text == "[[ 1.  2. 30.]\n [ 4.  5.  6.]]"
    assert [bool(each.text.text) for each in whole.shards] == [True, True]


def test_a_missing_part_leaves_the_text_as_it_was() -> None:
    own = array((4,), shard(0, ((0, 2),), "[1. 2.]"), shard(10, ((2, 4),)))
    assert gathered({0: own, 1: array((4,))}).text.text == "not shown"
    assert gathered({0: own, 1: array((5,), shard(10, ((2, 4),), "[3. 4.]"))}).text.text == "not shown"


# Runs ----------------------------------------------------------------------------------------------------------------


def taken(run: RunTogether, *events: tuple[int, OwnEvent]) -> list[object]:
    """Return what comes out, without what each process said on its own."""
    return [each for k, event in events for each in run.take(k, event) if not isinstance(each, FromProcess)]


def done(status: str = "ok", reason: str = "", seconds: float = 1.0) -> Done:
    return Done(run=1, status=status, reason=reason, seconds=seconds)  # type: ignore[arg-type]


def failure(kind: str = "ValueError") -> Failure:
    return Failure(run=1, type=kind, bases=(kind,), message="no")


def test_a_run_is_done_with_its_last_process() -> None:
    run = RunTogether(1, 2)
    assert taken(run, (1, done())) == [RunProgress(run=1, phase="waiting for", label="process 0 of 2")]
    assert not run.over
    assert taken(run, (0, done(seconds=3.0))) == [done(seconds=3.0)]
    assert run.over


GLOO = "[Gloo] Rank 1 is connected to 3 peer ranks. Expected number of connected peer ranks is : 3\n"


@given(st.integers(0, len(GLOO)), st.integers(0, len(GLOO)), st.sampled_from(["", "a\n", "[1 2]\n", "[Gloo"]))
def test_gloo_is_left_out_of_what_was_printed_wherever_it_is_cut(one: int, other: int, before: str) -> None:
    first, second = sorted((one, other))
    pieces = (before + GLOO[:first], GLOO[first:second], GLOO[second:] + "b [")
    run = RunTogether(1, 2)
    said = taken(run, *((0, Text(run=1, stream="stdout", text=Raw(piece))) for piece in pieces), (0, done()))
    assert "".join(each.text.text for each in said if isinstance(each, Text)) == f"{before}b ["


def test_the_same_error_in_all_is_said_as_of_one() -> None:
    run = RunTogether(1, 2)
    said = taken(run, (0, failure()), (1, failure()), (0, done("error")), (1, done("error")))
    assert [each.who for each in said if isinstance(each, Failure)] == [""]


def test_other_errors_are_named_with_their_processes() -> None:
    run = RunTogether(1, 3)
    events = [(0, failure()), (1, failure("TypeError")), *((k, done("error")) for k in (0, 1)), (2, done())]
    *_, told, _ = taken(run, *events)
    assert isinstance(told, Failure)
    assert told.who == "process 0 of 3 raised it; process 1 raised TypeError; process 2 did not"


def test_who_waited_for_an_error_did_not_fail() -> None:
    run = RunTogether(1, 2)
    taken(run, (1, failure()), (1, done("error")))
    assert run.failed
    run.stopped.update(run.missing)
    told, ended = taken(run, (0, done("interrupted", "interrupted")))[-2:]
    assert isinstance(told, Failure) and told.who == "process 1 of 2 raised it; process 0 waited for it"
    assert isinstance(ended, Done) and (ended.status, ended.stopped, ended.dirty) == ("error", True, True)


def test_who_waits_in_a_replayed_step_is_stopped_and_the_step_is_named() -> None:
    run = RunTogether(1, 2)
    assert taken(run, (1, RunProgress(run=1, phase="raised in", label="two/s5"))) == []
    assert run.failed
    run.stop()
    [*_, ended] = taken(run, (1, done("interrupted")), (0, done("interrupted")))
    assert isinstance(ended, Done) and ended.stopped
    assert ended.who == "process 1 of 2 raised in s5, which runs before it; process 0 waited for it"


def test_who_comes_after_an_error_in_a_replayed_step_clears_it() -> None:
    run = RunTogether(1, 2)
    taken(run, (1, RunProgress(run=1, phase="raised in", label="two/s5")))
    taken(run, (1, RunProgress(run=1, phase="running", label="two/s6")))
    assert not run.failed


def test_a_death_is_the_reason_and_an_interrupt_is_not() -> None:
    run = RunTogether(1, 4)
    taken(run, (3, done("died", "killed by SIGSEGV")))
    run.stopped.update(run.missing)
    [*_, ended] = taken(run, *((k, done("interrupted")) for k in (0, 1, 2)))
    assert isinstance(ended, Done)
    assert (ended.status, ended.reason) == (
        "died", "process 3 of 4 was killed by SIGSEGV; processes 0-2 waited for it"
    )  # fmt: skip


def test_an_error_beside_a_death_names_both() -> None:
    run = RunTogether(1, 2)
    events = [(1, done("died", "killed by SIGKILL")), (0, failure("JaxRuntimeError")), (0, done("error"))]
    told, ended = taken(run, *events)[-2:]
    assert isinstance(told, Failure) and isinstance(ended, Done)
    assert told.who == "process 0 of 2 raised it; process 1 was killed by SIGKILL"
    assert ended.reason == "process 1 of 2 was killed by SIGKILL"


def test_one_check_that_fails_fails_them_all() -> None:
    run = RunTogether(1, 2)
    good, bad = Checked(run=1, passed=True), Checked(run=1, passed=False, message="no sum")
    assert taken(run, (0, good)) == []
    [told] = taken(run, (1, bad))
    assert isinstance(told, Checked) and (told.passed, told.message) == (False, "in process 1 of 2: no sum")


@pytest.mark.parametrize("ended", [False, True])
def test_a_check_that_others_made_counts_only_where_all_code_came_to_its_end(*, ended: bool) -> None:
    run = RunTogether(1, 2)
    executed = Executed(run=1, status="ok", seconds=0.1)
    bad = Checked(run=1, passed=False, message="nothing")
    late: list[tuple[int, OwnEvent]] = [(0, executed)] if ended else []
    told = taken(run, *late, (1, executed), (1, bad), (1, done("ok")), (0, done("timeout")))
    checked = [each.message for each in told if isinstance(each, Checked)]
    assert checked == (["in process 1 of 2: nothing"] if ended else [])
    assert isinstance(told[-1], Done) and told[-1].status == "timeout"


def test_values_and_timings_of_the_first_come_at_once_and_again_with_the_others() -> None:
    run = RunTogether(1, 2)
    own = array((4,), shard(0, ((0, 2),), "[1. 2.]"), shard(10, ((2, 4),)))
    other = array((4,), shard(0, ((0, 2),)), shard(10, ((2, 4),), "[3. 4.]"))
    first, second = taken(run, (0, Result(run=1, value=own)), (1, Result(run=1, value=other)))
    assert isinstance(first, Result) and isinstance(second, Result)
    assert second.value.text.text == "[1. 2. 3. 4.]"
    timings = [
        Timing(run=1, index=0, label="f", call=Raw("f(x)"), platform="cpu", median_s=each) for each in (1.0, 2.0)
    ]
    *_, both = taken(run, *enumerate(timings))
    assert isinstance(both, Timing) and (both.median_s, both.by_process) == (1.0, (1.0, 2.0))
