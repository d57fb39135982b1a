"""The terminal app: the only package that imports Textual."""

import os

# Textual waits for one frame before it repaints: at its default of 60 a second, that adds 17 ms to every key.
# https://textual.textualize.io/api/constants/#textual.constants.MAX_FPS
os.environ.setdefault("TEXTUAL_FPS", "120")
