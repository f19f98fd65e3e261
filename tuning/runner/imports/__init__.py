"""Searches of other programs, read from archives of their files."""
