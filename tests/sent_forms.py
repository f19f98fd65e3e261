"""What a browser sends of a page's form when nobody has changed it."""

from html.parser import HTMLParser
from typing import Any


def sent_by(page: Any, field: str) -> dict[str, list[str]]:
    """The form of the response that has a field of this name."""
    reader = _Forms()
    reader.feed(page.content.decode())
    return next(form for form in reader.forms if field in form)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._name = ""
        self._area = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        traits = dict(attrs)
        if tag == "form":
            self.forms.append({})
        if tag in ("select", "textarea"):
            self._name, self._area = traits["name"] or "", tag == "textarea"
        if tag == "textarea":
            self._send(self._name, "")
        unchecked = traits.get("type") == "checkbox" and "checked" not in traits
        if tag == "input" and traits.get("name") and not unchecked:
            self._send(traits["name"] or "", traits.get("value") or "")
        if tag == "option" and "selected" in traits:
            self._send(self._name, traits.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._area:
            # The parser drops no line break after the tag, as browsers do.
            self.forms[-1][self._name] = [data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        self._area = self._area and tag != "textarea"

    def _send(self, name: str, value: str) -> None:
        if self.forms:
            self.forms[-1].setdefault(name, []).append(value)
