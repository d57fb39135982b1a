"""The values of a traced call: its jaxpr evaluated equation by equation, on the call's own inputs."""
