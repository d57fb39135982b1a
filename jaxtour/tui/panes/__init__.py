"""Makes what each pane shows, as documents from a step view, without widgets."""
