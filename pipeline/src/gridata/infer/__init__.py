"""A first contract from a file: format, dialect, names, types, and guesses, each of which is told."""
