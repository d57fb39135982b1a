"""What devices there are, how busy they are, and who holds them."""
