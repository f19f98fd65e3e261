"""A verb has one icon, on every page: people find the button by its shape before they read it."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"

#: How the label begins, and its icon. What ends a question without an effect (Cancel), or stores a
#: form (Save, Apply, Change), has none.
ICONS = {
    "New ": "plus",
    "Create ": "plus",
    "Pin ": "pin",
    "Unpin ": "pin-off",
    "Publish": "share-2",
    "Unpublish": "undo-2",
    "Delete ": "trash-2",
    "Copy": "copy",
    "Download ": "download",
    "Upload": "upload",
    "Retrain ": "repeat",
    "Use in new project": "folder-plus",
    "Previous": "chevron-left",
    "Newer": "chevron-left",
    "Start ": "play",
    "Back ": "chevron-left",
}
TAG = re.compile(
    r'class="button\b(?:\{[%{].*?[%}]\}|[^>])*>\s*(\{% icon "([a-z0-9-]+)" %\})?([^<{]*)', re.S
)


def buttons() -> list[tuple[str, str, str]]:
    """File, icon and the beginning of the label."""
    return [
        (str(path.relative_to(TEMPLATES)), icon, label.strip())
        for path in sorted(TEMPLATES.rglob("*.html"))
        for _, icon, label in TAG.findall(path.read_text())
    ]


@pytest.mark.parametrize("label", ICONS)
def test_buttons_of_one_verb_have_one_icon(label: str) -> None:
    found = [one for one in buttons() if f"{one[2]} ".startswith(label)]
    wrong = [one for one in found if one[1] != ICONS[label]]
    assert not wrong
    assert found
