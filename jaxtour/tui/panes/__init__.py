"""What each pane shows, as documents made from a step view, without widgets."""
