"""Changes central modules one small thing at a time, and reports the changes that no test notices.

    make mutants                                   # a few of each module
    python -m tools.mutants linking --count 40     # more, of modules whose path contains this
    python -m tools.mutants --seed 2 --jobs 2      # others, two at a time

`tools/mutants.toml` lists the tests of each module, and equivalent changes. All work happens in copies of the tree. A
change that makes the tests hang counts as noticed, since pytest would stop them. The exit code is 1 if a change
survives that is not listed as equivalent, or if a listed one no longer applies.

Why not mutmut 3.8: its mutants import mutmut, but workers have only jax. Why not cosmic-ray 8.7: it cannot sample,
counts hangs as noticed, changes types, and does not delete statements, which finds most here.
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
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

from tools.mutations import Mutation, mutations
from tools.tables import columns
from tools.trees import LOG, ROOT, Outcome, Tree, copies

HEAD = ("module", "mutants", "killed", "survived", "equivalent", "timed out", "seconds")
SLOW = 3
PATIENCE_S = 10.0
"""A change hangs if its tests take `SLOW` times as long as without it, and `PATIENCE_S` more."""


@dataclass
class Module:
    """A module to change, and the outcomes."""

    path: str
    tests: list[str]
    same: set[tuple[str, str]]
    """Equivalent changes: the old and the new text."""
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)

    @cached_property
    def source(self) -> str:
        """Its text, without changes."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def every(self) -> list[Mutation]:
        """All changes to it, in the order of the text."""
        return mutations(self.source)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        counts = [self.outcomes.total(), *(self.outcomes[name] for name in HEAD[2:-1])]
        return self.path, *map(str, counts), f"{self.seconds:.0f}"

    def stale(self) -> set[tuple[str, str]]:
        """Return the equivalent changes listed for the module that no longer apply."""
        return self.same - {mutation.told(self.source) for mutation in self.every}

    def sample(self, count: int, seed: int) -> list[Mutation]:
        """Return a random sample of the changes, in the order of the text."""
        return sorted(random.Random(f"{seed} {self.path}").sample(self.every, min(count, len(self.every))))


def planned(names: Sequence[str]) -> list[Module]:
    """Return the modules whose path contains one of the names; all of them without names."""
    told = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))
    same: dict[str, set[tuple[str, str]]] = {path: set() for path in told["tests"]}
    for each in told["equivalent"]:
        same[each["module"]].add((each["was"], each["now"]))
    wanted = [path for path in same if not names or any(name in path for name in names)]
    return [Module(path, told["tests"][path], same[path]) for path in wanted]


def examine(module: Module, chosen: Sequence[Mutation], trees: Sequence[Tree]) -> None:
    """Apply the changes, one at a time in each copy, and print those that survive."""
    started = time.monotonic()
    if trees[0].run(module.tests) != "survived":
        log = (trees[0].path / LOG).read_text()
        sys.exit(f"mutants: the tests of {module.path} fail without any change:\n{log}")
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
    """Test the requested modules and print the table."""
    parser = argparse.ArgumentParser(prog="mutants", description="Report the changes that no test notices.")
    parser.add_argument("names", nargs="*", help="parts of module paths (default: all modules)")
    parser.add_argument("--count", type=int, default=12, help="number of changes for each module (12)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (1)")
    parser.add_argument("--jobs", type=int, default=1, help="number of changes to test at a time (1)")
    wanted = parser.parse_args(given)
    modules = planned(wanted.names)
    if not modules:
        print(f"mutants: no module path contains {' or '.join(wanted.names)}: see tools/mutants.toml", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = list(copies(Path(folder), max(1, wanted.jobs)))
        for module in modules:
            examine(module, module.sample(wanted.count, wanted.seed), trees)
    print(f"\n{columns([HEAD, *(module.cells() for module in modules)])}")
    stale = [(module.path, *each) for module in modules for each in sorted(module.stale())]
    for path, was, now in stale:
        print(f"tools/mutants.toml lists an outdated change of {path}:\n  - {was}\n  + {now}", file=sys.stderr)
    return int(bool(stale) or any(module.outcomes["survived"] for module in modules))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
