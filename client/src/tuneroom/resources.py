"""What a site has. Each object is what the API said when it was read; `refresh()` reads it anew."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .http import Failed, Http
from .runs import Run, plain_values, script_name

if TYPE_CHECKING:
    import pandas as pd

# Between two questions for a trial.
ASK_SECONDS = 1.0
ACTIVE = ("queued", "running", "paused")
Self = TypeVar("Self", bound="Resource")


class Resource:
    """`data` is the JSON of the API."""

    def __init__(self, http: Http, data: Mapping[str, Any]) -> None:
        self._http = http
        self.data = dict(data)

    @property
    def path(self) -> str:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def status(self) -> str:
        return str(self.data["status"])

    @property
    def url(self) -> str:
        """The address of its page."""
        return str(self.data["url"])

    def refresh(self: Self) -> Self:
        self.data = self._http.get(self.path)
        return self

    def delete(self) -> None:
        """Permanently."""
        self._http.delete(self.path)

    def rename(self: Self, name: str) -> Self:
        self._http.patch(self.path, {"name": name})
        return self.refresh()

    def wait(self: Self, timeout: float | None = None, poll: float = 2.0) -> Self:
        """Until it has ended. Raises Failed if it failed, TimeoutError after `timeout` seconds."""
        self._http.wait(self.refresh, lambda now: now.status not in ACTIVE, timeout, poll)
        if self.status == "failed":
            raise Failed(self._failure())
        return self

    def _failure(self) -> str:
        failure = self.data.get("failure") or {}
        parts = (failure.get("caption"), failure.get("message"), failure.get("advice"))
        return " ".join(filter(None, parts)) or str(self.data.get("failure_message") or "Failed.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


class Dataset(Resource):
    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def path(self) -> str:
        return f"datasets/{self.id}"

    def wait(self, timeout: float | None = None, poll: float = 2.0) -> Dataset:
        """Until projects can use it, or its columns have to be reviewed on its page (`url`)."""
        ready = lambda now: now.status not in ACTIVE or now.data["awaits_choices"]  # noqa: E731
        self._http.wait(self.refresh, ready, timeout, poll)
        if self.status == "failed":
            raise Failed(self._failure())
        return self


class Template(Resource):
    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def version(self) -> int:
        return int(self.data["version"])

    @property
    def code(self) -> str:
        """Read for it if a list left it out."""
        if "code" not in self.data:
            self.refresh()
        return str(self.data["code"])

    @property
    def path(self) -> str:
        return f"templates/{self.id}"

    def change(self, code: str, constants: str = "") -> Template:
        """The version with this code; projects keep theirs."""
        body = {"code": code, **({"constants": constants} if constants else {})}
        return Template(self._http, self._http.post(f"{self.path}/versions", body))


class Team(Resource):
    """What is for owners needs a token that manages teams."""

    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def path(self) -> str:
        return f"teams/{self.id}"

    def members(self) -> dict[str, str]:
        """The role of each: owner, editor or viewer."""
        return {each["username"]: each["role"] for each in self.refresh().data["members"]}

    def set_member(self, username: str, role: str = "editor") -> Team:
        """Add an account, or change a member's role."""
        self.data = self._http.put(f"{self.path}/members/{username}", {"role": role})
        return self

    def remove_member(self, username: str) -> None:
        """Somebody else, or yourself."""
        self._http.delete(f"{self.path}/members/{username}")

    def hand_over(self, username: str, role: str = "editor") -> None:
        """Make a member an owner in your place, at once. `role` is yours then, or "leave"."""
        self._http.post(f"{self.path}/handover", {"username": username, "role": role})

    def archive(self) -> Team:
        return self._archived(True)

    def restore(self) -> Team:
        return self._archived(False)

    def _archived(self, archived: bool) -> Team:
        self.data = self._http.patch(self.path, {"archived": archived})
        return self


class Project(Resource):
    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def path(self) -> str:
        return f"projects/{self.id}"

    def archive(self) -> Project:
        """Nobody changes it until it is restored."""
        self._http.patch(self.path, {"archived": True})
        return self.refresh()

    def restore(self) -> Project:
        self._http.patch(self.path, {"archived": False})
        return self.refresh()

    def move(self, team: Team | int) -> Project:
        """To another team in which you may create projects. It needs a token that manages teams."""
        key = team if isinstance(team, int) else team.id
        self.data = self._http.post(f"{self.path}/move", {"team": key})
        return self

    def start(
        self,
        *,
        space: Mapping[str, Any] | None = None,
        enqueue: Sequence[Mapping[str, Any]] = (),
        **settings: Any,
    ) -> Search:
        """Start a search. `settings` are those of the page: `objective`, `max_trials`, `strategy`…
        `space` edits hyperparameters by name: a range `{"low": 8, "high": 32}`, a list of values
        or a single value; `enqueue` are configurations to run first."""
        body: dict[str, Any] = dict(settings)
        if space:
            body["space"] = dict(space)
        if enqueue:
            body["enqueue"] = [dict(values) for values in enqueue]
        return Search(self._http, self._http.post(f"{self.path}/searches", body))

    def searches(self) -> list[Search]:
        """The newest first. They have no `settings` until they are refreshed."""
        return [Search(self._http, each) for each in self._http.items(f"{self.path}/searches")]

    def search(self, number: int) -> Search:
        return Search(self._http, self._http.get(f"{self.path}/searches/{number}"))

    def log(
        self, name: str, objective: str = "", direction: str = "",
        space: Mapping[str, Any] | None = None, **settings: Any,
    ) -> Search:  # fmt: skip
        """The search with this name to which scripts log trials; created if there is none, with
        `objective` val_loss unless you name another. `direction` is "max" or "min", where the name
        of the metric does not tell. With a `space`, as in `start`, scripts `ask` it for values;
        `settings` are then `strategy`, `max_trials` and `seed`."""
        given = {"name": name, "objective": objective, "direction": direction, "space": space}
        given |= settings
        body = {key: value for key, value in given.items() if value}
        return Search(self._http, self._http.post(f"{self.path}/logs", body))

    def models(self) -> list[Model]:
        return [Model(self._http, each) for each in self._http.items(f"{self.path}/models")]

    def model(self, number: int) -> Model:
        return Model(self._http, self._http.get(f"{self.path}/models/{number}"))


class Noted(Resource):
    """A search or a trial: with stars, tags and comments."""

    def star(self) -> None:
        self._http.put(f"{self.path}/star")

    def tag(self, *names: str) -> list[str]:
        """All tags that it has then."""
        return list(self._http.post(f"{self.path}/tags", {"names": list(names)})["tags"])

    def comment(self, text: str) -> None:
        self._http.post(f"{self.path}/comments", {"text": text})


class Search(Noted):
    @property
    def number(self) -> int:
        return int(self.data["number"])

    @property
    def path(self) -> str:
        return f"projects/{self.data['project']}/searches/{self.number}"

    @property
    def objective(self) -> str:
        return str(self.data["objective"])

    def trials(self, query: str = "", **filters: Any) -> Trials:
        """With the filters of the trial table: `query` is what follows the question mark of its
        address, `filters` are parameters such as `status__is="completed"` and `sort="score"`."""
        asked = query.removeprefix("?") if query else filters
        if query and filters:
            raise ValueError("Give a query or filters, not both.")
        found = self._http.items(f"{self.path}/trials", asked)
        return Trials(Trial(self._http, each) for each in found)

    @overload
    def trial(self, which: int) -> Trial: ...

    @overload
    def trial(
        self, which: Mapping[str, Any], *, epochs: int | None = None, script: str = "",
        seconds: float = 0.0,
    ) -> Run: ...  # fmt: skip

    def trial(
        self, which: int | Mapping[str, Any], *, epochs: int | None = None, script: str = "",
        seconds: float = 0.0,
    ) -> Trial | Run:  # fmt: skip
        """The trial with this number; or, of values, a new one that this script trains from now
        on, for so many `epochs` if it knows. `script` is what its page calls the script; `seconds`:
        how long it has trained already."""
        if isinstance(which, int):
            return Trial(self._http, self._http.get(f"{self.path}/trials/{which}"))
        body: dict[str, Any] = {"values": plain_values(which), "script": script or script_name()}
        if epochs is not None:
            body["epochs"] = epochs
        if seconds:
            body["seconds"] = seconds
        return self._run(self._http.post(f"{self.path}/runs", body))

    def ask(self, timeout: float | None = None, script: str = "") -> Run | None:
        """A trial to train, with the values that the search suggests; None once it has ended. Waits
        while a worker computes them or all trials that may run do. Raises TimeoutError after
        `timeout` seconds."""
        body = {"script": script or script_name()}
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            answer = self._http.post(f"{self.path}/ask", body)
            if "trial" in answer:
                return self._run(answer)
            if answer["ended"]:
                return None
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"No trial after {timeout} s. {answer['reason']}")
            self._http.sleep(ASK_SECONDS)

    def _run(self, given: Mapping[str, Any]) -> Run:
        return Run(self._http, given, lambda data: Trial(self._http, data))

    def best(self) -> Trial:
        """Raises LookupError if no trial has a score."""
        number = self.refresh().data["best"]
        if number is None:
            raise LookupError("No trial has a score yet.")
        return self.trial(number)

    def try_values(self, again: bool = False, **values: Any) -> Trial:
        """Run a trial of these values next; what is left out has its default."""
        body = {"values": values, "again": again}
        return Trial(self._http, self._http.post(f"{self.path}/trials", body))

    def pause(self) -> Search:
        return self._change("pause")

    def resume(self) -> Search:
        return self._change("resume")

    def stop(self) -> Search:
        return self._change("stop")

    def extend(self, more: int) -> Search:
        """Run so many further trials (Hyperband: iterations)."""
        return self._change("extend", {"more": more})

    def export(self, target: str | os.PathLike[str], format: str = "csv", query: str = "") -> Path:
        """Write the table to a file: csv, json, latex or parquet."""
        extra = f"&{query.removeprefix('?')}" if query else ""
        return self._http.download(f"{self.path}/trials/export?format={format}{extra}", target)

    def _change(self, action: str, body: Mapping[str, Any] | None = None) -> Search:
        self.data = self._http.post(f"{self.path}/{action}", body)
        return self


class Trial(Noted):
    @property
    def number(self) -> int:
        return int(self.data["number"])

    @property
    def path(self) -> str:
        place = f"projects/{self.data['project']}/searches/{self.data['search']}"
        return f"{place}/trials/{self.number}"

    @property
    def name(self) -> str:
        return f"Trial {self.number}"

    @property
    def score(self) -> float | None:
        score: float | None = self.data["score"]
        return score

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.data["values"])

    @property
    def metrics(self) -> dict[str, float | None]:
        """At the best epoch."""
        return dict(self.data["metrics"])

    def epochs(self) -> list[Epoch]:
        return [Epoch(each) for each in self._http.items(f"{self.path}/epochs")]

    def retrain(self, epochs: int | None = None, name: str = "") -> Model:
        """A fresh model with these values on training and validation rows."""
        body: dict[str, Any] = {"name": name} if name else {}
        if epochs is not None:
            body["epochs"] = epochs
        return Model(self._http, self._http.post(f"{self.path}/retrain", body))


class Epoch:
    """An epoch, or a fold of a cross-validation."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.execution = int(data["execution"])
        self.epoch = int(data["epoch"])
        self.seconds = float(data["seconds"])
        self.metrics: dict[str, float | None] = dict(data["metrics"])


class Trials(list[Trial]):
    def rows(self) -> Iterator[dict[str, Any]]:
        """A flat row each, with the columns as the table's address calls them."""
        for trial in self:
            data = trial.data
            row = {key: data[key] for key in ("number", "status", "score", "epochs", "seconds")}
            row |= {f"hp:{name}": value for name, value in data["values"].items()}
            row |= {f"metric:{name}": value for name, value in data["metrics"].items()}
            yield row

    def to_pandas(self) -> pd.DataFrame:
        """A row a trial; needs pandas."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))


class Model(Resource):
    @property
    def number(self) -> int:
        return int(self.data["number"])

    @property
    def path(self) -> str:
        return f"projects/{self.data['project']}/models/{self.number}"

    @property
    def test_metrics(self) -> dict[str, float | None]:
        return dict(self.data["test_metrics"])

    def download(self, target: str | os.PathLike[str]) -> Path:
        """Write the model's file."""
        return self._download("download", target)

    def download_bundle(self, target: str | os.PathLike[str]) -> Path:
        """Write the .zip archive with the model, its history, hyperparameters and description."""
        return self._download("bundle", target)

    def _download(self, kind: str, target: str | os.PathLike[str]) -> Path:
        if self.data[kind] is None and self.refresh().data[kind] is None:
            raise Failed(f"The model has no file: its status is {self.status}.")
        return self._http.download(self.data[kind], target)
