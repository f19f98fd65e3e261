"""Differences between versions."""

import pytest

from tuning.analysis import differences as module
from tuning.analysis.differences import Line, differences, tally

OLD = "".join(f"line {number}\n" for number in range(1, 21))


def test_changes_come_with_a_few_lines_around() -> None:
    lines = differences(OLD, OLD.replace("line 10\n", "line ten\n"))
    assert [line.kind for line in lines] == [
        "skip", *["same"] * 3, "removed", "added", *["same"] * 3,
    ]  # fmt: skip
    assert lines[4] == Line("removed", "line 10", old=10)
    assert lines[5] == Line("added", "line ten", new=10)
    assert tally(lines) == (1, 1)


def test_equal_codes_do_not_differ() -> None:
    assert differences(OLD, OLD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abcde", "abXYde", ["same", "same", "removed", "added", "added", "same", "same"]),
        ("aaaa", "aaa", ["same"] * 3 + ["removed"]),
        ("aaa", "aaaa", ["same"] * 3 + ["added"]),
        ("abc", "xyz", ["removed"] * 3 + ["added"] * 3),
        ("abab", "abab", []),
    ],
)
def test_what_would_take_too_long_to_compare_is_changed_as_a_whole(
    old: str, new: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PAIRS", -1)
    lines = differences("\n".join(old), "\n".join(new))
    assert [line.kind for line in lines] == expected
    kept = [line.text for line in lines if line.kind in ("same", "added")]
    assert not lines or kept == list(new)
