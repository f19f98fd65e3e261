"""Where a script begins: the connection to a site."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests

from .http import Http, Problem
from .resource import Resource
from .resources import Dataset, Project, Search, Team, Template
from .webhooks import Notification

# Files of more bytes are sent in parts.
LARGE = 16 << 20
R = TypeVar("R", bound=Resource)


def connect(url: str, token: str = "", session: requests.Session | None = None) -> Client:
    """Connect to a site. Without a `token` the variable TUNEROOM_TOKEN has it. Raises Problem if
    the token is not valid."""
    token = token or os.environ.get("TUNEROOM_TOKEN", "")
    if not token:
        raise ValueError("Give a token, or set TUNEROOM_TOKEN.")
    client = Client(Http(url, token, session))
    client.me()
    return client


class Client:
    def __init__(self, http: Http) -> None:
        self.http = http

    def me(self) -> dict[str, Any]:
        """Whose token it is, with their teams."""
        return dict(self.http.get("me"))

    def teams(self) -> list[Team]:
        return self._all("teams", Team)

    def team(self, key: int | str) -> Team:
        """By its number or its name. Raises LookupError."""
        return self._one("teams", Team, key)

    def projects(self) -> list[Project]:
        return self._all("projects", Project)

    def project(self, key: int | str) -> Project:
        """By its number or its name. Raises LookupError."""
        return self._one("projects", Project, key)

    def datasets(self) -> list[Dataset]:
        return self._all("datasets", Dataset)

    def dataset(self, key: int | str) -> Dataset:
        """By its number or its name. Raises LookupError."""
        return self._one("datasets", Dataset, key)

    def templates(self) -> list[Template]:
        return self._all("templates", Template)

    def template(self, key: int | str) -> Template:
        """By its number or its name. Raises LookupError."""
        return self._one("templates", Template, key)

    def notifications(self, unread: bool = False) -> list[Notification]:
        """Yours, the newest first; only unread ones with `unread`."""
        query = {"unread": "true"} if unread else ""
        return [Notification(self.http, each) for each in self.http.items("notifications", query)]

    def read_notifications(self) -> None:
        """Mark all as read, up to 1,000."""
        self.http.post("notifications/read")

    def gallery(self) -> list[Dataset | Template]:
        """Datasets and templates that administrators share with all teams."""
        found: list[Dataset | Template] = [*self.datasets(), *self.templates()]
        return [each for each in found if each.is_published]

    def upload(self, file: str | os.PathLike[str], name: str = "", **fields: Any) -> Dataset:
        """Upload a dataset: a table, a .zip of images or an .npz of arrays. `target` names the
        column to predict, `team` the team. Large files are sent in parts, of which only those that
        were lost are sent again."""
        path = Path(file)
        data = {"name": name or path.stem, **fields}
        if path.stat().st_size <= LARGE:
            files = {"file": (path.name, path.read_bytes())}
            return Dataset(self.http, self.http.post("datasets", data=data, files=files))
        with self._sent_in_parts(path) as upload:
            return Dataset(self.http, self.http.post("datasets", data={**data, "upload": upload}))

    @contextmanager
    def _sent_in_parts(self, path: Path) -> Iterator[int]:
        """The number of the upload, once it is complete. If anything is refused, the site keeps no
        part of it."""
        begun = {"name": path.name, "size": path.stat().st_size}
        upload: dict[str, Any] = self.http.post("uploads", begun)
        at = f"uploads/{upload['id']}"
        try:
            with path.open("rb") as file:
                for part in range(upload["parts"]):
                    self.http.send_part(f"{at}/parts/{part}", file.read(upload["part_size"]))
            yield int(upload["id"])
        except Problem:
            self.http.delete(at)
            raise

    def add_template(self, name: str, code: str, kinds: Sequence[str], **fields: Any) -> Template:
        """Add a template. `kinds` of data that it takes, such as `["table"]`."""
        body = {"name": name, "code": code, "kinds": list(kinds), **fields}
        return Template(self.http, self.http.post("templates", body))

    def create_project(
        self, name: str, dataset: Dataset | int, template: Template | int, **fields: Any
    ) -> Project:
        """Create a project; `wait()` for it before searches can start."""
        body = {"name": name, "dataset": _id(dataset), "template": _id(template), **fields}
        return Project(self.http, self.http.post("projects", body))

    def start(self, project: Project | int | str, **settings: Any) -> Search:
        """Start a search: see `Project.start`."""
        found = project if isinstance(project, Project) else self.project(project)
        return found.start(**settings)

    def search(
        self, name: str, project: Project | int | str | None = None, objective: str = "",
        direction: str = "", **more: Any,
    ) -> Search:  # fmt: skip
        """The search with this name to which scripts log trials: see `Project.log`. Without a
        `project` it is the only search of that name, or is created in your only project. Raises
        LookupError."""
        if project is not None:
            of = project if isinstance(project, Project) else self.project(project)
            return of.log(name, objective, direction, **more)
        projects = self.projects()
        found = [
            Search(self.http, each)
            for one in projects
            for each in self.http.items(f"{one.path}/searches", {"name": name})
        ]
        if len(found) == 1:
            return found[0].refresh()
        if found or len(projects) != 1:
            count = len(found) or "no"
            raise LookupError(f"There are {count} searches named “{name}”. Give the project.")
        return projects[0].log(name, objective, direction, **more)

    def _all(self, path: str, kind: type[R]) -> list[R]:
        return [kind(self.http, each) for each in self.http.items(path)]

    def _one(self, path: str, kind: type[R], key: int | str) -> R:
        if isinstance(key, int):
            return kind(self.http, self.http.get(f"{path}/{key}"))
        found = [kind(self.http, each) for each in self.http.items(path, {"name": key})]
        if len(found) != 1:
            count = "no" if not found else str(len(found))
            raise LookupError(f"There are {count} {path} named “{key}”. Give the number.")
        return found[0]


def _id(row: Dataset | Template | int) -> int:
    return row if isinstance(row, int) else row.id
