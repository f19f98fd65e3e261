"""Texts for people use the field's words: wordings that were retired stay retired.

Scans what people read: templates, help, messages in Python and JavaScript, the README and the
docs. `RETIRED` is a table: a pattern, a text that it must find, and what to say instead.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

RETIRED = [
    # German word order.
    (
        r"\b(Shown|Said|Counted|Listed|Drawn) (is|are)\b",
        "Shown is what failed",
        "Start with what it is about.",
    ),
    (
        r"\bWhich values go with which\b",
        "Which values go with which failures",
        "The failure map shows…",
    ),
    (r"\bWhat it is is\b", "What it is is detected.", "The format is detected automatically."),
    (r"\bis of no kind\b", "is of no kind that can be read", "Unsupported file type."),
    (r"\bOf the old one\b", "Of the old one", "Remaining range"),
    # Metaphors for machinery.
    (
        r"\bgoes? by itself\b",
        "This page goes by itself after a day.",
        "This entry is deleted after 24 hours.",
    ),
    (r"\bfollows by itself\b", "This page follows by itself.", "The page updates automatically."),
    (r"\b(stands?|stood) (here|there)\b", "The best trials stand here once…", "appear here after…"),
    (r"\bwas not heard of\b", "It was not heard of in time.", "The worker stopped responding."),
    (r"\b[Ll]ast heard of\b", "Last heard of an hour ago", "Last seen…"),
    (r"\bLook into your mail\b", "Look into your mail", "Check your email."),
    # Other words for the field's terms.
    (r"\bnumbers the rows\b", "numbers the rows", "looks like a row ID"),
    (r"\bDifferent values\b", "Different values", "Unique"),
    (r"\bOther words for gaps\b", "Other words for gaps", "Additional missing-value markers"),
    (r"\bWhat the target suggests\b", "What the target suggests", "Auto-detect"),
    (r"\bWhat it looks like\b", "What it looks like", "Preview"),
    (r"\bWhat was done to it\b", "What was done to it", "Preprocessing"),
    (r"\bComes divided\b", "Comes divided: 824 rows", "Predefined split"),
    (
        r"\bgoes before this text\b",
        "A file goes before this text.",
        "If you upload a file, the editor is ignored.",
    ),
    (r"\bto the template’s own\b", "Reset all to the template’s own", "Reset to template defaults"),
    (r"\bMake it the reference\b", "Make it the reference", "Set as baseline"),
    (r"\bAn? epoch\b(?=$)", "An epoch", "Time per epoch"),
    (r"\b[Ff]ound (one|a team)\b", "Found a team of your own first.", "Create a team first."),
    (r"\b[Yy]ou are in no team\b", "You are in no team", "No teams yet"),
    # Buttons and errors.
    (r"\bNew project with it\b", "New project with it", "Use in new project"),
    (r"\bRead it with\b", "Read it with", "Validate with dataset"),
    (r"\bKeep it\b(?!s)", "Keep it", "Cancel"),
    (r"\bLet it run\b", "Let it run", "Cancel"),
    (r"\b[Tt]o the projects\b(?=$|[<\n])", "To the projects", "Back to projects"),
    (r"\b[Tt]here is no such page\b", "There is no such page", "Page not found"),
    (r"\b[Tt]his destroys\b", "This destroys 2 searches", "This permanently deletes 2 searches"),
    (r"\bIt cannot be undone\b", "It cannot be undone.", "You cannot undo this."),
    (r"\bPlease look at\b", "Please look at the marked field below.", "Fix 1 error"),
    (r"\bThis goes on as soon as\b", "This goes on as soon as one is", "Processing starts when…"),
    (r"\b[Nn]obody has called you\b", "Nobody has called you yet.", "No mentions yet."),
    (r"\b[Ss]omebody who\b", "Somebody who may edit", "an editor or owner"),
    (r"\bPlain table\b", "Plain table", "Default view"),
    (r"\bChoose none\b", "Choose none", "Clear"),
    # Messages.
    (r"\bworker was lost\b", "The worker was lost", "The worker stopped responding"),
    (r"; runs again\b", "The worker was lost; runs again", "Will run again."),
    (
        r"\bthe process sent\b|\bThe process sent\b",
        "The process sent word of a file",
        "The runner reported a missing file",
    ),
    (r"\bword of an?\b", "word of a file that is none", "a missing file"),
    (r"\b(that|which) (is|are) none\b", "columns that are none", "invalid columns"),
    (r"\bthat nobody (knows|should)\b", "a type that nobody knows", "an unknown type"),
    (
        r"\b(is|are) no(t any)? more there\b|\bnot there any more\b",
        "The file is not there any more.",
        "The file is missing.",
    ),
    (r"\bthe head has\b", "the head has 2", "Line 3: expected 2 columns, found 1."),
    (
        r"\bat most [^.]{1,40} are accepted\b",
        "at most 5 MB are accepted",
        "more than the limit of 5 MB",
    ),
    (r"\bwhat its name says\b", "is not what its name says", "does not match its extension"),
    (r"\bGive the \w+ a name\b", "Give the project a name.", "Enter a name for the project."),
    (r"\bmodels of random values\b", "20 models of random values", "20 sampled models"),
    (r"\bsets of values\b", "How many sets of values are tried", "Number of configurations"),
    (
        r"\b(thing|things)\b.{0,25} to mend\b|\b[Mm]end\b",
        "1 thing to mend",
        "1 problem to fix",
    ),
    (r"\btell \w+ apart\b|\btold apart\b", "tell classes apart", "predict a class"),
    (r"\beach \S+ times the one before\b", "each 2 times the one before", "multiplied by 2"),
    (r"\bExecutions a trial\b", "Executions a trial", "Executions per trial"),
    (
        r"\bFailures in a row\b|\btrials in a row failed\b",
        "Failures in a row",
        "Max consecutive failures",
    ),
    (
        r"\bhow many times the one\b",
        "Logarithmic: how many times the one before.",
        "Log scale: multiplier.",
    ),
    (r"\b[Bb]eing (read|prepared)\b", "Being read…", "Reading…"),
    (r"\b[Gg]o(es)? on\b", "The search goes on.", "The search continues."),
    (
        r"\bnot \w+ any more\b|\b[Nn]o version of it\b",
        "The weights are not stored any more.",
        "The weights are no longer stored.",
    ),
    (r"\bno \w+ any more\b", "It needs no token any more.", "It no longer needs a token."),
    (r"\b[Aa]ll about this\b", "All about this dataset", "View dataset"),
    (r"\b[Ww]hat (runs|waits)\b", "What waits is sent then.", "Pending deliveries are sent then."),
    (r"\btakes effect at once\b", "This takes effect at once.", "takes effect immediately"),
    (r"\bNothing was sent yet\b", "Nothing was sent yet.", "No deliveries yet."),
    (r"\btries again until\b", "tries again until they arrive", "retried until it arrives"),
    (
        r"\bkept apart\b|\bat once apart\b",
        "keeps trials that run at once apart",
        "keeps parallel trials apart",
    ),
]

#: Where people read, and what is no text for them.
PAGES = ["templates/**/*.html", "templates/**/*.txt", "static/js/**/*.js"]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/*.md"]
CODE = ["tuning/**/*.py", "webapp/**/*.py"]
#: Help of model fields is for developers; rewording it needs migrations.
LATER = ("tuning/models/",)


def _text_of_template(source: str) -> str:
    without = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", source, flags=re.S)
    return re.sub(r"\{[%{].*?[%}]\}|<[^<>]*>", "\n", without) + "\n".join(
        re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', without)
    )


def _without_code_blocks(source: str) -> str:
    return re.sub(r"```.*?```|^    [^\n]*$|`[^`\n]*`", "", source, flags=re.S | re.M)


def _nodes(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def _literals(nodes: list[ast.AST]) -> Iterator[str]:
    """Every string of a module that is no docstring, f-strings with their fields left out."""
    inside = set()
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield "".join(parts)
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value


@dataclass(frozen=True)
class Module:
    name: str
    source: str
    literals: str
    comments: str


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """The product's code. To parse it takes seconds."""
    paths = [path for pattern in CODE for path in sorted(ROOT.glob(pattern))]
    return [
        _module(str(path.relative_to(ROOT)), path.read_text())
        for path in paths
        if "migrations" not in path.parts
    ]


def _module(name: str, source: str) -> Module:
    nodes = _nodes(source)
    return Module(name, source, "\n".join(_literals(nodes)), _comments(source, nodes))


def _texts() -> Iterator[tuple[str, str]]:
    for pattern in PAGES:
        for path in sorted(ROOT.glob(pattern)):
            source = path.read_text()
            is_script = path.suffix == ".js"
            yield str(path.relative_to(ROOT)), source if is_script else _text_of_template(source)
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            yield str(path.relative_to(ROOT)), _without_code_blocks(path.read_text())


def _found(name: str, text: str) -> Iterator[str]:
    for pattern, _, better in RETIRED:
        for match in re.finditer(pattern, text, re.M):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.end() + 40].split("\n")[0]
            yield f"{name}: “{line.strip()}”: say “{better}”"


#: In comments and docstrings too: the glossary's words, and no metaphors.
RETIRED_IN_CODE = [
    (
        r"\b(Shown|Said|Counted|Listed|Drawn|Kept|Asked|Tried) (is|are)\b",
        "Counted are combinations",
        "Start with what it is about.",
    ),
    (r"\bown tuners?\b", "an own tuner", "custom tuner"),
    (r"\b(feeding|fed trials?)\b", "fed trials", "warm start"),
    (r"\bmend(s|ed|ing)?\b", "mend the file", "fix"),
    (r"\b[Ss]omebody\b", "while somebody waits", "a person"),
    (r"\b(told|tells? \w+) apart\b", "told apart by their place", "distinguished"),
    (r"\bstands? (in|there|here|beside)\b", "stands in the address", "is in the URL"),
    (r"\brooms (above|below)\b|\bother rooms\b", "rooms below it", "layers below it"),
    (r"\b_?(MOST|LONGEST|FEWEST|LEAST)(_[A-Z]+)*\b", "MOST_TRIALS", "MAX_TRIALS, MIN_TRIALS"),
]


def _comments(source: str, nodes: list[ast.AST]) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = [token.string for token in tokens if token.type == tokenize.COMMENT]
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            lines.append(ast.get_docstring(node) or "")
    return "\n".join(lines)


@pytest.mark.slow
def test_comments_and_names_follow_the_glossary(modules: list[Module]) -> None:
    found = [
        f"{module.name}: “{match[0]}”: say “{better}”"
        for module in modules
        for retired, _, better in RETIRED_IN_CODE
        for match in re.finditer(retired, module.source if "MOST" in retired else module.comments)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("pattern", "example", "better"), RETIRED_IN_CODE)
def test_each_pattern_for_code_finds_its_example(pattern: str, example: str, better: str) -> None:
    assert re.search(pattern, _module("", f'"""{example}"""\n# {example}\n').comments)
    assert not re.search(pattern, better)


@pytest.mark.slow
def test_no_text_says_what_was_retired(modules: list[Module]) -> None:
    texts = [*_texts(), *((module.name, module.literals) for module in modules)]
    found = [
        one for name, text in texts if not name.startswith(LATER) for one in _found(name, text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("pattern", "example", "better"), RETIRED)
def test_each_pattern_finds_its_example_and_nothing_better(
    pattern: str, example: str, better: str
) -> None:
    assert re.search(pattern, example)
    assert not re.search(pattern, better)
    assert list(_found("templates/planted.html", _text_of_template(f"<p>{example}</p>")))
    assert list(_found("tuning/planted.py", _module("", f"say({example!r})").literals))
    assert list(_found("docs/planted.md", _without_code_blocks(f"# Title\n\n{example}\n")))


def test_only_code_is_left_out_of_documents() -> None:
    document = "First.\n\n    make up\n\nSee `make`, or:\n\n```sh\nmake test\n```\n\nLast."
    assert _without_code_blocks(document).split() == ["First.", "See", ",", "or:", "Last."]


def test_lines_of_templates_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}: {len(line)} characters"
        for path in sorted(ROOT.glob("templates/**/*.html"))
        for number, line in enumerate(path.read_text().split("\n"), 1)
        if len(line) > 160
    ]
    assert not long, "\n".join(long)
