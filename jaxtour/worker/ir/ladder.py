"""The ladder of a call of composed transformations: for `jit(vmap(grad(f)))(x)` the jaxprs of f, grad(f), and so on.

The arguments of the inner functions are known only while the whole call is traced. So the composition is rebuilt from
its source with a recorder around each function, and traced; each level is then traced with the recorded arguments.
"""

import ast
import functools
import linecache
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax

from .. import compat
from ..runner.execute import Workspace, parsed_expression
from ..runner.failures import attempt
from ..runner.learners import LESSON_FILE
from ..runner.writer import Event
from . import lens
from .stages import Say

MOST_LEVELS = 12
_LABEL_CAP = 60

Bound: TypeAlias = ast.expr | ast.FunctionDef
"""The expression or function that a name is bound to."""


@dataclass
class Level:
    """A level of the ladder: a function and its first call."""

    label: str
    transform: str
    function: Any
    given: lens.Call | None = None
    """Its first call."""


@dataclass(frozen=True)
class Layer:
    """A transformation as the source applies it."""

    name: str
    apply: Callable[[Any], Any]


def ladder(workspace: Workspace, expression: str, codes: Iterable[str], say: Say) -> None:
    """Send each level, innermost first, with the pieces of its jaxpr; `codes` may bind names used in the call."""
    levels, error = attempt(_climbed, workspace, expression, codes)
    if levels is None:
        label = " ".join(expression.split())[:_LABEL_CAP]
        say(
            {
                "event": "level",
                "index": 0,
                "label": label,
                "error": lens.why_not(error) if error else "this is not a call",
            }
        )
        return
    for index, level in enumerate(levels):
        said: Event = {"event": "level", "index": index, "label": level.label, "transform": level.transform}
        if level.given is None:
            say({**said, "error": "the transformation around it did not call it"})
            continue
        traced, error = attempt(lens.trace, level.given)
        if traced is None:
            say({**said, "error": lens.why_not(error) if error else "it cannot be traced"})
            continue
        say(said)
        head = {"event": "stage", "index": index, "stage": "jaxpr", "level": True}
        for piece in lens.shown(traced.jaxpr).pieces(head):
            say(piece)


def _climbed(workspace: Workspace, expression: str, codes: Iterable[str]) -> list[Level] | None:
    """The levels with their calls, innermost first; None if the expression is not a call."""
    call = lens.parse_call(workspace, expression)
    node = parsed_expression(expression)
    if call is None or not isinstance(node, ast.Call):
        return None
    layers, function, label = _taken_apart(workspace, node.func, call.function, _bindings(codes))
    levels = [Level(label, "", function)]
    for layer in reversed(layers):
        function = layer.apply(_recorded(levels, len(levels) - 1))
        label = f"{layer.name}({label})"
        levels.append(Level(label, layer.name, function))
    # The call itself goes through a recorder too: lens.trace retries with fewer abstract values.
    outer = _recorded(levels, len(levels) - 1)
    _, error = attempt(lens.trace, lens.Call(outer, call.args, call.kwargs))
    levels[-1].given = lens.Call(levels[-1].function if layers else call.function, call.args, call.kwargs)
    if error and len(levels) > 1 and levels[0].given is None:
        raise error
    return levels


def _recorded(levels: list[Level], place: int) -> Callable[..., Any]:
    """Wrap the level's function to record its first call; a call of the outermost level resets all records."""
    level = levels[place]
    function = level.function

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        if place == len(levels) - 1:
            for below in levels:
                below.given = None
        if level.given is None:
            level.given = lens.Call(function, *jax.tree.map(_shape, (args, kwargs)))
        return function(*args, **kwargs)

    return recorded


def _shape(leaf: Any) -> Any:
    if not compat.is_tracer(leaf):
        return leaf
    aval = jax.typeof(leaf)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=getattr(aval, "weak_type", False))


def _taken_apart(
    workspace: Workspace, node: Bound, function: Any, bindings: dict[str, Bound]
) -> tuple[list[Layer], Any, str]:
    """The transformations, outermost first, the function they transform, and its name."""
    layers: list[Layer] = []
    decorators = 0
    seen: set[str] = set()
    while compat.transformation(function) is not None and len(layers) < MOST_LEVELS:
        if isinstance(node, ast.Name) and node.id in bindings and node.id not in seen:
            seen.add(node.id)
            node, decorators = bindings[node.id], 0
        elif isinstance(node, ast.FunctionDef) and decorators < len(node.decorator_list):
            layers.append(_decorator(workspace, node.decorator_list[decorators]))
            decorators += 1
            function = function.__wrapped__
        elif isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
            layers.append(_applied(workspace, node))
            node, function = node.args[0], function.__wrapped__
        else:
            break
    return layers, function, _label(node)


def _decorator(workspace: Workspace, node: ast.expr) -> Layer:
    return Layer(_transform(node), lambda below: workspace.evaluate_tree(node)(below))


def _applied(workspace: Workspace, node: ast.Call) -> Layer:
    name = ast.copy_location(ast.Name("__jaxtour_below__", ast.Load()), node)
    call = ast.copy_location(ast.Call(node.func, [name, *node.args[1:]], node.keywords), node)
    return Layer(_transform(node.func), lambda below: workspace.evaluate_tree(call, {name.id: below}))


def _transform(node: ast.expr) -> str:
    """The name of a transformation: `vmap` for `jax.vmap` and for `partial(jax.vmap, in_axes=1)`."""
    while isinstance(node, ast.Call):
        node = node.args[0] if node.args else node.func
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)[:_LABEL_CAP]


def _label(node: Bound) -> str:
    if isinstance(node, ast.FunctionDef):
        return node.name
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LABEL_CAP else f"{text[: _LABEL_CAP - 1]}…"


def _bindings(codes: Iterable[str]) -> dict[str, Bound]:
    """The top-level bindings of lesson code; `codes` take precedence, and later bindings win."""
    lessons = ["".join(linecache.getlines(file)) for file in list(linecache.cache) if LESSON_FILE.match(file)]
    return dict(bound for code in [*lessons, *codes] for bound in _bound_in(code))


def _bound_in(code: str) -> Iterator[tuple[str, Bound]]:
    tree, _ = attempt(ast.parse, code)
    for statement in tree.body if tree else []:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name, statement
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
