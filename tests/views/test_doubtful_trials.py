"""Trials that completed but should not be trusted: a metric was NaN, or the training diverged."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Epoch, Search, Trial, TrialIndex


@pytest.fixture
def doubtful(search: Search) -> Trial:
    """Trial 2, whose loss was NaN in its second epoch."""
    trial = search.trials.get(number=2)
    Epoch.objects.create(
        trial=trial, attempt=1, execution=0, epoch=2, seconds=1, metrics={"loss": None}
    )
    Trial.objects.filter(pk=trial.pk).update(
        not_finite=["loss"], metrics={"loss": 0.4}, last_metrics={"loss": None}
    )
    trial.refresh_from_db()
    TrialIndex.objects.fill(search, [trial])
    return trial


def test_the_table_marks_and_finds_them(as_dora: Client, search: Search, doubtful: Trial) -> None:
    url = reverse("trial-list", args=[search])
    text = as_dora.get(url).content.decode()
    assert text.count('title="NaN or infinite: loss"') == 1
    assert text.count('NaN<span class="visually-hidden"> or infinite: loss</span>') == 1
    found = as_dora.get(url, {"not_finite__matches": "."}).content.decode()
    assert f'data-trial="{doubtful.pk}"' in found
    assert found.count("data-trial=") == 1
    exported: Any = as_dora.get(url, {"format": "csv", "column": ["number", "not_finite"]})
    assert "2,loss\r\n" in exported.getvalue().decode()


def test_the_trials_page_names_the_metric_and_the_epoch(
    as_dora: Client, search: Search, doubtful: Trial
) -> None:
    text = as_dora.get(reverse("trial-detail", args=[doubtful])).content.decode()
    assert "<code>loss</code> became NaN or infinite</strong> (first in epoch 2)." in text
    assert text.count('<td class="num">NaN</td>') == 1, "of the last epoch"
    other = as_dora.get(reverse("trial-detail", args=[search.trials.get(number=1)]))
    assert "NaN or infinite" not in other.content.decode()


def test_the_failure_map_has_them(as_dora: Client, search: Search, doubtful: Trial) -> None:
    text = as_dora.get(reverse("search-failures", args=[search])).content.decode()
    assert "1 trial completed although a metric was NaN or infinite." in text
    assert "Completed, but loss became NaN or infinite: 1 trial" in text
    assert f'href="{reverse("trial-detail", args=[doubtful])}">Trial 2</a>' in text


@pytest.mark.parametrize("last", [0.1, 0.8])
def test_a_trial_that_diverged_says_so(
    as_alice: Client, search: Search, best: Trial, last: float
) -> None:
    # Scores are val_accuracy, of which larger is better.
    best.epochs.update(metrics={"val_accuracy": 0.9})
    Epoch.objects.create(
        trial=best, attempt=1, execution=0, epoch=20, seconds=1, metrics={"val_accuracy": last}
    )
    Trial.objects.filter(pk=best.pk).update(last_metrics={"val_accuracy": last})
    sentence = "Best at epoch 2 of 20: afterwards val_accuracy fell from 0.9500 to 0.1000."
    of_trial = as_alice.get(reverse("trial-detail", args=[best])).content.decode()
    of_search = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    # At its score, and where it is retrained.
    assert of_trial.count(sentence) == (2 if last == 0.1 else 0)
    assert (sentence in of_search) == (last == 0.1)


def test_few_failures_show_what_they_share(
    as_dora: Client, make_search: Any, add_trial: Any
) -> None:
    search = make_search(max_trials=20)
    for number in range(1, 13):
        failed = {"status": "failed", "score": None, "failure_code": "code_error"}
        kind, more = ("bad", failed) if number in (4, 9) else ("good", {"score": 0.5})
        values = {"units": 8 * (number % 4 + 1), "kind": kind, "optimizer": "adam"}
        add_trial(search, number, values=values, **more)
    text = as_dora.get(reverse("search-failures", args=[search])).content.decode()
    assert "Too few trials for a pattern." in text
    assert "<code>kind</code> is bad: 0 of 10 other completed trials (0 %) have it too." in text
    # What all trials have tells nothing; each failed trial stands in a table with its values.
    assert "<code>optimizer</code> is" not in text
    assert [f">Trial {number}</a></th>" in text for number in (4, 9, 1)] == [True, True, False]
