"""One word for one thing: each class, and each alias of a type, has its own name."""

import ast
from collections import defaultdict
from pathlib import Path

import jaxtour

PACKAGE = Path(jaxtour.__path__[0])


def named(path: Path) -> list[str]:
    """Return the classes and the type aliases of a module, except private ones."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            found.append(ast.unparse(node.target))
    return [name for name in found if not name.startswith("_")]


def test_no_name_has_two_meanings():
    # The worker imports nothing from the rest: what both sides know is a class on each, of the same name.
    sides: dict[bool, defaultdict[str, list[str]]] = {side: defaultdict(list) for side in (False, True)}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        for name in named(path):
            sides[place.parts[0] == "worker"][name].append(str(place))
    assert all(len(names) > 50 for names in sides.values())
    assert not {name: places for names in sides.values() for name, places in names.items() if len(places) > 1}
