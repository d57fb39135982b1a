"""The calls that a file makes outside its functions, and the values of names there."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Lets = dict[str, ast.expr | None]
"""The expressions that names stand for in code that has not run; None if there is no such expression."""

_GUARDED = "the __main__ block"
_OFFERED = ("jax", "jnp", "np")
"""Names available without an import."""
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_UNFOLDED_CAP = 500
"""The most nodes of a substituted expression: each use of a name repeats the whole value."""


@dataclass(frozen=True)
class WrittenCall:
    """A call as written in the file."""

    node: ast.Call
    ran: bool
    """Whether the call was made when the file ran, and its names still exist."""
    lets: Lets = field(default_factory=dict)
    """The assignments before the call, by name, in a block whose names do not exist."""
    where: str = ""
    """The block that defines its names: `main()`, `the __main__ block`."""


def calls_written(tree: ast.Module) -> Iterator[WrittenCall]:
    """Yield the calls outside functions in file order, then those in functions called without arguments."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for block, ran in _blocks(tree.body, ran=True):
        calls = (WrittenCall(node, ran=True) for node in _calls(block)) if ran else _in_block(block, {}, _GUARDED)
        reached: dict[str, ast.FunctionDef] = {}
        for written in calls:
            func = written.node.func
            bare = not written.node.args and not written.node.keywords
            if bare and isinstance(func, ast.Name) and func.id in functions:
                reached[func.id] = functions[func.id]
            yield written
        for name, function in reached.items():
            yield from _in_block(function.body, _parameters(function), f"{name}()")


def defined(tree: ast.Module) -> list[str]:
    """Return the names that the file binds at its top level, in order, without duplicates."""
    names = []
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.append(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
    return list(dict.fromkeys(names))


def unfolded(written: WrittenCall, harmless: Callable[[ast.expr], bool]) -> tuple[ast.Call, list[str]]:
    """Return the call with names defined in its block replaced by their values, and the names that cannot be replaced.

    A name cannot be replaced if its value has no expression, or calls a function that is not `harmless`.
    """
    if not written.lets:
        return written.node, []
    unknown: list[str] = []

    class Unfold(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id not in written.lets:
                return node
            value = written.lets[node.id]
            if value is None:
                unknown.append(node.id)
                return node
            if any(isinstance(inner, ast.Call) and not harmless(inner.func) for inner in ast.walk(value)):
                unknown.append(node.id)
            return copy.deepcopy(value)

    tree = Unfold().visit(copy.deepcopy(written.node))
    return tree, list(dict.fromkeys(unknown))


def is_main_guard(test: ast.expr) -> bool:
    """Return whether an expression is `__name__ == "__main__"`, in either order."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, *test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _blocks(body: list[ast.stmt], *, ran: bool) -> Iterator[tuple[list[ast.stmt], bool]]:
    """Yield the body in pieces, each with whether it runs; a piece under a main guard does not."""
    piece: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.If) and is_main_guard(statement.test):
            yield piece, ran
            yield statement.body, False
            piece = [*statement.orelse]
        else:
            piece.append(statement)
    yield piece, ran


def _calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls of statements that run, including those in compound statements, outer calls first."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        yield from _calls_in(statement)


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*_SCOPES, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _calls_in(child)


def _parameters(function: ast.FunctionDef) -> Lets:
    """Return the parameters' values in a call without arguments."""
    own = function.args
    names = [each.arg for each in (*own.posonlyargs, *own.args)]
    lets: Lets = dict.fromkeys(names)
    if own.defaults:
        lets |= dict(zip(names[-len(own.defaults) :], own.defaults, strict=True))
    lets |= {each.arg: default for each, default in zip(own.kwonlyargs, own.kw_defaults, strict=True)}
    return lets | {each.arg: None for each in (own.vararg, own.kwarg) if each}


def _in_block(body: list[ast.stmt], lets: Lets, where: str) -> Iterator[WrittenCall]:
    """Yield the calls of a block, each with the assignments before it; of a loop, its first iteration."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            lets[statement.name] = None
            continue
        inner = [each for name in ("body", "orelse", "finalbody") for each in getattr(statement, name, [])]
        inner += [each for handler in getattr(statement, "handlers", []) for each in handler.body]
        heads = [
            child for child in ast.iter_child_nodes(statement) if not isinstance(child, (ast.stmt, ast.excepthandler))
        ]
        for head in heads:
            for node in _calls_in(head):
                yield WrittenCall(node, ran=False, lets=dict(lets), where=where)
        _bind(statement, lets)
        if inner:
            yield from _in_block(inner, lets, where)


def _bind(statement: ast.stmt, lets: Lets) -> None:
    """Record a statement's assignments."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        value = _written_out(statement.value, lets)
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            _assign(target, value, lets)
        return
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            name = alias.asname or alias.name.partition(".")[0]
            lets.pop(name, None) if name in _OFFERED else lets.update({name: None})
        return
    targets = [getattr(statement, "target", None), *(item.optional_vars for item in getattr(statement, "items", []))]
    for target in filter(None, targets):
        _assign(target, None, lets)


def _assign(target: ast.expr, value: ast.expr | None, lets: Lets) -> None:
    if isinstance(target, ast.Name):
        lets[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        starred = any(isinstance(each, ast.Starred) for each in target.elts)
        for number, each in enumerate(target.elts):
            part: ast.expr | None = None
            if value is not None and not starred:
                part = ast.copy_location(ast.Subscript(value, ast.Constant(number), ast.Load()), value)
                if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                    part = value.elts[number]
                ast.fix_missing_locations(part)
            _assign(each, part, lets)
    else:
        # An assignment to an element or attribute changes the object: it has no expression any more.
        root = target
        while isinstance(root, (ast.Subscript, ast.Attribute, ast.Starred)):
            root = root.value
        if isinstance(root, ast.Name):
            lets[root.id] = None


def _written_out(value: ast.expr, lets: Lets) -> ast.expr | None:
    """Return the expression with every name from the block replaced; None if one has no value, or it is too long."""
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name) and node.id in lets}
    if any(lets[name] is None for name in names):
        return None

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            known = lets.get(node.id)
            return copy.deepcopy(known) if known is not None else node

    whole: ast.expr = Replace().visit(copy.deepcopy(value))
    return whole if sum(1 for _ in ast.walk(whole)) <= _UNFOLDED_CAP else None
