"""Runs lesson code and watches it from outside: messages, session, client."""
