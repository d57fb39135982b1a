"""Running lesson code, seen from outside: messages, session, client."""
