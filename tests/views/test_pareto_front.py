"""Pages of a search with several objectives speak of the Pareto front, never of one best trial."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from tuning.actions.searches import start_search
from tuning.analysis.evaluation.comparison import compared
from tuning.analysis.front import front_of, front_rows
from tuning.analysis.plots import PLOTS
from tuning.analysis.trials.selection import Selection
from tuning.models import Project, SavedModel, Search, Trial, TrialIndex
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor.importances import order_for

pytestmark = pytest.mark.django_db

# Accuracy, parameters, latency; the last two are infeasible.
TRIALS = [
    (0.80, 1000, 2.0), (0.90, 5000, 3.0), (0.95, 90_000, 9.0), (0.85, 6000, 4.0),
    (0.70, 1000, 2.5), (0.97, 400_000, 3.0), (None, 900_000, None),
]  # fmt: skip


@pytest.fixture
def search(make_search: Any) -> Search:
    found: Search = make_search(
        max_trials=7, tuner="tpe",
        other_objectives=[
            {"name": "parameters", "direction": "min"}, {"name": "latency", "direction": "min"},
        ],
        constraints=[{"name": "parameters", "relation": "<=", "limit": 200_000}],
    )  # fmt: skip
    found.trials.all().delete()
    for number, (accuracy, parameters, latency) in enumerate(TRIALS, start=1):
        feasible = parameters <= 200_000
        known = accuracy is not None
        Trial.objects.create(
            search=found, number=number, is_baseline=number == 1, oracle_id=str(number),
            values={"units": 8 * number, "optimizer": "adam", "learning_rate": 0.01},
            status=Status.COMPLETED if feasible else Status.INFEASIBLE,
            score=accuracy if feasible else None, parameters=parameters,
            metrics={"val_accuracy": accuracy, "val_loss": 0.1} if known else {},
            measures={"latency": latency} if known else {}, epochs_done=3 if known else 0,
        )  # fmt: skip
    TrialIndex.objects.fill(found)
    Search.objects.filter(pk=found.pk).update(status=SearchStatus.COMPLETED)
    found.refresh_from_db()
    return found


def info(search: Search, user: User, name: str, query: str = "") -> dict[str, Any]:
    return PLOTS[name].info(Selection.read(search, QueryDict(query), user))


def page(client: Client, name: str, search: Search, query: str = "") -> str:
    return client.get(reverse(name, args=[search]) + query).content.decode()


def test_the_front_counts_all_objectives_and_no_infeasible_trial(search: Search) -> None:
    front = front_of(search)
    assert [trial.number for trial in front.trials] == [3, 2, 1]
    assert front.knee is not None
    assert front.knee.number == 2
    assert front.reason == (
        "Of the front, it is nearest to the best of all objectives: val_accuracy 0.9000 (best "
        "0.9500), Parameters 5,000 (best 1,000) and Latency (ms) 3.000 (best 2.000)."
    )
    assert [row.figures[1] for row in front_rows(search)] == ["90,000", "5,000", "1,000"]


def test_the_search_page_speaks_of_the_front(as_alice: Client, search: Search) -> None:
    html = page(as_alice, "search-detail", search)
    text = re.sub(r"<[^>]+>", " ", html)
    for part in ("Pareto front of", "3 trials", "Suggested compromise", "2 infeasible",
                 "Retrain suggested"):  # fmt: skip
        assert part in " ".join(text.split())
    assert "New search around the 3 trials of the front" in html
    main = html[html.index("<main") :]
    for part in ("Best configuration", "Top trials", "Retrain best", "Best <code>", "best so far"):
        assert part not in main
    for number in (1, 2, 3):
        assert f'id="front-{number}"' in html


def test_trials_that_are_best_in_all_objectives_are_no_compromise(search: Search) -> None:
    search.trials.exclude(number__in=(1, 5)).delete()
    Trial.objects.filter(search=search, number=5).update(score=0.8, measures={"latency": 2.0})
    TrialIndex.objects.fill(search)
    front = front_of(search)
    assert [trial.number for trial in front.trials] == [1, 5]
    assert front.reason == "No other trial is better in any objective."


def test_a_front_of_one_trial_names_no_others(as_alice: Client, search: Search) -> None:
    search.trials.exclude(number=1).delete()
    Trial.objects.filter(search=search).update(parameters=302)
    TrialIndex.objects.fill(search)
    html = " ".join(page(as_alice, "search-detail", search).split())
    assert "Trial 1 alone is on the Pareto front. No other trial is better in any" in html
    assert "another trial of the front" not in html
    trial = as_alice.get(reverse("trial-detail", args=[search.trials.get()])).content.decode()
    assert "302.0" not in trial


def test_a_search_without_a_feasible_trial_says_which_constraints(
    as_alice: Client, search: Search
) -> None:
    limit = {"name": "latency", "relation": "<=", "limit": 1.5}
    Search.objects.filter(pk=search.pk).update(constraints=[*search.constraints, limit])
    search.trials.update(status=Status.INFEASIBLE, score=None)
    TrialIndex.objects.fill(search)
    html = " ".join(page(as_alice, "search-detail", search).split())
    assert "No trial is feasible: " in html
    assert "Latency (ms) at most 1.5 is violated by 6 trials" in html
    assert "Parameters at most 200,000 is violated by 2 trials" in html
    assert "No trial is feasible</p>" in html
    assert "completed yet" not in html


def test_top_trials_of_several_objectives_are_not_confirmed(
    as_alice: Client, search: Search
) -> None:
    assert reverse("search-confirm", args=[search]) not in page(as_alice, "search-detail", search)


def test_lists_name_the_front_instead_of_a_best_score(
    as_alice: Client, search: Search, project: Project
) -> None:
    for address in (reverse("project-list"), reverse("project-detail", args=[project.pk])):
        html = as_alice.get(address).content.decode()
        assert "3 trials on the Pareto front" in html
        assert "0.9500" not in html


def test_the_table_marks_and_filters_the_front(as_alice: Client, search: Search) -> None:
    html = page(as_alice, "trial-list", search)
    assert html.count(">front</span>") == 3
    assert ">best</span>" not in html
    assert "Latency (ms)" in html
    filtered = page(as_alice, "trial-list", search, "?front__in=on the front")
    assert re.findall(r'id="row-(\d+)"', filtered) == ["1", "2", "3"]
    assert "Pareto front is on the front" in filtered
    query = "?format=csv&column=number&column=front"
    exported = as_alice.get(reverse("trial-list", args=[search]) + query)
    lines = b"".join(exported.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1:5] == ["1,on the front", "2,on the front", "3,on the front", "4,"]


def test_a_refinement_takes_the_trials_of_the_front(as_alice: Client, search: Search) -> None:
    html = page(as_alice, "search-detail", search)
    link = re.search(r'id="refine-best"[^>]*href="([^"]+)"', html)
    assert link
    form = as_alice.get(link[1].replace("&amp;", "&"))
    assert form.status_code == 200
    assert 'value="parameters" selected' in form.content.decode()


def test_the_plot_has_front_and_infeasible_trials(search: Search, alice: User) -> None:
    found = info(search, alice, "pareto")
    assert [axis["key"] for axis in found["axes"]] == ["metric:val_accuracy", "parameters"]
    assert found["colour"]["key"] == "measure:latency"
    assert found["on_front"] == [True, True, True, False, False, False, False]
    assert found["infeasible"] == [False] * 5 + [True, True]
    assert found["axes"][0]["values"] == [0.8, 0.9, 0.95, 0.85, 0.7, 0.97, None]
    assert found["note"].startswith("1 infeasible trial (crosses). 1 trial without both values is")
    # No best so far of one objective among several.
    assert info(search, alice, "history")["best"] == []
    other = info(search, alice, "pareto", "plot.pareto.y=measure:latency")
    assert other["axes"][1]["key"] == "measure:latency"


def test_the_hypervolume_grows_with_the_front(search: Search, alice: User) -> None:
    found = info(search, alice, "hypervolume")
    assert found["volumes"] == sorted(found["volumes"])
    assert found["volumes"][-1] > 0
    assert "Reference point: val_accuracy 0.7000, Parameters 90,000" in found["note"]


def test_importances_and_parallel_coordinates_are_of_any_objective(
    search: Search, alice: User
) -> None:
    found = info(search, alice, "importances", "plot.importances.objective=1")
    assert found["objective"] == "Parameters"
    parallel = info(search, alice, "parallel", "plot.parallel.colour=parameters")
    assert parallel["colour"]["key"] == "parameters"
    row = search.importances.create(query="&method=ped_anova&objective=1", key="k")
    order, count = order_for(row)
    assert (order["direction"], order["scores"], count) == (
        "min", [1000, 5000, 90_000, 6000, 1000], 5,
    )  # fmt: skip


def test_plots_of_several_objectives_are_offered_only_there(
    as_alice: Client, search: Search, make_search: Any
) -> None:
    assert 'data-plot="pareto"' in page(as_alice, "trial-list", search)
    single = make_search()
    assert 'data-plot="pareto"' not in page(as_alice, "trial-list", single)


def test_any_trial_of_the_front_can_be_retrained(as_alice: Client, search: Search) -> None:
    trial = search.trials.get(number=3)
    html = page(as_alice, "trial-detail", trial)
    assert "on the Pareto front" in html
    assert "Objectives and constraints" in html
    as_alice.post(reverse("trial-retrain", args=[trial]))
    assert trial.saved_models.count() == 1


def test_an_infeasible_trial_says_why(as_alice: Client, search: Search) -> None:
    html = page(as_alice, "trial-detail", search.trials.get(number=7))
    said = "Parameters is 900,000, but has to be at most 200,000. The model was not trained."
    assert said in html
    assert "was not trained" not in page(as_alice, "trial-detail", search.trials.get(number=6))
    table = page(as_alice, "trial-list", search, "?status__is=infeasible")
    assert re.findall(r'id="row-(\d+)"', table) == ["6", "7"]


def test_the_comparison_shows_all_objectives(
    as_alice: Client, search: Search, project: Project
) -> None:
    query = "&".join(f"trial={search.number}.{number}" for number in (1, 2))
    address = reverse("trial-compare", args=[project.pk])
    html = as_alice.get(f"{address}?{query}").content.decode()
    for text in ("Parameters", "Latency (ms)", "5,000", "3.000"):
        assert text in html


def test_models_of_such_a_search_show_all_objectives(search: Search) -> None:
    models = [
        SavedModel.objects.create(
            trial=trial, project=search.project, number=trial.number, epochs=1, batch_size=1
        )
        for trial in search.trials.filter(number__in=(1, 2))
    ]
    assert compared(models[0], models[1:]).objectives == [
        ("val_accuracy", ["0.8000", "0.9000"]), ("Parameters", ["1,000", "5,000"]),
        ("Latency (ms)", ["2.000", "3.000"]),
    ]  # fmt: skip


def test_the_projects_table_keeps_objectives_apart(
    as_alice: Client, search: Search, make_search: Any, project: Project
) -> None:
    make_search()
    address = reverse("project-trials", args=[project.pk])
    query = "?objective=max:val_accuracy%2Bmin:parameters%2Bmin:latency"
    for each, expected in (("", 1), (query, 7)):
        html = as_alice.get(address + each).content.decode()
        assert html.count("<tr data-trial") == expected
        assert ">best</span>" not in html


def test_settings_name_objectives_and_constraints(as_alice: Client, search: Search) -> None:
    html = page(as_alice, "search-settings", search)
    assert "Parameters, minimise" in html
    assert "Parameters at most 200,000" in html


def test_a_search_with_one_objective_has_a_best_trial(
    make_search: Any, alice: User, as_alice: Client
) -> None:
    search = make_search()
    start_search(alice, Search(project=search.project, objective="val_loss", direction="min"))
    html = page(as_alice, "search-detail", search)
    assert "Pareto" not in html
