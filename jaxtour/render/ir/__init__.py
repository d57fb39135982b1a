"""Renders jaxprs, StableHLO and HLO, and facts about them, as lines."""
