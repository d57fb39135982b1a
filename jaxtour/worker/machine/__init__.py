"""The devices: which exist, how busy they are, and which processes hold them."""
