"""Bringing the built-in rows in line with the code."""

import pytest

from tuning.actions.builtins import load_builtins
from tuning.hypermodels import BUILTIN
from tuning.models import Dataset, HyperModel, Inspection
from tuning.protocol.catalogue import CATALOGUE

pytestmark = pytest.mark.django_db


def test_loading_twice_changes_nothing() -> None:
    load_builtins()
    kinds = (HyperModel, Dataset, Inspection)
    before = [list(kind.objects.values()) for kind in kinds]
    load_builtins()
    assert [list(kind.objects.values()) for kind in kinds] == before
    assert HyperModel.objects.current().count() == len(BUILTIN)
    assert Dataset.objects.count() == len(CATALOGUE)


def test_changed_code_is_a_new_version() -> None:
    load_builtins()
    old = HyperModel.objects.get(key="cnn")
    HyperModel.objects.filter(pk=old.pk).update(code="# as it was in an older release")
    load_builtins()
    new = HyperModel.objects.current().get(key="cnn")
    old.refresh_from_db()
    assert (old.superseded, old.version, new.version) == (True, 1, 2)
    assert "def build_model" in new.code


def test_every_template_is_to_be_read_on_bundled_data() -> None:
    load_builtins()
    pairs = Inspection.objects.values_list("hypermodel__key", "dataset__key")
    assert dict(pairs) == {
        "cnn": "digits",
        "dense": "breast-cancer",
        "text": "reviews",
        "autoencoder": "breast-cancer",
        "conv-autoencoder": "digits",
        "sequence": "gestures",
        "cnn-blocks": "digits",
        "transfer": "digits",
        "batch-size": "digits",
        "optuna-script": "breast-cancer",
    }
    HyperModel.objects.filter(key="cnn").update(code="# as it was in an older release")
    load_builtins()
    assert Inspection.objects.filter(hypermodel__key="cnn").count() == 2


def test_what_a_team_prepared_is_kept() -> None:
    load_builtins()
    Dataset.objects.filter(key="iris").update(folder="iris-1", description="")
    load_builtins()
    iris = Dataset.objects.get(key="iris")
    assert iris.folder == "iris-1"
    assert iris.description
