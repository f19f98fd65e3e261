"""Where searches, trials and models are: the numbers that pages show, not the keys of rows.

Trial 17 of search 2 of project 3 is at `projects/3/searches/2/trials/17/`. A URL pattern has
`<search:at>`, `<trial:at>` or `<model:at>`; `reverse` and `{% url %}` take a row there, views get
its numbers and look it up with them (`views/access.py`). The address of a trial needs its search,
which lists load or set once, so that no link takes a query.
"""

from typing import Any, NamedTuple

# As long as it is certain to fit into a database. One number has one spelling.
_NUMBER = "(?:0|[1-9][0-9]{0,8})"


def is_number(text: str) -> bool:
    """Whether an address's parameter can be a number or a key."""
    return text.isascii() and text.isdecimal() and len(text) <= 9


class NumberConverter:
    """A number or a key that a database can hold. Others match no pattern."""

    regex = _NUMBER

    def to_python(self, text: str) -> int:
        return int(text)

    def to_url(self, number: Any) -> str:
        return str(number)


class SearchNumbers(NamedTuple):
    project_id: int
    number: int

    @property
    def lookup(self) -> dict[str, int]:
        return {"project": self.project_id, "number": self.number}


class ModelNumbers(NamedTuple):
    project_id: int
    number: int

    @property
    def lookup(self) -> dict[str, int]:
        return {"project": self.project_id, "number": self.number}


class TrialNumbers(NamedTuple):
    """`search` may be a row as well, where only an address is made of it."""

    search: Any
    number: int

    @property
    def lookup(self) -> dict[str, int]:
        of_search = self.search.lookup.items()
        return {**{f"search__{name}": value for name, value in of_search}, "number": self.number}


# What a view gets of the address of a row: its key, or its numbers.
Address = int | SearchNumbers | TrialNumbers | ModelNumbers


def lookup_of(at: Address) -> dict[str, int]:
    """What finds the row at an address."""
    return {"pk": at} if isinstance(at, int) else at.lookup


class _Converter:
    """A missing row (an undefined variable of a template) matches no pattern, as with Django's."""

    def path_of(self, row: Any) -> str:
        raise NotImplementedError

    def to_url(self, row: Any) -> str:
        try:
            return self.path_of(row)
        except AttributeError as error:
            raise ValueError(f"{row!r} is no row that has an address.") from error


class SearchConverter(_Converter):
    regex = f"projects/{_NUMBER}/searches/{_NUMBER}"

    def to_python(self, path: str) -> SearchNumbers:
        _, project, _, number = path.split("/")
        return SearchNumbers(int(project), int(number))

    def path_of(self, row: Any) -> str:
        return f"projects/{row.project_id}/searches/{row.number}"


class TrialConverter(_Converter):
    regex = f"{SearchConverter.regex}/trials/{_NUMBER}"

    def to_python(self, path: str) -> TrialNumbers:
        of_search, _, number = path.rsplit("/", 2)
        return TrialNumbers(SearchConverter().to_python(of_search), int(number))

    def path_of(self, row: Any) -> str:
        return f"{SearchConverter().path_of(row.search)}/trials/{row.number}"


class ModelConverter(_Converter):
    regex = f"projects/{_NUMBER}/models/{_NUMBER}"

    def to_python(self, path: str) -> ModelNumbers:
        _, project, _, number = path.split("/")
        return ModelNumbers(int(project), int(number))

    def path_of(self, row: Any) -> str:
        return f"projects/{row.project_id}/models/{row.number}"
