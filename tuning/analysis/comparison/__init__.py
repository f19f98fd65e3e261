"""Trials side by side, and searches side by side."""
