"""What a pruned trial is to everything that reads trials: neither scored nor failed.

The pruned ones here have better last values than every score, and sit in a corner of the space:
whatever takes them for scores, or for failures, gives itself away.
"""

import io
import json
import random
import zipfile
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from tuning.analysis.comparison.searches import facts_of
from tuning.analysis.edges import edges
from tuning.analysis.failure_map import failure_map
from tuning.analysis.history import history_info
from tuning.analysis.limits import bars, early_end
from tuning.analysis.plots import PLOTS
from tuning.analysis.refinement import beginning
from tuning.analysis.summary import summarise, top_trials
from tuning.analysis.tensorboard.log_folder import log_folder
from tuning.analysis.trials.exports import FORMATS, Rows
from tuning.analysis.trials.facets import facet_of
from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.table import table_of
from tuning.analysis.warm_start import warm_start
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status

pytestmark = pytest.mark.django_db

COMPLETED, PRUNED, FAILED = range(1, 25), range(25, 37), range(37, 41)


@pytest.fixture
def search(make_search: Any) -> Search:
    """24 completed trials, then 12 that were pruned at epoch 2, one of them at NaN, then 4 that
    failed."""
    search: Search = make_search(max_trials=40, epochs=10, pruner="median", tuner="tpe")
    search.trials.all().delete()
    draw = random.Random(5)
    rows = [_trial(search, number, draw) for number in (*COMPLETED, *PRUNED, *FAILED)]
    rows[PRUNED[-1] - 1].last_metrics = {"val_loss": 3.0}
    rows[PRUNED[-1] - 1].not_finite = ["val_accuracy"]
    for trial in Trial.objects.bulk_create(rows):
        Epoch.objects.bulk_create(
            Epoch(trial=trial, attempt=1, execution=0, epoch=epoch, seconds=1,
                  metrics=trial.last_metrics)
            for epoch in range(1, trial.epochs_done + 1)
        )  # fmt: skip
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    return search


def _trial(search: Search, number: int, draw: random.Random) -> Trial:
    status = Status.COMPLETED
    if number in PRUNED:
        status = Status.PRUNED
    elif number in FAILED:
        status = Status.FAILED
    score = 0.5 + draw.random() / 5 if status == Status.COMPLETED else None
    # All pruned ones, and no other, have 64 units.
    units = 64 if status == Status.PRUNED else draw.randrange(8, 64, 8)
    last = score if score is not None else 0.99
    return Trial(
        search=search, number=number, is_baseline=number == 1, status=status, score=score,
        values={"units": units, "optimizer": "adam", "learning_rate": 10 ** draw.uniform(-4, -1)},
        metrics={"val_accuracy": score, "val_loss": 1 - last} if score is not None else {},
        last_metrics={} if status == Status.FAILED else {
            "val_accuracy": last, "val_loss": 1 - last
        },
        failure_code="code_error" if status == Status.FAILED else "",
        epochs_done={Status.PRUNED: 2, Status.FAILED: 0}.get(status, 10), attempt=1,
        end_order=number, oracle_id=str(number),
    )  # fmt: skip


def read(search: Search, user: User, query: str = "") -> Selection:
    return Selection.read(search, QueryDict(query), user)


def info(name: str, search: Search, user: User, query: str = "") -> dict[str, Any]:
    return PLOTS[name].info(read(search, user, query))


def test_none_is_ever_the_best(search: Search) -> None:
    found = summarise(search)
    assert found.best is not None
    assert found.best.number in COMPLETED
    assert (found.completed, found.pruned, found.failed, found.finished) == (24, 12, 4, 40)
    assert all(trial.number in COMPLETED for trial in top_trials(search))
    (facts,) = facts_of([search])
    assert facts.best is not None
    assert facts.best.number in COMPLETED
    assert facts.ended == 40


def test_none_reaches_a_target(search: Search) -> None:
    search.target_score = 0.95
    search.save()
    assert early_end(search) == ""
    assert any("target" in bar.standing.text for bar in bars(search))


@pytest.mark.parametrize("order", ["score", "-score"])
def test_sorted_by_score_they_are_last(order: str, search: Search, alice: User) -> None:
    rows = table_of(read(search, alice, f"sort={order}")).rows
    assert [row.trial.number in COMPLETED for row in rows] == [True] * 24 + [False] * 16


def test_the_table_has_their_last_value_in_grey(search: Search, alice: User) -> None:
    table = table_of(read(search, alice, "columns=number,status,score,epochs&color=score"))
    place = [column.key for column in table.columns].index("score")
    cells = {row.trial.number: row.cells[place] for row in table.rows}
    assert cells[25].text == "0.9900"
    assert cells[25].title == "Last value before pruning: 0.99"
    assert cells[25].shade == "pruned-value"
    assert cells[PRUNED[-1]].text == ""
    assert cells[1].shade != "pruned-value"
    assert table.best_pk == search.trials.best_first("max")[0].pk


def test_they_are_filtered_by_their_status(search: Search, alice: User) -> None:
    selection = read(search, alice, "status__is=pruned")
    assert selection.problems == ()
    assert [cell.number for cell in selection.ordered()] == list(PRUNED)
    assert "Pruned" in selection.sentence or "pruned" in selection.sentence
    status = selection.columns["status"]
    counts = {listed.value: listed.count for listed in facet_of(selection, status).values}
    assert counts == {"completed": 24, "pruned": 12, "failed": 4}
    # No score of theirs is in a score's histogram, nor does a filter by score find them.
    score = facet_of(read(search, alice), selection.columns["score"])
    assert score.histogram is not None
    assert (sum(score.histogram.counts), score.missing) == (24, 16)
    assert read(search, alice, "score__top=5").count == 5
    assert all(c.number in COMPLETED for c in read(search, alice, "score__gte=0").ordered())


def test_exports_have_the_status_and_no_score(search: Search, alice: User) -> None:
    selection = read(search, alice)
    files = {name: b"".join(one.pieces(Rows(selection))) for name, one in FORMATS.items()}
    records = json.loads(files["json"])["rows"]
    frames = [
        pd.read_csv(io.BytesIO(files["csv"])),
        pd.read_parquet(io.BytesIO(files["parquet"])),
        pd.DataFrame(records),
    ]
    for frame in frames:
        pruned = frame[frame.status == "pruned"]
        assert pruned.number.tolist() == list(PRUNED)
        assert pruned.score.isna().all()
        assert (pruned.epochs == 2).all()
    assert files["latex"].decode().count("Pruned") == 12


def test_tensorboard_has_their_curves(search: Search) -> None:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(log_folder(search))))
    folders = {name.split("/")[-2] for name in archive.namelist() if "trial-" in name}
    assert {f"trial-{number:04}" for number in PRUNED} <= folders


def test_the_history_marks_them_at_their_last_value(search: Search, alice: User) -> None:
    """The best so far is Optuna's own, which ignores them."""
    import optuna
    from optuna.trial import TrialState, create_trial

    found = info("history", search, alice)
    assert found["pruned"] == list(PRUNED)[:-1]
    assert found["pruned_values"] == [0.99] * 11
    assert found["number"] == list(COMPLETED)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    for trial in search.trials.exclude(status=Status.FAILED).order_by("number"):
        pruned = trial.status == Status.PRUNED
        state = TrialState.PRUNED if pruned else TrialState.COMPLETE
        value = trial.last_metrics.get("val_accuracy") if pruned else trial.score
        study.add_trial(create_trial(state=state, value=value))
    assert found["best"][-1] == pytest.approx(study.best_value)
    page = history_info(search)
    assert (page["pruned"], page["pruned_values"]) == (found["pruned"], found["pruned_values"])
    assert max(page["best"]) == pytest.approx(study.best_value)


def test_the_history_of_a_search_without_free_slots(search: Search, alice: User) -> None:
    """Then the last values are read from the trials."""
    slots = {key: slot for key, slot in search.index_columns.items() if not key.startswith("last:")}
    Search.objects.filter(pk=search.pk).update(index_columns=slots)
    search.refresh_from_db()
    assert history_info(search)["pruned"] == list(PRUNED)[:-1]
    assert info("history", search, alice)["pruned"] == list(PRUNED)[:-1]


def test_learning_curves_are_marked(search: Search, alice: User) -> None:
    """Optuna draws pruned trials with completed ones."""
    keys = search.trials.filter(number__in=(24, 25)).values_list("pk", flat=True)
    query = "&".join(f"plot.curves.trial={key}" for key in keys)
    curves = {c["number"]: c for c in info("curves", search, alice, query)["curves"]}
    assert (curves[24]["pruned"], curves[25]["pruned"]) == (False, True)
    assert curves[25]["epochs"] == [1, 2]


@pytest.mark.parametrize("name", ["parallel", "slice", "contour", "matrix"])
def test_plots_of_scores_leave_them_out(name: str, search: Search, alice: User) -> None:
    found = info(name, search, alice)
    pruned = set(search.trials.filter(status=Status.PRUNED).values_list("pk", flat=True))
    assert not pruned & set(found["pk"])
    if name != "contour":
        assert "12 pruned trials are not drawn." in found["note"]
        assert found["total"] == 28
    # Who asks for them sees them.
    asked = info(name, search, alice, f"status__is=pruned&plot.{name}.figure=last:val_loss")
    assert "not drawn" not in asked["note"]
    assert set(asked["pk"]) == pruned


def test_a_brush_counts_what_is_drawn(search: Search, alice: User) -> None:
    found = info("parallel", search, alice, "hp:units__between=56,64")
    numbers = [found["number"][place] for place in found["inside"]]
    assert found["selected"] == len(numbers)
    assert not set(numbers) & set(PRUNED)


def test_the_distribution_has_no_scores_of_them(search: Search, alice: User) -> None:
    assert info("distribution", search, alice)["total"] == 24


def test_the_timeline_has_them(search: Search, alice: User) -> None:
    from django.utils import timezone

    now = timezone.now()
    search.trials.update(started_at=now, finished_at=now)
    assert info("timeline", search, alice)["status"].count("pruned") == 12


def test_importances_are_of_scores(search: Search, alice: User) -> None:
    from tuning.analysis.plots.importances import importances_query
    from tuning.models import Importances
    from tuning.supervisor.importances import order_for

    row = Importances(search=search, query=importances_query(read(search, alice)), for_revision=0)
    order, count = order_for(row)
    assert (len(order["scores"]), count) == (24, 24)


def test_the_failure_map_counts_them_neither_way(search: Search) -> None:
    """Not as failures, not as trials that went well, not as completed ones with NaN."""
    found = failure_map(search)
    assert (found.failed, found.trials, found.not_finite) == (4, 28, 0)
    # No trial that failed has 64 units; neither has any of those with which they are compared.
    assert not any("64" in region.text for reason in found.reasons for region in reason.regions)


def test_no_border_is_warned_of_because_of_them(search: Search) -> None:
    assert [edge.parameter.name for edge in edges(search) if edge.parameter.name == "units"] == []


def test_a_refined_space_is_that_of_scored_trials(search: Search, alice: User) -> None:
    begun = beginning(search, QueryDict("refine=1&score__top=30%25"), alice)
    units = next(e["config"] for e in begun.space["space"] if e["config"]["name"] == "units")
    assert max(units.get("values") or [units["max_value"]]) < 64


def test_no_search_begins_with_them(search: Search) -> None:
    """A warm start takes scores; theirs are of a part of the training."""
    new = Search(
        **{
            field.attname: getattr(search, field.attname)
            for field in Search._meta.concrete_fields
            if not field.primary_key
        }
    )
    found = warm_start(search, new)
    numbers = set(Trial.objects.filter(pk__in=found.trials).values_list("number", flat=True))
    assert numbers == set(COMPLETED)
