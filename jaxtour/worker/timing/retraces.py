"""Counts how often the learner's functions are traced for `jit` while a step runs, and says why."""

import ast
import contextlib
import inspect
import re
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .. import compat
from ..runner.failures import attempt
from ..runner.writer import Say

CAP = 100
"""Traces reported one by one; for further ones, only the last count is sent."""
_FOR = ("jit", "pmap")
_MOST_REASONS = 3
_TYPES = re.compile(r"^\* at (?P<what>.*?), now (?P<now>.*) and before (?P<before>.*)$")
_TREES = re.compile(r"^\* at input path (?P<path>.*?), now (?P<now>.*) and before (?P<before>.*?), so (?P<why>.*)$")
_SETTING = re.compile(r"^\* (?P<what>\S+) differs: now (?P<now>.*) and before (?P<before>.*)$")
_EMPTY = re.compile(r"\(\{\}\)|https?://\S+$")
"""An empty set of varying mesh axes, and a link to JAX's documentation."""
_MESH = re.compile(r"\(\{(?P<axes>\w+: \([^{}]*\))\}\)")
_AXES = re.compile(r"(?P<kind>\w+): \((?P<names>[^()]*)\)")
_WEAK = re.compile(r"\{weak_type=(True|False)\}")
_KEYS = re.compile(r"key sets: \{(?P<keys>.*)\}")
_METADATA = re.compile(r"with pytree metadata [(\[](?P<keys>[^()\[\]]*)[)\]]$")
_CLASS = re.compile(r"<class '(?:[\w.]*\.)?(\w+)'>")
_INDEX = re.compile(r"^\[(\d+)\]")
_BY_PLACE = re.compile(r"^argument (\d+)$")
"""How `compat_events` names a static argument."""
_STATIC = re.compile(r"Static\(val=(?P<value>.*)\)$")
_LENGTH = re.compile(r"^tuple of length (\d+)$")
_SETTINGS = "Tracing context doesn't match"
_OTHER_USE = "Debug info doesn't match"
UNTOLD = "JAX does not say why"


@contextlib.contextmanager
def counted(
    events: compat.CompileEvents,
    say: Say,
    own: str,
    codes: list[str],
    missed: Callable[[str, str], None] = lambda _function, _reason: None,
) -> Iterator[None]:
    """Send a `retrace` for every trace inside this context; lines of the file `own` are named, `codes` is what runs.

    `missed` is called with the name of a function that is traced again, and the reason as text.
    If JAX does not explain cache misses, functions with names from `codes` are counted, without a reason.
    """
    counts = Counts(say, own, missed)
    wants_it_itself = any("explain_cache_misses" in code for code in codes)
    with compat.explained(counts.missed, pass_on=wants_it_itself) as explains:
        if not explains:
            names = {name for code in codes for name in _functions(code)}
            events.traced = lambda name: counts.traced(name) if name in names else None
        try:
            yield
        finally:
            events.traced = None
    counts.end()


class Counts:
    """The functions traced so far in one run."""

    def __init__(self, say: Say, own: str, missed: Callable[[str, str], None]) -> None:
        self._missed = missed
        self._say = say
        self._own = own
        self._counts: dict[tuple[str, str], int] = {}
        self._things: dict[tuple[str, str], Callable[[], Any]] = {}
        self._told = 0
        self._untold: dict[tuple[str, str], dict[str, Any]] = {}

    def missed(self, miss: compat.Miss) -> None:
        """Count a function that JAX traced."""
        if miss.traced_for not in _FOR:
            return
        key = miss.function, miss.made_at
        reason = in_words(miss.reasons, _parameters(miss.thing))
        if not reason and key in self._counts:
            same = miss.thing is not None and self._things[key]() is miss.thing
            reason = "JAX's trace of it was dropped from the cache" if same else "it is a new function object"
        if key not in self._counts and reason in (UNTOLD, _OTHER_USE_WORDS):
            reason = ""  # its earlier trace was not for jit
        self._things[key] = _reference(miss.thing)
        self._count(key, reason, miss.line if miss.file == self._own else None)

    def traced(self, name: str) -> None:
        """Count a function that JAX traced, if JAX gives only its name."""
        self._count((name, ""), UNTOLD if (name, "") in self._counts else "", None)

    def _count(self, key: tuple[str, str], reason: str, line: int | None) -> None:
        self._counts[key] = self._counts.get(key, 0) + 1
        if reason:
            self._missed(key[0], reason)
        event = {"event": "retrace", "function": key[0], "count": self._counts[key], "reason": reason, "line": line}
        if self._told < CAP:
            self._told += 1
            self._say(event)
        else:
            self._untold[key] = event

    def end(self) -> None:
        """Send the last count of each function beyond `CAP`."""
        for event in self._untold.values():
            self._say(event)
        self._untold.clear()


def _reference(thing: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: None


def _functions(code: str) -> Iterator[str]:
    """Yield the names of the functions that the code defines."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield "<lambda>"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name


def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of the parameters that can be passed by place."""
    signature, _ = attempt(inspect.signature, function)
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(each.name for each in signature.parameters.values() if each.kind in by_place) if signature else ()


def in_words(reasons: tuple[str, ...], parameters: tuple[str, ...] = ()) -> str:
    """Turn JAX's lines into one: `x was f32[8], now f32[9]`; empty without lines."""
    found = [words for line in reasons if (words := _words(line, parameters))]
    if not found:
        return UNTOLD if reasons else ""
    # A general heading comes before the lines that name the difference.
    exact = [words for words in found if words not in _GENERAL] or found
    more = len(exact) - _MOST_REASONS
    return "; ".join(exact[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")


_SETTING_WORDS = "a setting or a context manager of jax has changed"
_OTHER_USE_WORDS = "it was traced for another use before"
_GENERAL = (_SETTING_WORDS, _OTHER_USE_WORDS)


def _words(line: str, parameters: tuple[str, ...]) -> str:
    line = line.strip()
    if match := _TREES.match(line):
        return _tree_words(match, parameters)
    if match := _TYPES.match(line):
        before, now = _type(match["before"]), _type(match["now"])
        static = _BY_PLACE.match(match["what"])
        what = _argument(int(static[1]) - 1, parameters) if static else match["what"]
        return f"{what} was {before}, now {now}"
    if match := _SETTING.match(line):
        return f"{match['what']} was {match['before']}, now {match['now']}"
    if line.startswith(_SETTINGS):
        return _SETTING_WORDS
    return _OTHER_USE_WORDS if line.startswith(_OTHER_USE) else ""


def _argument(place: int, parameters: tuple[str, ...]) -> str:
    return parameters[place] if place < len(parameters) else f"argument {place + 1}"


def _type(text: str) -> str:
    text = _WEAK.sub(lambda match: " (weak)" if match[1] == "True" else "", _EMPTY.sub("", text))
    return _MESH.sub(lambda match: f" on a mesh ({_AXES.sub(_axes, match['axes'])})", text)


def _axes(match: re.Match[str]) -> str:
    return f"{match['kind']} {_names(match['names'])}"


def _names(keys: str) -> str:
    return ", ".join(sorted(name for key in keys.split(",") if (name := key.strip(" '\""))))


def _tree(text: str) -> str:
    """Shorten `<class 'dict'> with pytree metadata ('a',)` to `dict of 'a'`, and a static argument to its value."""
    if static := _STATIC.search(text):
        return static["value"]
    text = _CLASS.sub(r"\1", text).replace(" with pytree metadata ", " of ")
    return "an array or a number" if text == "pytree leaf" else text


def _tree_words(match: re.Match[str], parameters: tuple[str, ...]) -> str:
    path, before, now = match["path"], match["before"], match["now"]
    if path == "[1]" and (keys := _KEYS.search(match["why"])):
        return f"the keywords passed differ by {_names(keys['keys'])}"
    if path == "[1]" and (had := _METADATA.search(before)) and (has := _METADATA.search(now)):
        return f"the keywords passed were {_names(had['keys'])}, now {_names(has['keys'])}"
    if path == "[0]" and (was := _LENGTH.match(before)) and (is_now := _LENGTH.match(now)):
        return f"{was[1]} {'argument was' if was[1] == '1' else 'arguments were'} passed, now {is_now[1]}"
    kind, rest = path[:3], path[3:]
    if kind == "[0]" and (index := _INDEX.match(rest)):
        what = _argument(int(index[1]), parameters) + rest[index.end() :]
    elif kind == "[1]" and (key := re.match(r"^\['(\w+)'\]", rest)):
        what = f"{key[1]}{rest[key.end() :]}"
    else:
        what = "what is passed"
    before, now = (_tree(text) for text in (before, now))
    return f"{what} was {before}, now {now}"
