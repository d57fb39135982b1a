"""Text as lines of (text, style): wrapped, clipped, made harmless."""
