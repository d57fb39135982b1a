"""The screens: one module each, its stylesheet beside it."""
