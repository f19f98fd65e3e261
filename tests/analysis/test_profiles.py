"""What pages say about a dataset."""

import pytest

from tuning.analysis.profiles import bars_info, shape_text, split_sizes
from tuning.models import Dataset, Project


def _project(**profile: object) -> Project:
    dataset = Dataset(kind="image", task="classification", size_text="many", profile=profile)
    return Project(dataset=dataset, train_fraction=0.7, validation_fraction=0.15)


def test_nothing_is_known_yet() -> None:
    project = _project()
    assert split_sizes(project) == {"train": None, "validation": None, "test": None}
    assert shape_text(project.dataset) == "many"
    assert bars_info(project.dataset) == []


def test_shapes_in_words() -> None:
    project = _project(rows=1797, input_shape=[8, 8, 1], num_classes=10)
    assert shape_text(project.dataset) == "1,797 images of 8 × 8 × 1, 10 classes"


def test_sequences_are_not_called_images() -> None:
    dataset = _project(rows=300, input_shape=[12, 4, 1], sequences=True).dataset
    assert shape_text(dataset) == "300 sequences of 12 × 4"
    assert dataset.kind_text == "Sequences"
    dataset.folder = "somewhere"
    assert not dataset.has_pictures


def test_bars_are_as_high_as_their_counts() -> None:
    [picture] = bars_info(_project(class_counts=[10, 5], class_names=["a", "b"]).dataset)
    assert picture is not None
    assert [(bar.label, bar.height) for bar in picture.bars] == [("a: 10", 48), ("b: 5", 24)]
    assert picture.title == "5 to 10 rows of each class"


@pytest.mark.parametrize("counts", [[50, 50, 50], [59, 71, 48], [7, 1, 3]])
def test_split_sizes_are_the_runners(counts: list[int]) -> None:
    np = pytest.importorskip("numpy")
    from tuning.splits import split_rows

    project = _project(rows=sum(counts), class_counts=counts)
    parts = split_rows(np.repeat(np.arange(len(counts)), counts), project.split)
    assert split_sizes(project) == {name: len(rows) for name, rows in parts.items()}


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_sizes_of_given_parts_are_the_runners(missing: int, stratified: bool) -> None:
    np = pytest.importorskip("numpy")
    from tuning.runner.datasets.parsed import part_facts
    from tuning.splits import split_rows

    random = np.random.RandomState(missing)
    y, parts = random.randint(0, 5, 503), random.randint(0, 3, 503).astype(np.uint8)
    parts[parts == missing] = 0
    project = _project(rows=503, **part_facts(parts, y if stratified else None))
    project.dataset.task = "classification" if stratified else "regression"
    project.test_fraction = 0.15
    assert project.split.given
    rows = split_rows(y, project.split, parts)
    assert split_sizes(project) == {name: len(rows) for name, rows in rows.items()}
    project.keep_parts = False
    assert not project.split.given
