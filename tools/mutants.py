"""Changes the central modules one small thing at a time, and says which changes no test notices.

    make mutants                                   # a few of each module
    python -m tools.mutants linking --count 40     # more, of the modules that are named so
    python -m tools.mutants --seed 2 --jobs 2      # others, two at a time

`tools/mutants.toml` says which tests belong to which module, and which changes make no difference. All is done in
copies of the tree. A change with which the tests hang is noticed: pytest stops them in the end. The exit code is 1 if
one survives that is not known to make no difference, or if one that is known is not there any more.

Not mutmut 3.8, since what it changes imports it, and workers have only jax; not cosmic-ray 8.7, since it takes no
samples, counts what hangs as noticed, changes types, and does not delete statements, which finds most here.
"""

import argparse
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from tools.mutations import Mutation, mutations
from tools.tables import columns
from tools.trees import LOG, ROOT, Outcome, Tree, copies

HEAD = ("module", "mutants", "killed", "survived", "equivalent", "timed out", "seconds")
SLOW = 3
PATIENCE_S = 10.0
"""A change hangs if its tests take so many times as long as without it, and so many seconds more."""


@dataclass
class Module:
    """One that is changed, and what became of it."""

    path: str
    tests: list[str]
    same: set[tuple[str, str]]
    """Changes that make no difference: what stood there, and what stands there then."""
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.source = (ROOT / self.path).read_text(encoding="utf-8")
        self.every = mutations(self.source)

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        counts = [self.outcomes.total(), *(self.outcomes[name] for name in HEAD[2:-1])]
        return self.path, *map(str, counts), f"{self.seconds:.0f}"

    def stale(self) -> set[tuple[str, str]]:
        """Changes that are said to make no difference, and cannot be made any more."""
        return self.same - {mutation.told(self.source) for mutation in self.every}

    def sample(self, count: int, seed: int) -> list[Mutation]:
        """Some of the changes, in the order of the text."""
        return sorted(random.Random(f"{seed} {self.path}").sample(self.every, min(count, len(self.every))))


def planned(names: Sequence[str]) -> list[Module]:
    """The modules that are to be changed, by parts of their paths; all without any."""
    told = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))
    same: dict[str, set[tuple[str, str]]] = {path: set() for path in told["tests"]}
    for each in told["equivalent"]:
        same[each["module"]].add((each["was"], each["now"]))
    wanted = [path for path in same if not names or any(name in path for name in names)]
    return [Module(path, told["tests"][path], same[path]) for path in wanted]


def examine(module: Module, chosen: Sequence[Mutation], trees: Sequence[Tree]) -> None:
    """Make the changes, one at a time in each copy, and print those that survive."""
    started = time.monotonic()
    if trees[0].run(module.tests) != "survived":
        log = (trees[0].path / LOG).read_text()
        sys.exit(f"mutants: without any change, the tests of {module.path} fail:\n{log}")
    limit = PATIENCE_S + SLOW * (time.monotonic() - started)
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def outcome(mutation: Mutation) -> Outcome:
        tree = free.get()
        try:
            tree.write(module.path, mutation.of(module.source))
            return tree.run(module.tests, limit)
        finally:
            tree.write(module.path, module.source)
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        for mutation, came in zip(chosen, pool.map(outcome, chosen), strict=True):
            was, now = mutation.told(module.source)
            if came == "survived" and (was, now) in module.same:
                module.outcomes["equivalent"] += 1
                continue
            module.outcomes[came] += 1
            if came != "killed":
                print(f"{module.path}:{mutation.line(module.source)}: {came}\n  - {was}\n  + {now}", flush=True)
    module.seconds = time.monotonic() - started
    print(f"{module.path}: {len(chosen)} changes, {module.seconds:.0f} s", flush=True)


def main(given: Sequence[str]) -> int:
    """Examine what was asked for and print the table."""
    parser = argparse.ArgumentParser(prog="mutants", description="Say which changes no test notices.")
    parser.add_argument("names", nargs="*", help="parts of the modules' paths; all of them by default")
    parser.add_argument("--count", type=int, default=12, help="so many changes of each module (12)")
    parser.add_argument("--seed", type=int, default=1, help="which of them (1)")
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time (1)")
    wanted = parser.parse_args(given)
    modules = planned(wanted.names)
    if not modules:
        print(f"mutants: no module is named {' or '.join(wanted.names)}: see tools/mutants.toml", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = list(copies(Path(folder), max(1, wanted.jobs)))
        for module in modules:
            examine(module, module.sample(wanted.count, wanted.seed), trees)
    print(f"\n{columns([HEAD, *(module.cells() for module in modules)])}")
    stale = [(module.path, *each) for module in modules for each in sorted(module.stale())]
    for path, was, now in stale:
        print(f"tools/mutants.toml lists what is not in {path} any more:\n  - {was}\n  + {now}", file=sys.stderr)
    return int(bool(stale) or any(module.outcomes["survived"] for module in modules))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
