"""Folds of networks in the form of a new search, and what they do not go with."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from django.core.management.base import CommandError
from sklearn.model_selection import TimeSeriesSplit

from tests.ops.test_tune_settings import _options
from tuning.analysis.profiles import most_folds
from tuning.analysis.pruning import pruning_text
from tuning.analysis.warm_start import warm_start
from tuning.forms.estimator_searches import search_form
from tuning.forms.searches import settings_of
from tuning.management.commands.tune import search_of
from tuning.models import Inspection, Project, Search
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings, Use
from tuning.protocol.windows import Windows

pytestmark = pytest.mark.django_db


def filled(project: Project, **values: Any) -> Any:
    shown = {field.name: field.value() for field in search_form(project)}
    known = {name: value for name, value in shown.items() if value is not None}
    return search_form(project, {**known, **values})


def searched(project: Project, **values: Any) -> Search:
    form = filled(project, **values)
    assert form.is_valid(), form.errors
    search: Search = form.search()
    return search


def test_networks_are_cross_validated_if_a_person_says_so(project: Project) -> None:
    assert search_form(project)["folds"].value() is None
    search = searched(project)
    assert (search.has_folds, search.executions, search.part) == (False, 1, "execution")
    search = searched(project, folds=4, epochs=7)
    assert (search.cross_validated, search.executions, search.part) == (True, 4, "fold")
    assert settings_of(search)["folds"] == 4
    assert "folds" not in settings_of(searched(project))


def test_the_runner_hears_of_folds_where_there_are_any(make_search: Any) -> None:
    assert make_search().order().folds == 0
    assert make_search(cross_validated=True, folds=4).order().folds == 4
    assert make_search(model_kind=ModelKind.SKLEARN, objective="score").order().folds == 5
    assert make_search(cross_validated=True, pruner="asha").pruned_trials_resume is False


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"folds": 1}, "folds", "greater than or equal to 2"),
        ({"folds": 21}, "folds", "less than or equal to 20"),
        ({"folds": 3, "tuner": "hyperband"}, "folds", "each fold has a model of its own"),
        ({"folds": 3, "executions_per_trial": 2}, "executions_per_trial", "Each fold is an exec"),
        ({"folds": 4, "pruner": "wilcoxon"}, "pruner", "this search has only 4 folds"),
        (
            {"folds": 2, "epochs": 3, "pruner": "median", "pruning_warmup": 5},
            "pruning_warmup", "only 6 epochs",
        ),
    ],
)  # fmt: skip
def test_what_folds_do_not_go_with(
    project: Project, values: dict[str, Any], field: str, sentence: str
) -> None:
    assert sentence in str(filled(project, **values).errors[field])


def test_each_class_needs_a_row_in_each_fold(project: Project) -> None:
    project.dataset.profile = {
        "rows": 60, "input_shape": [4], "num_classes": 2, "class_counts": [52, 8],
    }  # fmt: skip
    assert "The smallest class has only 7" in str(filled(project, folds=8).errors["folds"])


@pytest.mark.parametrize("kind", [ModelKind.CUSTOM, ModelKind.OPTUNA])
def test_code_that_trains_by_itself_is_refused_with_a_sentence(
    project: Project, kind: ModelKind
) -> None:
    Inspection.objects.update(model_kind=kind)
    project = Project.objects.get(pk=project.pk)
    field = search_form(project).fields["folds"]
    assert field.widget.attrs["disabled"]
    assert kind.traits.no_folds in field.help_text
    assert kind.traits.no_folds in str(filled(project, folds=3).errors["folds"])
    assert not searched(project).has_folds
    with pytest.raises(CommandError, match="decides itself which rows"):
        search_of(project, _options("--folds", "3"))


def test_tune_and_scripts_set_them(project: Project) -> None:
    assert search_of(project, _options("--folds", "3")).executions == 3
    Inspection.objects.update(script=asdict(ScriptSettings({"folds": 6}, {}, [])))
    assert searched(Project.objects.get(pk=project.pk)).executions == 6


@pytest.mark.parametrize(
    ("settings", "refused", "folds"),
    [
        ({"folds": 4, "executions_per_trial": 2}, "executions_per_trial", 4),
        ({"folds": 4, "tuner": "hyperband", "executions_per_trial": 2}, "folds", None),
    ],
)
def test_what_a_scripts_folds_do_not_go_with_is_listed(
    project: Project, settings: dict[str, Any], refused: str, folds: int | None
) -> None:
    arguments = [ScriptArgument(1, name, Use.FORM, field=name) for name in settings]
    Inspection.objects.update(script=asdict(ScriptSettings(settings, {}, arguments)))
    form = search_form(Project.objects.get(pk=project.pk))
    assert [one.field for one in form.script.unused] == [refused]
    assert form["folds"].value() == folds


@pytest.mark.parametrize(
    ("look_back", "rows"), [(6, 120), (10, 60), (24, 300), (24, 40), (10, 75), (16, 100)]
)
def test_a_time_series_has_as_many_folds_as_scikit_learn_makes(
    project: Project, look_back: int, rows: int
) -> None:
    windows = Windows(look_back, 2, 1, rows)
    facts = {"look_back": look_back, "horizon": 2, "stride": 1, "rows": rows}
    project.dataset.profile = {"rows": windows.count, "windows": facts}
    most = most_folds(project)
    assert most is not None
    try:
        train, validation, _ = windows.parts(0.7, 0.15, 0.15)
    except ValueError:
        assert most == 0
        return
    count = len(range(train.start, validation.stop))

    def works(folds: int) -> bool:
        try:
            parts = list(TimeSeriesSplit(folds, gap=windows.gap).split(np.zeros(count)))
        except ValueError:
            return False
        return all(len(first) and len(second) for first, second in parts)

    assert all(works(folds) for folds in range(2, most + 1))
    assert not works(most + 1)


def test_automatic_pruning_compares_folds_as_optuna_recommends(project: Project) -> None:
    search = searched(project, folds=5, max_trials=30, epochs=10)
    assert (search.pruning.pruner, search.pruning.steps) == ("wilcoxon", 5)
    assert "compares the folds with those of the best trial" in pruning_text(search)
    assert not search.spreads
    few = searched(project, folds=3, max_trials=30, epochs=10)
    assert (few.pruning.pruner, few.pruning.steps) == ("median", 30)
    assert searched(project, folds=3, pruner="none").spreads


def test_scores_of_folds_and_of_validation_rows_are_not_compared(make_search: Any) -> None:
    earlier, new = make_search(), make_search(cross_validated=True, folds=4)
    assert "validation is 4 folds here and the validation rows there" in (
        warm_start(earlier, new).refusal
    )
    assert "validation" in warm_start(new, earlier).refusal
