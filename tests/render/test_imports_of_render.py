"""Rendering imports neither JAX nor Textual, and the first frame does not import the Markdown parser."""

import subprocess
import sys

CODE = """
import importlib, pkgutil, sys
import jaxtour.render
for module in pkgutil.iter_modules(jaxtour.render.__path__):
    importlib.import_module(f"jaxtour.render.{module.name}")
print(*sorted({"jax", "jaxlib", "numpy", "textual", "markdown_it"} & set(sys.modules)))
"""


def test_what_rendering_does_not_import():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
