"""Names with which people would write more into a file than a name."""

CODE = "import os; os.abort()"
LINE_BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
# No character of these belongs into a name.
HIDDEN = [
    *(f"rents{ending}{CODE}{ending}" for ending in LINE_BREAKS),
    "nul\x00", "tab\there", "escape\x1b[2J", "backspace\x08", "delete\x7f",
    "reordered \u202e)(tropba.so", "isolated \u2067x\u2069",
]  # fmt: skip
# Odd and allowed: each is one visible line.
ODD = [
    f'"; {CODE} #', f"'; {CODE} #", f'"""; {CODE}', "ends in a backslash\\", "{CODE}", "%s %(x)s",
    "# coding: utf-7", "\\u000aimport os", "Zürich 中文 👩‍👩‍👧", "../../etc/passwd", "a/b\\c",
    "\\n", "'\"",
]  # fmt: skip
