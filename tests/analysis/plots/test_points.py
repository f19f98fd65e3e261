import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from tuning.analysis.plots.points import varying
from tuning.analysis.trials.selection import Selection
from tuning.models import Search

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ([], ["units", "optimizer", "learning_rate"]),
        (["hp:momentum"], ["units", "optimizer", "momentum"]),
    ],
)
def test_of_too_many_those_are_taken_that_matter(
    big: Search, alice: User, first: list[str], names: list[str]
) -> None:
    """Momentum is one that only some trials use."""
    selection = Selection.read(big, QueryDict(), alice)
    assert [column.label for column in varying(selection, 3, first)] == names
