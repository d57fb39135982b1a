"""Facts into styled text: what the terminal app and the plain commands show."""
