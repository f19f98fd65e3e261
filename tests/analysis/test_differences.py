"""Differences between versions."""

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
