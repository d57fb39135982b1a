"""`make mutants` makes small changes."""

import ast
from pathlib import Path

import pytest

from tools.mutants import planned
from tools.mutations import mutations
from tools.trees import ROOT


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("a < b", ["a <= b"]),
        ("a is not b", ["a is b"]),
        ("a not in b and c", ["a in b and c", "a not in b or c"]),
        ("(a) == (b)", ["(a) != (b)"]),
        ("é = a >= b", ["é = a > b"]),
        ("a = not b", ["a = (b)"]),
        ("a = b - 2", ["a = b + 2", "a = b - (2 + 1)", "a = b - (2 - 1)"]),
        ("a += 1", ["a += (1 + 1)", "a += (1 - 1)", "pass"]),
        ("a = True", ["a = False"]),
        ("a = b if c else d", ["a = b if (not (c)) else d"]),
        ("a = [b for b in c if d]", ["a = [b for b in c if True]"]),
        ("f(a, b=c)", ["f(a, )", "pass"]),
        ("await f()", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a = min(b)", ["a = max(b)"]),
        ("return f(x)", ["return None"]),
        ("raise A", ["pass"]),
        ("for a in b: continue", ["for a in (): continue", "for a in b: break"]),
        ("while a: break", ["while (not (a)): break", "while a: continue"]),
        ("a: int = b", []),
        ("a = b", []),
        ("assert a == b", []),
        ("return None", []),
        ("'what it does'", []),
        ("a = f'{b + 1}'", []),
    ],
)
def test_a_line_and_what_becomes_of_it(line: str, changed: list[str]) -> None:
    source = f"async def f():\n    x = y\n    {line}\n"
    found = mutations(source)
    assert sorted(each.told(source)[1] for each in found) == sorted(changed)
    assert {each.told(source)[0] for each in found} <= {line} and {each.line(source) for each in found} <= {3}


def test_what_is_about_types_stays() -> None:
    source = "if TYPE_CHECKING:\n    a = 1\n@d(1)\ndef f(a: Literal[1]) -> Literal[2]: ...\n"
    assert mutations(source) == []


@pytest.mark.parametrize("module", planned([]), ids=lambda module: module.path)
def test_every_change_is_python_and_what_is_said_of_changes_holds(module) -> None:
    assert all((ROOT / path.partition("::")[0]).is_file() for path in module.tests), "its tests are there"
    assert not module.stale()
    assert module.every
    for each in module.sample(10, 0):
        changed = each.of(module.source)
        assert changed != module.source
        ast.parse(changed)


def test_a_sample_is_the_same_each_time() -> None:
    one, two = planned(["engine/links"]), planned(["engine/links"])
    assert one[0].sample(5, 1) == two[0].sample(5, 1) != one[0].sample(5, 2)
    assert Path(one[0].path).stem == "links"
