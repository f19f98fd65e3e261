"""People's Markdown as safe HTML, with the members and trials that it names.

Two independent guards: markdown-it knows no HTML, and nh3 lets only a short list of elements
through, whatever came out of it. Reading and writing are two steps, because what a text names is
looked up between them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

ELEMENTS = {
    "a", "blockquote", "br", "code", "del", "em", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
CLASSES = {"span": {"mention", "me"}, "th": {"num"}, "td": {"num"}}

NAMES = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?<![\w@./+-])@(?P<name>[\w.@+-]+)"
    r"|\bsearch\s+(?P<search>\d{1,9})(?:[\s,:]+trial\s+\#?(?P<its>\d{1,9}))?\b"
    r"|\btrial\s+\#?(?P<number>\d{1,9})\b"
    r"|(?<![\w&/#])\#(?P<short>\d{1,9})\b",
    re.IGNORECASE,
)
# Of a table, which fills its rows up: a few letters must not become a page of empty cells.
MAX_CELLS = 5_000
PUNCTUATION = ".,;:!?'\")]}-+@"


class Reference(NamedTuple):
    """What "search 2, trial 5" names. Without a search: the one that is talked about."""

    search: int | None
    trial: int | None


@dataclass(frozen=True)
class Read:
    """A text that was read, and whom and what it names."""

    tokens: list[Token]
    members: set[str] = field(default_factory=set)
    references: set[Reference] = field(default_factory=set)


def read(text: str, members: Collection[str]) -> Read:
    """`members` are the usernames that a text may call."""
    found = Read(tokens=[])
    spelling = {name.lower(): name for name in members} | {name: name for name in members}
    found.tokens.extend(_parse(text, {"spelling": spelling, "read": found}))
    return found


def write(text: Read, addresses: Mapping[Reference, str], reader: str = "") -> SafeString:
    """As HTML. References without an address stay text; the reader's own name stands out."""
    environment = {"addresses": addresses, "reader": reader}
    html = _PARSER.renderer.render(text.tokens, _PARSER.options, environment)
    clean = nh3.clean(
        html,
        tags=ELEMENTS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 what nh3 has let through


def plain(text: str, length: int = 140) -> str:
    """The beginning of a text without its marks, on one line."""
    words = " ".join(_words(_parse(text, {})))
    line = " ".join(words.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            pieces = token.children or []
            yield "".join(" " if "break" in piece.type else piece.content for piece in pieces)
        elif token.type in ("fence", "code_block"):
            yield token.content


def _find_names(state: StateCore) -> None:
    """Take names and references out of running text: not out of code, nor out of links."""
    for block in state.tokens:
        if block.type != "inline":
            continue
        links, pieces = 0, list[Token]()
        for token in block.children or []:
            links += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            pieces += [token] if links or token.type != "text" else _divided(token, state.env)
        block.children = pieces


def _divided(token: Token, env: Any) -> Iterator[Token]:
    """A piece of text as text, mentions, references and links."""
    text, done = token.content, 0
    for match in NAMES.finditer(text):
        made = _named(match, env)
        if made is None:
            continue
        yield _text(text[done : match.start()])
        yield made
        done = match.start() + len(made.content)
    yield _text(text[done:])


def _named(match: re.Match[str], env: Any) -> Token | None:
    if match["url"]:
        url = match["url"].rstrip(PUNCTUATION)
        return Token("bare_link", "", 0, content=url)
    if match["name"]:
        return _mention(match["name"], env)
    number = match["its"] or match["number"] or match["short"]
    reference = Reference(
        int(match["search"]) if match["search"] else None, int(number) if number else None
    )
    if "read" in env:
        env["read"].references.add(reference)
    return Token("reference", "", 0, content=match[0], meta={"reference": reference})


def _mention(written: str, env: Any) -> Token | None:
    """A name may end in what is rather the sentence's: "ask @bob."."""
    spelling = env.get("spelling", {})
    for name in (written, written.rstrip(PUNCTUATION)):
        member = spelling.get(name) or spelling.get(name.lower())
        if member:
            env["read"].members.add(member)
            return Token("mention", "", 0, content=f"@{name}", meta={"member": member})
    return None


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _tame(state: StateCore) -> None:
    """Headings below those of the page; columns of figures by a class, for there are no styles."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
        elif "right" in str(token.attrs.pop("style", "")):
            token.attrs["class"] = "num"


def _write_mention(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    mention = tokens[index]
    own = " me" if mention.meta["member"] == env.get("reader") else ""
    return format_html('<span class="mention{}">{}</span>', own, mention.content)


def _write_reference(_: Any, tokens: list[Token], index: int, __: Any, env: Any) -> str:
    reference = tokens[index]
    address = env["addresses"].get(reference.meta["reference"])
    if not address:
        return escape(reference.content)
    return format_html('<a href="{}">{}</a>', address, reference.content)


def _write_link(_: Any, tokens: list[Token], index: int, __: Any, ___: Any) -> str:
    url = tokens[index].content
    return format_html('<a href="{}">{}</a>', url, url)


def _write_image(_: Any, tokens: list[Token], index: int, __: Any, ___: Any) -> str:
    """As a link: no page fetches anything from another host."""
    image = tokens[index]
    address = str(image.attrs.get("src", ""))
    return format_html('<a href="{}">{}</a>', address, image.content or address)


def _parse(text: str, environment: dict[str, Any]) -> list[Token]:
    lines = text.splitlines() or [""]
    cells = max(line.count("|") for line in lines) * len(lines)
    return (_PARSER if cells <= MAX_CELLS else _WITHOUT_TABLES).parse(text, environment)


def _parser(*more: str) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable(["strikethrough", *more])
    parser.core.ruler.after("inline", "names", _find_names)
    parser.core.ruler.push("tame", _tame)
    for kind, rule in {
        "mention": _write_mention,
        "reference": _write_reference,
        "bare_link": _write_link,
        "image": _write_image,
    }.items():
        parser.add_render_rule(kind, rule)
    return parser


_PARSER, _WITHOUT_TABLES = _parser("table"), _parser()
