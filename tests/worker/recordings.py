"""What tests ask of a recorded run."""

TRAIN = """\
import argparse
import jax
import jax.numpy as jnp


def main(args):
    @jax.jit
    def step(w, x):
        return w - 0.1 * jax.grad(lambda w: jnp.tanh(x @ w).sum())(w)

    w = jnp.ones(4)
    for _ in range(args.steps):
        w = step(w, jnp.ones((8, 4)))
    print("done", args.steps)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, required=True)
    main(parser.parse_args())
"""
"""A training script as people write them: with arguments, and a jitted step inside `main`."""
COUNTS = "that needs 3.12 or newer"


def functions(ran):
    return sorted(program["function"] for program in ran.all("program"))


def one(ran, name):
    (found,) = [program for program in ran.all("program") if program["function"] == name]
    return found


def counted(ran):
    return COUNTS not in ran.one("recorded")["missing"]


def jaxpr(ran, program, stage="jaxpr"):
    parts = [e for e in ran.all("stage") if e["index"] == program["index"] and e["stage"] == stage]
    return "\n".join(part["text"] for part in parts)
