"""The clock agrees with `timeit`, and runs as long as it must and no longer."""

import gc
import itertools
import random
import statistics
import sys
import timeit

import jax
import pytest

from jaxtour.worker.timing import clock
from jaxtour.worker.timing.placing import Subject

pytestmark = pytest.mark.alone

SPACE = {
    "small": jax.jit(lambda x: x + 1),
    "pair": jax.jit(lambda x: (x, x + 1)),
    "w": jax.numpy.ones(2),
    "n": jax.device_get(jax.numpy.ones((20, 20))),
    "wait": jax.block_until_ready,
}


def subject(expression, **names):
    return Subject(expression, {**SPACE, **names}, None)


def nothing(done, of):
    pass


def sampled(loops, progress, one=0.01, **more):
    """Return samples of calls slow enough to be timed one by one."""
    return clock.sampled(loops, 1, one, progress, **more)


def agree(ratio, most):
    """Return whether two loops take the same time, up to a factor, in one of some series.

    A series during which the machine changed its speed says nothing; a wrong loop is off in each.
    """
    return any(1 / most < ratio() < most for _ in range(8))


@pytest.fixture
def seconds(monkeypatch):
    """Return a clock that advances as told, and loops whose calls take the given seconds."""
    now = [0.0]
    monkeypatch.setattr(clock.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(clock, "_clock_cost", lambda: 0.0)

    def loops(durations):
        each = iter(durations)

        def complete(number):
            taken = [next(each) for _ in range(number)]
            now[0] += sum(taken)
            return sum(taken)

        def paired(number):
            there = complete(number)
            return there / 4, there

        return clock.Loops(complete, paired)

    return loops


@pytest.mark.parametrize("call", ["small(w)", "pair(w)", "n.dot(n)", "sum(range(100))", "[small(w), small(w)]"])
def test_the_loop_agrees_with_timeit(call):
    """The loop agrees with `timeit`.

    A missing wait or a second call is more than a fourth off; `benchmarks/agreement.py` measures how close they are.
    Samples of both alternate, and so does their order: the first wakes BLAS up. The shortest of each count, which no
    other program interrupted.
    """
    result = eval(call, SPACE)
    host = call.startswith(("n.", "sum"))
    loops = clock.loops_of(subject(call), clock.wait_for(result))
    waiting = call if host else f"({call}).block_until_ready()" if call == "small(w)" else f"wait({call})"
    theirs = timeit.Timer(waiting, globals=SPACE)
    number = max(1, int(2e-4 / (loops.complete(20) / 20)))

    def ratio():
        ours, others = [], []
        for sample in range(300):
            if sample % 2:
                others.append(theirs.timeit(number))
            with clock.no_collection():
                ours.append(loops.complete(number))
            if not sample % 2:
                others.append(theirs.timeit(number))
        return min(ours) / min(others)

    assert agree(ratio, 1.25)


def test_both_loops_tell_the_same_of_a_call_that_takes_a_while():
    loops = clock.loops_of(subject("sorted(many)", many=[random.random() for _ in range(3000)]), "{}")

    def ratio():
        pairs = [(loops.paired(3)[1], loops.complete(3)) for _ in range(50)]
        return min(paired for paired, _ in pairs) / min(complete for _, complete in pairs)

    assert agree(ratio, 1.1)


def test_dispatch_is_what_comes_before_waiting():
    """Dispatch is what comes before waiting, which here is a function that takes its time, as a device would."""
    slow = {"wait_long": lambda value: sum(range(100_000))}
    loops = clock.loops_of(subject("small(w)", **slow), "wait_long({})")
    pairs = [loops.paired(1) for _ in range(20)]
    assert all(control < there for control, there in pairs)
    assert statistics.median(control / there for control, there in pairs) < 0.5


def test_a_result_is_not_kept_while_the_next_is_computed():
    alive, most = [], []

    class Result:
        def __init__(self):
            alive.append(1)
            most.append(len(alive))

        def __del__(self):
            alive.pop()

    loops = clock.loops_of(subject("make()", make=Result), "{}")
    loops.complete(3)
    loops.paired(3)
    assert set(most) == {1}


@pytest.mark.parametrize(
    ("group", "one", "dispatch"), [(1, 1e-3, True), (1, 0.05, True), (50, 1e-6, True), (50, 1e-6, False)]
)
def test_every_call_is_counted(seconds, group, one, dispatch):
    made = []
    loops = seconds(made.append(taken) or taken for taken in itertools.repeat(one))
    samples = clock.sampled(loops, group, one, nothing, dispatch=dispatch)
    assert samples.calls == len(made) > 0


def test_fast_calls_are_timed_in_groups(monkeypatch):
    monkeypatch.setattr(clock, "WARM_S", 0.0)
    monkeypatch.setattr(clock, "BUDGET_S", 0.02)
    loops = clock.loops_of(subject("None"), "{}")
    group, one = clock.warmed(loops.complete)
    assert group > 1 and one > 0
    samples = clock.sampled(loops, group, one, nothing, dispatch=False)
    spread = clock.spread(samples.complete, group)
    assert spread["group"] == group and spread["runs"] == group * len(samples.complete)
    assert samples.dispatch == []


def test_steady_calls_are_over_soon(seconds):
    found = sampled(seconds(itertools.repeat(0.01)), nothing)
    assert len(found.complete) == round(clock.ENOUGH_S / 0.01)
    assert found.dispatch[0] == pytest.approx(0.0025)
    assert len(found.dispatch) == len(found.complete)


def test_uneven_calls_use_up_the_budget_and_more_with_patience(seconds):
    noise = random.Random(2)
    uneven = iter(lambda: noise.uniform(0.005, 0.035), None)
    short = sampled(seconds(uneven), nothing)
    long = sampled(seconds(uneven), nothing, patience=3.0)
    assert sum(short.complete) == pytest.approx(clock.BUDGET_S, abs=0.04)
    assert sum(long.complete) == pytest.approx(3 * clock.BUDGET_S, abs=0.04)
    assert clock.uncertainty(long.complete) < clock.uncertainty(short.complete)


def test_slow_calls_are_made_a_few_times(seconds):
    assert len(sampled(seconds(itertools.repeat(0.6)), nothing).complete) == clock.FEW_SAMPLES
    assert len(sampled(seconds(itertools.repeat(0.15)), nothing).complete) == clock.SAMPLES


def test_a_long_call_is_made_once_more_and_no_longer_one_to_the_end(seconds):
    found = sampled(seconds(itertools.repeat(20.0)), nothing, one=20.0)
    assert (found.complete, found.dispatch) == ([20.0], [5.0])
    assert clock.spread(found.complete, 1)["q3_s"] == 20.0 and clock.uncertainty(found.complete) == 0.0
    assert len(sampled(seconds(itertools.repeat(20.0)), nothing, one=20.0, patience=30.0).complete) == clock.FEW_SAMPLES


def test_with_little_patience_long_calls_are_made_as_often_as_with_the_usual():
    seconds = (0.1, 1.0, 1.9, 2.1)
    assert [clock.least_samples(each, 0.1) for each in seconds] == [clock.least_samples(each) for each in seconds]
    assert clock.least_samples(1.9) > clock.least_samples(2.1) == 1


def test_fast_calls_are_sampled_for_as_long_as_they_are_uneven(seconds):
    """Fast calls are sampled while they are uneven.

    Groups of 1 µs calls take 0.2 ms each: the budget ends them, and patience extends it.
    """
    noise = random.Random(3)
    groups = (itertools.repeat(noise.uniform(0.5e-6, 3e-6), 200) for _ in itertools.count())
    uneven = itertools.chain.from_iterable(groups)
    short = clock.sampled(seconds(uneven), 200, 1e-6, nothing)
    long = clock.sampled(seconds(uneven), 200, 1e-6, nothing, patience=2.0)
    spent = [200 * (sum(found.complete) + 4 * sum(found.dispatch)) for found in (short, long)]
    assert spent[0] == pytest.approx(clock.BUDGET_S, rel=0.01)
    assert spent[1] == pytest.approx(2 * clock.BUDGET_S, rel=0.01)


def test_the_dispatch_of_fast_calls_is_sampled_from_the_start_to_the_end(seconds):
    """The dispatch of fast calls is sampled from start to end: calls that slow down do so in both figures."""
    growing = (1e-6 * (1 + number / 1e5) for number in itertools.count())
    found = clock.sampled(seconds(growing), 200, 1e-6, nothing)
    assert clock.SAMPLES < len(found.dispatch) < len(found.complete) / 4
    assert statistics.median(found.dispatch) == pytest.approx(statistics.median(found.complete) / 4, rel=0.1)


def test_when_the_time_is_up_it_is_enough():
    uneven, steady = [1.0, 9.0], [1.0, 1.0]
    for patience in (0.1, 1.0, 3.0):
        assert clock.is_enough(uneven, clock.BUDGET_S * patience, patience)
        assert not clock.is_enough(uneven, clock.BUDGET_S * patience - 0.01, patience)
        least = clock.ENOUGH_S * min(1.0, patience)
        assert clock.is_enough(steady, least, patience) and not clock.is_enough(steady, least - 0.01, patience)


def test_patience_lessens_what_is_close_enough(seconds):
    noise = random.Random(0)
    jitter = [0.01 * (1 + noise.uniform(-0.04, 0.04)) for _ in range(5000)]
    few = sampled(seconds(jitter), nothing)
    many = sampled(seconds(jitter), nothing, patience=9.0)
    assert len(few.complete) < len(many.complete)
    assert clock.uncertainty(many.complete) <= clock.NARROW / 3


def test_progress_is_told_with_how_many_there_will_be_about(seconds):
    told = []
    sampled(seconds(itertools.cycle([0.04, 0.08])), lambda done, of: told.append((done, of)))
    assert len(told) > 4
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= of for done, of in told)
    assert len(told) <= clock.BUDGET_S / 0.1, "not with every sample"


@pytest.mark.parametrize(
    ("samples", "relative"), [([2.0], 0.0), ([1.0, 3.0], 0.5), ([1.0, 2.0, 9.0], 2.0), ([0.0, 0.0], 0.0)]
)
def test_of_few_samples_any_may_be_the_median(samples, relative):
    assert clock.uncertainty(samples) == relative


def test_the_interval_of_the_median_holds_it_most_times():
    """The interval of the median contains it most times: for known noise, in about 95 of 100 measurements."""
    noise = random.Random(1)
    inside = 0
    for _ in range(300):
        found = sorted(noise.expovariate(1.0) for _ in range(40))
        reach = clock.uncertainty(found) * statistics.median(found)
        inside += abs(statistics.median(found) - 0.6931) <= 1.3 * reach
    assert inside > 0.9 * 300


def test_a_spread_has_its_quartiles_and_33_quantiles():
    found = clock.spread([float(number) for number in range(1, 102)], 2)
    assert (found["best_s"], found["q1_s"], found["median_s"], found["q3_s"], found["runs"]) == (1, 26, 51, 76, 202)
    assert len(found["quantiles"]) == clock.QUANTILES + 1
    assert found["quantiles"][-1] == 101
    assert clock.spread([3.0], 1)["q3_s"] == 3.0
    assert clock.spread([], 1) is None


def test_garbage_is_thrown_away_between_samples(monkeypatch):
    """Garbage is collected between samples: calls that leave cycles behind would otherwise take gigabytes."""
    monkeypatch.setattr(clock, "GARBAGE", 2000)
    alive, most = [0], [0]

    class Cycle:
        def __init__(self):
            self.own = self
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self):
            alive[0] -= 1

    def litter():
        for _ in range(1000):
            Cycle()

    loops = clock.loops_of(subject("litter()", litter=litter), "{}")
    with clock.no_collection():
        found = sampled(loops, nothing)
    made = 1000 * len(found.complete)
    assert made > 4 * clock.GARBAGE, "there was enough to throw away"
    assert most[0] < made / 2


def test_what_a_call_gives_away_it_gets_anew_before_the_clock_starts():
    taken = []

    def take(array):
        taken.append(array)
        array.delete()

    x = jax.numpy.ones(3)
    given = Subject("take(x)", {"take": take, "x": x}, None, held={"x": x})
    loops = clock.loops_of(given, "{}", anew=True)
    assert loops.complete(3) > 0 and loops.paired(2)[1] > 0
    assert len({id(array) for array in taken}) == 5 and not x.is_deleted()


def test_collection_is_as_before_also_after_an_interrupt():
    with pytest.raises(KeyboardInterrupt), clock.no_collection():
        assert not gc.isenabled()
        raise KeyboardInterrupt
    assert gc.isenabled()


def test_waiting_costs_the_least_that_it_can():
    assert clock.wait_for(SPACE["w"]) == "({}).block_until_ready()"
    assert clock.wait_for((SPACE["w"], 1)) == "_jaxtour_wait({})"
    assert clock.wait_for(sys) == "{}"
