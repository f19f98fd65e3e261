"""Names that people and files give to things: one line of visible text. Standard library only.

Names of projects, datasets, templates, teams, views, tags, tokens and columns are one line
without hidden characters: `protocol/names.py` has the rule, `models/validators.py` checks it on
every form and row, runners clean what files contain. Code for people to copy has their texts as
literals (`analysis/literals.py`) or as one line of a comment.
"""

import re

# Control characters, line and paragraph separators, halves of surrogate pairs, and what makes text
# read in another order than it is stored in (a name could then pass for another one).
_HIDDEN = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_RUN = re.compile(rf"\s*[{_HIDDEN}][\s{_HIDDEN}]*")


def is_one_line(name: str) -> bool:
    return not _RUN.search(name)


def one_line(text: str) -> str:
    """The same text with a space in place of line breaks and other hidden characters."""
    return _RUN.sub(" ", text).strip()
