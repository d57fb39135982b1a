"""What JAX made of a call: jaxpr, StableHLO and HLO, each line with its place in the source."""
