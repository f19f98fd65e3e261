"""Text that LaTeX prints as it is. The result is ASCII: it means the same to every engine, in every
encoding of source and font."""

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}",
    '"': r"\textquotedblright{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "–": r"\textendash{}",
    "—": r"\textemdash{}", "…": r"\ldots{}",
    "·": r"\textperiodcentered{}", "×": r"$\times$", "−": "$-$", "±": r"$\pm$", "≤": r"$\leq$",
    "≥": r"$\geq$", "→": r"$\to$", "∞": r"$\infty$", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "µ": r"$\mu$",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψω",
        (
            "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
            "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi",
            "psi", "omega",
        ),
        strict=True,
    )
)  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip


def escaped(text: str) -> str:
    """Line breaks become spaces; what has no command of its own is written as U+4E2D."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    # Two hyphens would be printed as a dash, two apostrophes as a quotation mark.
    return re.sub(r"([-'])(?=\1)", r"\1{}", "".join(_character(c) for c in plain))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    if character in _GREEK:
        return f"$\\{_GREEK[character]}$"
    parts = unicodedata.normalize("NFD", character)
    letter, mark = parts[0], parts[1:]
    if letter.isascii() and letter.isalpha() and mark in _ACCENTS:
        return f"\\{_ACCENTS[mark]}{{{letter}}}"
    return f"U+{ord(character):04X}"
