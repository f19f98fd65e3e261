"""What `manage.py tune` searches with: its options, then the script, then the defaults."""

import re
from dataclasses import asdict
from typing import Any

import pytest
from django.core.management.base import CommandError
from rich.console import Console

from tuning.actions.searches import start_search
from tuning.management.commands.tune import (
    Command,
    _first_failure,
    enqueued_of,
    preparation_lines,
    script_lines,
    search_of,
)
from tuning.models import Dataset, Inspection, Project, Search, Team
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings, Use
from tuning.spaces.hyperparameters import default_values

FIELDS = {
    "tuner": "bayesian", "max_trials": 9, "epochs": 33, "batch_size": 16, "seed": 7,
    "executions_per_trial": 2, "early_stopping_metric": "val_loss", "early_stopping_patience": 5,
    "max_consecutive_failures": 2,
}  # fmt: skip
SPACE = {
    "space": [
        {"class_name": "Fixed",
         "config": {"name": "learning_rate", "value": 0.001, "conditions": []}},
    ],
    "values": {},
}  # fmt: skip
ARGUMENTS = [
    ScriptArgument(7, "max_trials=9", Use.FORM, field="max_trials"),
    ScriptArgument(8, "class_weight={0: 1, 1: 5}", Use.TRAINING),
    ScriptArgument(9, "magic=3", Use.UNUSED, "Nobody knows this argument."),
]


@pytest.fixture
def scripted(project: Project) -> Project:
    Inspection.objects.update(script=asdict(ScriptSettings(FIELDS, SPACE, ARGUMENTS)))
    return Project.objects.get(pk=project.pk)


def _options(*words: str) -> dict[str, Any]:
    parser = Command().create_parser("manage.py", "tune")
    return vars(parser.parse_args(["--dataset", "digits", "--template", "x.py", *words]))


def test_the_script_holds_where_no_option_is_given(scripted: Project) -> None:
    search = search_of(scripted, _options())
    assert {name: getattr(search, name) for name in FIELDS} == FIELDS
    fixed = {e["config"]["name"]: e["config"].get("value") for e in search.space["space"]}
    assert fixed["learning_rate"] == 0.001


def test_an_option_goes_before_the_script(scripted: Project) -> None:
    words = ["--tuner", "random", "--max-trials", "3", "--epochs", "4", "--batch-size", "8",
             "--seed", "1", "--executions-per-trial", "1", "--early-stopping", "val_accuracy",
             "--patience", "2"]  # fmt: skip
    search = search_of(scripted, _options(*words))
    assert (search.tuner, search.max_trials, search.epochs) == ("random", 3, 4)
    assert (search.batch_size, search.seed, search.executions_per_trial) == (8, 1, 1)
    assert (search.early_stopping_metric, search.early_stopping_patience) == ("val_accuracy", 2)


def test_without_a_script_the_defaults_hold(project: Project) -> None:
    search = search_of(project, _options())
    assert (search.tuner, search.max_trials, search.epochs) == ("auto", 20, 10)
    assert search.space["space"] == project.inspection.space["space"]


def test_the_terminal_lists_the_script(scripted: Project) -> None:
    Inspection.objects.update(note="The code is a script.")
    project = Project.objects.get(pk=scripted.pk)
    assert list(script_lines(project, _options("--epochs", "3"))) == [
        "The code is a script.",
        "Line 7: max_trials=9 (from the script).",
        "Line 8: class_weight={0: 1, 1: 5} (from the script).",
        "Line 9: magic=3 (not used). Nobody knows this argument.",
    ]


def test_an_option_is_named_in_place_of_the_scripts_value(scripted: Project) -> None:
    lines = script_lines(scripted, _options("--max-trials", "4"))
    assert "Line 7: max_trials=9 (not used: 4 was given)." in lines


def test_columns_that_were_left_out_are_named() -> None:
    dropped = [{"name": f"id{i}", "reason": "looks like a row ID"} for i in range(12)]
    profile = {"notes": ["Read as text."], "dropped": dropped, "dropped_count": 12}
    lines = list(preparation_lines(Dataset(profile=profile)))
    assert lines[:2] == ["Read as text.", "Left out: id0 looks like a row ID."]
    assert lines[11:] == ["2 more left out; see the dataset's page."]
    assert list(preparation_lines(Dataset(profile={}))) == []


def test_limits_are_options(project: Project) -> None:
    words = ["--max-time", "2h", "--max-training-time", "90", "--target-score", "-0.5",
             "--patience-trials", "20"]  # fmt: skip
    search = search_of(project, _options(*words))
    assert (search.max_time, search.max_training_time) == (7200, 90)
    assert (search.target_score, search.patience_trials) == (-0.5, 20)
    with pytest.raises(CommandError, match="--max-time: Enter a duration"):
        search_of(project, _options("--max-time", "soon"))


def test_enqueued_values_are_tried_right_after_the_defaults(project: Project, alice: Any) -> None:
    words = ["--enqueue", '{"learning_rate": 0.01}', "--enqueue", '{"units": 64}',
             "--enqueue", '{"units": 64}', "--enqueue", "{}"]  # fmt: skip
    options = _options(*words, "--max-trials", "6")
    sketch = search_of(project, options)
    search = start_search(alice, sketch, enqueued=enqueued_of(sketch, options["enqueue"]))
    found = [(t.number, t.is_baseline, t.values) for t in search.trials.order_by("number")]
    defaults = default_values(search.space)
    assert found == [
        (1, True, defaults),
        (2, False, {**defaults, "learning_rate": 0.01}),
        (3, False, {**defaults, "units": 64}),
    ]
    assert search.index_rows.count() == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--enqueue", "units=3"], "--enqueue: units=3 is not valid JSON"),
        (["--enqueue", "[3]"], "--enqueue: [3] is not a JSON object of values."),
        (["--enqueue", '{"units": 3}'], "--enqueue: units takes"),
        (
            ["--enqueue", '{"units": 64}', "--tuner", "grid"],
            "grid search, which tries every combination",
        ),
        (["--enqueue", '{"units": 64}', "--max-trials", "1"], "--max-trials 1 is too few"),
    ],
)
def test_enqueued_values_that_cannot_be_are_one_sentence(
    project: Project, words: list[str], said: str
) -> None:
    options = _options(*words)
    with pytest.raises(CommandError, match=re.escape(said)):
        enqueued_of(search_of(project, options), options["enqueue"])


def test_a_pruner_and_its_settings_are_options(project: Project) -> None:
    words = ["--pruner", "percentile", "--pruning-percentile", "25", "--pruning-warmup", "2",
             "--pruning-min-trials", "6", "--pruning-interval", "3"]  # fmt: skip
    search = search_of(project, _options(*words))
    assert (search.pruner, search.pruning_percentile, search.pruning_warmup) == (
        "percentile",
        25,
        2,
    )
    assert (search.pruning_min_trials, search.pruning_interval) == (6, 3)


def test_without_an_option_pruning_is_automatic(project: Project) -> None:
    assert search_of(project, _options()).pruner == "auto"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--pruner threshold", "--pruning-lower: Enter a lower or an upper threshold"),
        ("--pruner median --pruning-warmup 10", "--pruning-warmup: A trial has only 10 epochs"),
        (
            "--pruner median --pruning-factor 3",
            "--pruning-factor has no effect with --pruner median",
        ),
        ("--pruning-warmup 3", "--pruning-warmup has no effect with --pruner auto"),
        (
            "--pruner asha --tuner hyperband",
            "--pruner has no effect. Hyperband decides which trials continue",
        ),
    ],
)
def test_options_of_pruning_that_make_no_sense(project: Project, words: str, said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        search_of(project, _options(*words.split()))


def test_objectives_and_constraints_are_options(project: Project) -> None:
    words = ["--objective", "parameters:min", "--objective", "val_accuracy", "--objective",
             "val_loss:min", "--constraint", "parameters<=200000", "--constraint",
             "val_accuracy >= 0.5"]  # fmt: skip
    search = search_of(project, _options(*words))
    # A metric goes first: it decides which epoch is the best one.
    assert [(one.name, one.direction) for one in search.objectives] == [
        ("val_accuracy", "max"), ("parameters", "min"), ("val_loss", "min"),
    ]  # fmt: skip
    assert [one.text for one in search.constraint_list] == [
        "parameters ≤ 200,000", "val_accuracy ≥ 0.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--objective parameters", "add a metric of the template as another objective"),
        (" ".join(["--objective val_loss"] * 5), "at most 4 objectives"),
        ("--objective val_loss --objective val_f1", "--objective: “val_f1” is neither"),
        ("--constraint parameters<200000", "Write for example parameters<=200000"),
        ("--constraint parameters<=many", "“many” is not a number"),
        ("--constraint size<=5", "--constraint: “size” is neither"),
        ("--objective val_loss --objective latency --tuner hyperband", "--tuner: Hyperband needs"),
        ("--objective val_loss --objective latency --pruner median", "--pruner has no effect"),
    ],
)
def test_what_objectives_and_constraints_cannot_be(project: Project, words: str, said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        search_of(project, _options(*words.split()))


def test_a_search_without_a_feasible_trial_says_so(make_search: Any) -> None:
    limit = {"name": "parameters", "relation": "<=", "limit": 5}
    search = make_search(constraints=[limit])
    search.trials.update(status="infeasible")
    assert _first_failure(search) == (
        "1 trial violated a constraint (Parameters at most 5), none completed."
    )


def limit(team: Team, **quotas: int) -> None:
    Team.objects.filter(pk=team.pk).update(**quotas)


def test_the_quotas_of_the_team_are_the_site_s(project: Project, team: Team) -> None:
    limit(team, max_trials=5)
    project = Project.objects.get(pk=project.pk)
    with pytest.raises(CommandError, match="--max-trials: A search of team Digits team may have 5"):
        search_of(project, _options("--max-trials", "6"))
    assert search_of(project, _options("--max-trials", "5")).max_trials == 5
    limit(team, max_storage=0)
    project = Project.objects.get(pk=project.pk)
    with pytest.raises(CommandError, match=r"^Team Digits team has used 0 bytes"):
        search_of(project, _options("--max-trials", "5"))


def test_a_team_without_room_for_a_model_reads_it_before_the_search(
    project: Project, team: Team, make_search: Any, alice: Any
) -> None:
    best = make_search().trials.get()
    limit(team, max_files=0)
    command = Command()
    command.console = Console(quiet=True)
    options = _options("--retrain")
    with pytest.raises(CommandError, match="--retrain: Team Digits team may have no files"):
        command._run(alice, Project.objects.get(pk=project.pk), options)
    assert Search.objects.count() == 1
    # Another upload took the room while the search ran.
    with pytest.raises(CommandError, match="--retrain: Team Digits team may have no files"):
        command._retrain(alice, best, None)
