import gc
import sys

import pytest

from tuning.strategies import given
from tuning.strategies.suggesting import family_of
from tuning.strategies.traits import Name


@pytest.mark.slow
def test_what_a_library_consists_of_is_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when it is loaded: a claim must not take what is garbage by then for a library."""
    monkeypatch.delitem(sys.modules, given.__name__)
    before = gc.get_freeze_count()
    kept = [[] for _ in range(1000)]
    assert family_of(Name.GIVEN)
    frozen = gc.get_freeze_count()
    assert frozen >= before + len(kept)
    later = [[] for _ in range(1000)]
    family_of(Name.GIVEN)
    assert gc.get_freeze_count() < frozen + len(later)
