"""Text as lines of (text, style): wrapped, clipped, and cleaned of control characters."""
