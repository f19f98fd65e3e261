"""What a site has: teams, projects, searches, trials, models, datasets and templates."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import urlencode

from .answers import DryRun, Evaluation, Prediction, TestRow, plain_row
from .http import Failed
from .resource import ACTIVE, Resource
from .runs import Run, plain_values, script_name
from .webhooks import Webhook

if TYPE_CHECKING:
    import pandas as pd

# Between two questions for a trial.
ASK_SECONDS = 1.0
Shared = TypeVar("Shared", bound="Publishable")


class Publishable(Resource):
    """What administrators of the site share with all teams. It needs a token that manages teams."""

    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def is_published(self) -> bool:
        return self.data["published_at"] is not None

    def publish(self: Shared) -> Shared:
        """Share this version in the gallery."""
        self.data = {**self.data, **self._http.put(f"gallery/{self.path}")}
        return self

    def unpublish(self: Shared) -> Shared:
        """Take all versions out of the gallery. Projects that use one keep it."""
        self._http.delete(f"gallery/{self.path}")
        return self.refresh()


class Dataset(Publishable):
    @property
    def path(self) -> str:
        return f"datasets/{self.id}"

    @property
    def version(self) -> int:
        """Among the uploads of the team with this name."""
        return int(self.data["version"])

    def picture(self) -> bytes | None:
        """Some of its images, as one PNG."""
        address = self.data["picture"]
        return self._http.read(address) if address else None

    def prepare(self, **choices: Any) -> Dataset:
        """Prepare a table or arrays that await choices (`data["detected"]`) with these: `target`,
        `task`, `types` of columns by their names…"""
        self.data = self._http.post(f"{self.path}/prepare", choices)
        return self

    def wait(self, timeout: float | None = None, poll: float = 2.0) -> Dataset:
        """Until projects can use it, or its columns have to be reviewed: with `prepare`, or on its
        page (`url`)."""
        ready = lambda now: now.status not in ACTIVE or now.data["awaits_choices"]  # noqa: E731
        self._http.wait(self.refresh, ready, timeout, poll)
        if self.status == "failed":
            raise Failed(self._failure())
        return self


class Template(Publishable):
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

    def dry_run(self, dataset: Dataset | int) -> DryRun:
        """Have models of its whole space built on a dataset that it was validated with; `wait()`
        for it."""
        key = dataset if isinstance(dataset, int) else dataset.id
        return DryRun(self._http, self._http.post(f"{self.path}/dry-runs", {"dataset": key}))


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

    def webhooks(self) -> list[Webhook]:
        """For editors and owners."""
        return [Webhook(self._http, each) for each in self._http.items(f"{self.path}/webhooks")]

    def add_webhook(
        self, url: str, kinds: Sequence[str] = (), format: str = "json",
        project: Project | int | None = None,
    ) -> Webhook:  # fmt: skip
        """Have events of these `kinds` posted to an address. Its `secret` is known only now."""
        body: dict[str, Any] = {"url": url, "format": format}
        if kinds:
            body["kinds"] = list(kinds)
        if project is not None:
            body["project"] = project if isinstance(project, int) else project.id
        return Webhook(self._http, self._http.post(f"{self.path}/webhooks", body))

    def quotas(self) -> dict[str, tuple[int, int | None]]:
        """How much is used of each, and the limit, if there is one."""
        quotas = self.refresh().data["quotas"]
        return {each["name"]: (each["used"], each["limit"]) for each in quotas}

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

    @property
    def status(self) -> str:
        """Of the validation of its template; read for it if a list left it out."""
        if "status" not in self.data:
            self.refresh()
        return super().status

    def archive(self) -> Project:
        """Nobody changes it until it is restored."""
        self._http.patch(self.path, {"archived": True})
        return self.refresh()

    def restore(self) -> Project:
        self._http.patch(self.path, {"archived": False})
        return self.refresh()

    def move(self, team: Team | int) -> Project:
        """To another team in which you may create projects. It needs a token that manages teams.
        `data["note"]` says if its dataset got another name there."""
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

    def dry_run(self, *, space: Mapping[str, Any] | None = None, **settings: Any) -> DryRun:
        """Have sampled models of a search with these settings built, which `start` takes, too;
        `wait()` for it."""
        body = {**settings, **({"space": dict(space)} if space else {})}
        return DryRun(self._http, self._http.post(f"{self.path}/dry-runs", body))

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

    def unstar(self) -> None:
        self._http.delete(f"{self.path}/star")

    def tag(self, *names: str) -> list[str]:
        """All tags that it has then."""
        return list(self._http.post(f"{self.path}/tags", {"names": list(names)})["tags"])

    def untag(self, name: str) -> None:
        self._http.delete(f"{self.path}/tags?{urlencode({'name': name})}")

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

    def confirm(self, top: int | None = None, runs: int | None = None) -> Search:
        """Run the best `top` trials again, each `runs` times with other seeds. The new search."""
        given = {"top": top, "runs": runs}
        body = {name: value for name, value in given.items() if value is not None}
        return Search(self._http, self._http.post(f"{self.path}/confirmations", body))

    def confirmations(self) -> list[Confirmation]:
        """What came of them, the latest first."""
        return [Confirmation.of(each) for each in self._http.get(f"{self.path}/confirmations")]

    def export(self, target: str | os.PathLike[str], format: str = "csv", query: str = "") -> Path:
        """Write the table to a file: csv, json, latex or parquet."""
        extra = f"&{query.removeprefix('?')}" if query else ""
        return self._http.download(f"{self.path}/trials/export?format={format}{extra}", target)

    def _change(self, action: str, body: Mapping[str, Any] | None = None) -> Search:
        self.data = self._http.post(f"{self.path}/{action}", body)
        return self


@dataclass(frozen=True)
class Confirmation:
    """`search` is the number of the search that confirms, `left` how many of its trials have not
    completed. Then `suggested` is the number of a trial of the confirmed search. `rows` have each
    trial's `mean`, `deviation` and `verdict`, the best first."""

    search: int
    left: int
    suggested: int | None
    sentence: str
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Confirmation:
        names = ("search", "left", "suggested", "sentence", "rows")
        return cls(**{name: data[name] for name in names})


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

    def pin(self) -> None:
        """Keep the weights of a pruned trial, also after its search has ended."""
        self._http.put(f"{self.path}/pin")

    def unpin(self) -> None:
        self._http.delete(f"{self.path}/pin")

    def train_to_end(self) -> Trial:
        """Train a pruned trial again, without pruning it."""
        self.data = self._http.post(f"{self.path}/train-to-end")
        return self

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

    def predict(self, *rows: Mapping[str, Any], timeout: float | None = None) -> Prediction:
        """Predict up to 100 rows of a table, each by the names of its columns. What a row leaves
        out is missing. Waits for the answer."""
        body = {"rows": [plain_row(row) for row in rows]}
        asked = Prediction(self._http, self._http.post(f"{self.path}/predictions", body))
        return asked.wait(timeout, poll=0.5)

    def predict_file(
        self, file: str | os.PathLike[str], timeout: float | None = None
    ) -> Prediction:
        """Predict the rows of a file: a table, a picture or a NumPy array. Waits for the answer."""
        path = Path(file)
        sent: dict[str, Any] = {"data": {}, "files": {"rows": (path.name, path.read_bytes())}}
        asked = Prediction(self._http, self._http.post(f"{self.path}/predictions/file", **sent))
        return asked.wait(timeout, poll=0.5)

    def evaluation(self) -> Evaluation:
        """How good it is on the test rows."""
        at = f"{self.path}/evaluation"
        return Evaluation(self._http, {"path": at, **self._http.get(at)})

    def test_rows(self, **filters: Any) -> Iterator[TestRow]:
        """Test rows with their predictions: the most confident mistakes or the largest errors, the
        worst first. `actual=0, predicted=1` are those of a cell of the confusion matrix by the
        numbers of the classes, `target=1` those of one of several targets or labels; of an
        autoencoder `order` is "largest" or "smallest"."""
        found = self._http.items(f"{self.path}/test-rows", filters)
        return (TestRow(self._http, each) for each in found)

    def evaluate(self) -> Evaluation:
        """Have it evaluated, if it has no usable evaluation; `wait()` for it."""
        at = f"{self.path}/evaluation"
        return Evaluation(self._http, {"path": at, **self._http.post(at)})

    def compare(self, *others: Model | int) -> list[Verdict]:
        """Whether the differences between this model and others of its project may be chance."""
        numbers = [each if isinstance(each, int) else each.number for each in others]
        query = "&".join(f"with={number}" for number in numbers)
        found = self._http.get(f"{self.path}/comparison", query)["verdicts"]
        return [Verdict(each["model"], each["text"], each["is_noise"]) for each in found]

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


@dataclass(frozen=True)
class Verdict:
    """On `model` (its number), against the one that it was compared with. `is_noise`: whether the
    difference may be chance; None where nothing can be said."""

    model: int
    text: str
    is_noise: bool | None
