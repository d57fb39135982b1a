"""Chooses the call to profile: of a jitted function as the learner calls it, or else of the program that jit makes."""

import jax

from ..ir.lens import Call, LensError
from ..ir.stages import Staged
from ..runner.programs import FirstRun
from ..timing.placing import leaves
from ..timing.recorded import RecordedCall

_NOT_JITTED = {
    "code": "not_jitted",
    "message": "The call is not jitted: this is the program that jit would make of it, which runs faster.",
}


def call_of(staged: Staged, first: FirstRun | None) -> tuple[Call, list[dict[str, str]]]:
    """Return the call that runs a staged program, and verdicts on it; raises `LensError` if there is none.

    A recorded program runs with the inputs of its `first` run.
    """
    if staged.call is None:
        if first is None:
            raise LensError("the second run of the program did not reach it")
        recorded = RecordedCall(first)
        staged.compiled = recorded.compiled  # the program that ran, without compiling it again
        return recorded.call, []
    if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves(staged.call)):
        raise LensError("the call has inputs without data: give it arrays, as jnp.ones(...) for S(...)")
    return staged.call, [] if staged.is_jitted else [_NOT_JITTED]
