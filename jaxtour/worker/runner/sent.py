"""The modules of a program that the engine sent, since its folder is on another machine.

They are imported along `sys.path` under the names of the files there, so that tracebacks and links name those.
"""

import importlib.machinery
import importlib.util
import linecache
import os
import sys
import types
from importlib.abc import PathEntryFinder

_files: dict[str, str] = {}


def put(path: str, text: str) -> None:
    """Let a file be imported from its folder."""
    if not _files:
        sys.path_hooks.insert(0, _finder)
    _files[path] = text
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    sys.path_importer_cache.clear()


def text_of(path: str) -> str | None:
    """Return the text of a file that was sent; None for any other."""
    return _files.get(path)


def loading() -> str:
    """Return code that lets another process import the files too; empty if none were sent."""
    if not _files:
        return ""
    own = f"{__file__!a}"
    return (
        "_space = {'__name__': '_jaxtour_sent'}\n"
        f"exec(compile(open({own}, encoding='utf-8').read(), {own}, 'exec'), _space)\n"
        f"for _file in {_files!a}.items():\n    _space['put'](*_file)\n"
    )


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file was sent, or is here."""
    return os.fspath(path) in _files or os.path.isfile(path)  # noqa: PTH113


def _finder(folder: str) -> PathEntryFinder:
    """Return the finder for a folder of sent files; raises ImportError for any other folder."""
    if not folder or not any(path.startswith(folder.rstrip(os.sep) + os.sep) for path in _files):
        raise ImportError(folder)
    return _Finder(folder)


class _Finder(PathEntryFinder):
    """Finds sent files, then those that are in the folder of that name here."""

    def __init__(self, folder: str) -> None:
        self._folder = folder.rstrip(os.sep)
        details = (
            (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
            (importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES),
        )
        self._here = importlib.machinery.FileFinder(folder, *details)

    def find_spec(self, fullname: str, target: types.ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a module; one without a loader for a part of a namespace package."""
        place = f"{self._folder}{os.sep}{fullname.rpartition('.')[2]}"
        for path, inside in ((f"{place}{os.sep}__init__.py", [place]), (f"{place}.py", None)):
            if path in _files:
                return importlib.util.spec_from_file_location(
                    fullname, path, loader=_Loader(fullname, path), submodule_search_locations=inside
                )
        found = self._here.find_spec(fullname, target)
        if found is None and any(path.startswith(place + os.sep) for path in _files):
            found = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            found.submodule_search_locations = [place]
        return found


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002
        """Compile the text that was sent; it is already decoded, so a coding line has no effect."""
        code: types.CodeType = compile(_files[self.path], self.path, "exec", dont_inherit=True)
        return code

    def get_source(self, fullname: str) -> str:  # noqa: ARG002
        """Return the text that was sent."""
        return _files[self.path]
