"""Defines the tour's own themes."""

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="dark",
    primary="#3b8eea",
    secondary="#5c7fa3",
    accent="#e0a458",
    warning="#f0b03f",
    error="#e0607e",
    success="#62c073",
    foreground="#e4e4e4",
    background="#121416",
    surface="#181b1e",
    panel="#1d242b",
    dark=True,
    variables={
        "text-primary": "#6cb0f5",
        "border-idle": "#3d4349",
        "border-blurred": "#3d4349",
        "scrollbar": "#4a525a",
        "scrollbar-background": "#121416",
        "scrollbar-corner-color": "#121416",
    },
)

LIGHT = Theme(
    name="light",
    primary="#0a5fb4",
    secondary="#4a6b8a",
    accent="#9a5b00",
    warning="#9a5b00",
    error="#b3264a",
    success="#1f7a3a",
    foreground="#1b1d20",
    background="#f6f6f4",
    surface="#ffffff",
    panel="#e6e8ea",
    dark=False,
    variables={
        "border-idle": "#bcc1c6",
        "border-blurred": "#bcc1c6",
        "scrollbar": "#a9afb5",
        "scrollbar-background": "#f6f6f4",
        "scrollbar-corner-color": "#f6f6f4",
    },
)

ANSI = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_bright_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_magenta",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border-idle": "ansi_default",
        "border-blurred": "ansi_default",
        "scrollbar": "ansi_bright_blue",
        "scrollbar-hover": "ansi_bright_blue",
        "scrollbar-active": "ansi_bright_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-text-style": "reverse",
    },
)

THEMES = (DARK, LIGHT, ANSI)


def exists(name: str) -> bool:
    """Return whether the tour or Textual has a theme of this name."""
    return name in BUILTIN_THEMES or any(name == own.name for own in THEMES)
