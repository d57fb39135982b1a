"""The wire: the types of all that goes to the guard and comes back."""
