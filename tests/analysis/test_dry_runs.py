"""What a dry run says, beside the same figures counted another way."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tuning.analysis.dry_runs import Summary, expected_seconds
from tuning.models import DryRun, Project


def model(parameters: int, seconds: float, **changes: Any) -> dict[str, Any]:
    tried = {"parameters": parameters, "memory": 12 * parameters, "seconds": seconds, "setup": 2.0}
    return {**tried, "failure": "", **changes}


BROKEN = model(0, 0.0, memory=0, setup=0.0, failure="ValueError: units")
# Nineteen of equal steps and a giant; a fifth more could not be built.
TRIED = [*(model(1000 * n, 0.1 * n) for n in range(1, 20)), model(10**7, 60.0), *[BROKEN] * 5]


@pytest.fixture
def summary(project: Project, alice: User) -> Any:
    def make(tried: list[Any], **values: Any) -> Summary:
        row = DryRun(inspection=project.inspection, created_by=alice, tried=tried, **values)
        return Summary(row)

    return make


def test_the_expected_time_is_that_of_every_trial_added_up() -> None:
    """100 trials of 10 epochs, drawn as the sample was: 80 of them train."""
    one_each = sum(10 * each["seconds"] + each["setup"] for each in TRIED)
    planned = {"trials": 100, "epochs": 1000, "lanes": 2}
    assert expected_seconds(TRIED, planned) == pytest.approx(one_each * 100 / len(TRIED) / 2)


def test_what_could_not_be_built_is_counted_with_its_reasons(summary: Any) -> None:
    found = summary(TRIED)
    assert found.tried_text == (
        "25 sampled models: 5 (20%) could not be built and trained for a few steps."
    )
    assert found.reasons == [("ValueError: units", 5)]
    assert found.expected == ""
    assert summary(TRIED[:1]).tried_text.endswith("all could be built and trained for a few steps.")


def test_histograms_count_every_model_once(summary: Any) -> None:
    found = {each.title.partition(":")[0]: each for each in summary(TRIED).histograms}
    sizes = found["Parameters, logarithmic"]
    assert sizes.title == "Parameters, logarithmic: median 10,500 (1,000 to 10,000,000)"
    counts = [
        int(bar.label.rpartition(": ")[2].split()[0].replace("no", "0")) for bar in sizes.bars
    ]
    assert sum(counts) == 20
    assert (counts[0], counts[-1]) == (2, 1)
    assert max(bar.height for bar in sizes.bars) == sizes.height
    assert "Memory of weights and optimizer, logarithmic" in found


def test_limits_exclude_what_they_say(summary: Any) -> None:
    limits = {limit.name: limit for limit in summary(TRIED).limits}
    for name, key in (("parameters", "parameters"), ("epoch_seconds", "seconds")):
        limit = limits[name]
        above = [each for each in TRIED if each[key] > limit.value]
        assert 1 <= limit.excluded == len(above) <= 2
    assert limits["parameters"].value == 18_000
    assert summary([model(1000, 0.1)] * 9).limits == []
    assert summary([BROKEN]).limits == []
    assert summary([BROKEN]).histograms == []
