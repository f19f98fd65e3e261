"""A template's code: from text to the one thing that it builds."""
