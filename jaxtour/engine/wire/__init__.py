"""The wire: the types of everything that goes to the guard and comes back."""
