"""What is known of jaxprs, StableHLO and HLO, as lines."""
