"""People's Markdown: what it becomes, and that nothing in it can act."""

import time
from html.parser import HTMLParser
from urllib.parse import urlparse

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuning.analysis.markdown import ATTRIBUTES, ELEMENTS, Reference, plain, read, write

MEMBERS = ["alice", "bob", "bob.smith", "dora@team.example"]


def html(text: str, reader: str = "", **addresses: str) -> str:
    known = {Reference(None, int(key[1:])): address for key, address in addresses.items()}
    return write(read(text, MEMBERS), known, reader)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**a** `b` ~~c~~", "<p><strong>a</strong> <code>b</code> <s>c</s></p>\n"),
        ("a\nb", "<p>a<br>\nb</p>\n"),
        ("# Big", "<h4>Big</h4>\n"),
        ("###### Small", "<h6>Small</h6>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n"),
        ("5 < 6 & 7", "<p>5 &lt; 6 &amp; 7</p>\n"),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert html(text) == expected


def test_columns_of_figures_keep_their_side() -> None:
    table = html("|a|b|\n|---|--:|\n|x|1|")
    assert '<td class="num">1</td>' in table
    assert "style" not in table


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bob", {"bob"}),
        ("@BOB, @Alice!", {"bob", "alice"}),
        ("ask @bob.", {"bob"}),
        ("(@bob)", {"bob"}),
        ("@bob.smith.", {"bob.smith"}),
        ("@bob-", {"bob"}),
        ("**@bob**", {"bob"}),
        ("@bobby @bob_ @ bob", set()),
        ("me@bob.com x/@bob", set()),
        ("@dora@team.example", {"dora@team.example"}),
        ("https://x.example/@bob", set()),
        ("# @bob", {"bob"}),
        ("| a |\n|---|\n| @bob |", {"bob"}),
    ],
)
def test_who_is_called(text: str, names: set[str]) -> None:
    assert read(text, MEMBERS).members == names


def test_the_readers_own_name_stands_out() -> None:
    assert '<span class="mention me">@Bob</span>' in html("@Bob", reader="bob")
    assert '<span class="mention">@bob</span>' in html("@bob", reader="alice")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#12", Reference(None, 12)),
        ("Trial 12", Reference(None, 12)),
        ("trial #12", Reference(None, 12)),
        ("search 2", Reference(2, None)),
        ("Search 2, trial 5", Reference(2, 5)),
        ("search 2 trial #5", Reference(2, 5)),
    ],
)
def test_references(text: str, expected: Reference) -> None:
    assert read(text, []).references == {expected}


@pytest.mark.parametrize(
    "text", ["a#12", "&#12;", "`#12`", "[#12](/)", "#12a", "# 12", "research 2", "trials 12"]
)
def test_no_references(text: str) -> None:
    assert read(text, []).references == set()


def test_references_lead_there_if_there_is_something() -> None:
    link = '<a href="/trials/7/" rel="nofollow noopener noreferrer">#12</a>'
    assert html("#12 and #13", n12="/trials/7/") == f"<p>{link} and #13</p>\n"


def test_bare_links_end_before_the_sentence_does() -> None:
    assert ">https://x.example/a_b?c=1&amp;d</a>)." in html("(https://x.example/a_b?c=1&d).")


def test_pictures_are_links() -> None:
    page = html("![a curve](https://x.example/a.png)")
    assert "<img" not in page
    assert 'href="https://x.example/a.png"' in page
    assert ">a curve</a>" in page


def test_a_line_of_plain_text() -> None:
    assert plain("# A\n**b** `c`\n\n- d [e](http://f)") == "A b c d e"
    assert plain("word " * 100, 12) == "word word w…"


# --- Nothing acts -----------------------------------------------------------------------------

PIECES = [
    "<script>", "</script>", "<img src=x onerror=alert(1)>", "javascript:", "data:text/html,",
    "vbscript:", "](", "[", "![", ")", "<", ">", '"', "'", "`", "```", "\n", "\n\n", "    ", "|",
    "-", "---", "&#106;", "&lt;", "&Tab;", "\\", "onclick=", "style=", "<a href=", "<style>",
    "<svg/onload=", "<math>", "<iframe", "@bob", "#1", "search 1", "https://", "//x", "*", "_",
    "~~", "\x00", "\u2028", "jAvAsCrIpT\t:", "x", " ", "<!--", "-->", "<![CDATA[", "]: ",
    "[a]: javascript:x",
]  # fmt: skip


class Strict(HTMLParser):
    """Fails at whatever is not on the list, as a browser would see it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, set()) | {"class", "rel"}, (tag, name)
            if name == "href":
                assert urlparse((value or "").strip()).scheme in ("", "http", "https", "mailto")
            if name == "class":
                assert set((value or "").split()) <= {"mention", "me", "num"}

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join))
@example("[a](javascript:alert(1))")
@example("[a](java\nscript:alert(1))")
@example("<javascript:alert(1)>")
@example('[a](http://x "onclick=alert(1)")')
@example('![" onerror="alert(1)](x)')
@example("https://x/\"onmouseover='alert(1)'")
@example("[a](&#106;avascript:alert(1))")
@example("[a]: javascript:alert(1)\n\n[a]")
def test_nothing_in_a_text_can_act(text: str) -> None:
    names = [*MEMBERS, '"><script>']
    page = write(read(text, names), {Reference(None, 1): "/trials/1/"}, "bob")
    parser = Strict()
    parser.feed(page)
    parser.close()
    plain(text)


@pytest.mark.parametrize("piece", ["[", "![[", "*a ", "> ", "`a", "[a](", "**a*", "search 1 ", "<"])
def test_no_text_keeps_the_site_busy(piece: str) -> None:
    # Against a text of the same length, since machines differ: 5 times as long is usual.
    usual = processor_time("*word* " * 1_430)
    assert processor_time((piece * 10_000)[:10_000]) < 100 * usual


def processor_time(text: str) -> float:
    started = time.process_time()
    html(text)
    return time.process_time() - started


def test_a_table_is_not_blown_up() -> None:
    """Markdown fills rows up with empty cells: a few letters would become a large page."""
    text = f"{'a|' * 40}\n{'-|' * 40}\n" + "x|\n" * 3000
    assert "<table>" not in html(text)
    assert len(html(text)) < 5 * len(text)
