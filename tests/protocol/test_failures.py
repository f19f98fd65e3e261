"""Each reason of a failure says its own next step, and nothing of what a page does not show."""

import itertools

import pytest

from tuning.protocol.failures import FailureCode, Fault, WorkKind

EVERYTHING = list(itertools.product(FailureCode, WorkKind))
# What there is to change or to look at, by kind of work.
ABSENT = {
    WorkKind.TRAINING: ("upload",),
    WorkKind.VALIDATION: ("search's", "batch size", "epochs", "this search", "trial", "upload"),
    WorkKind.PREDICTION: ("search", "epoch", "builder", "hyperparameter", "batch size"),
    WorkKind.READING: ("template", "search", "model", "epoch", "builder", "hyperparameter"),
}
# Reasons that only a template's code or training can give.
NEVER_OF_A_FILE = {
    FailureCode.UNUSABLE_TEMPLATE, FailureCode.NO_MODEL, FailureCode.CANNOT_SAVE,
    FailureCode.NAN_SCORE, FailureCode.NO_SCORE, FailureCode.BAD_MODEL_FILE,
}  # fmt: skip


@pytest.mark.parametrize(("code", "kind"), EVERYTHING)
def test_the_advice_is_about_what_is_there(code: FailureCode, kind: WorkKind) -> None:
    if kind == WorkKind.READING and code in NEVER_OF_A_FILE:
        return
    advice = code.advice_for(kind)
    assert advice.endswith(".")
    for word in (*ABSENT[kind], "traceback", "log "):
        assert word not in advice.lower(), (word, advice)


@pytest.mark.parametrize("code", FailureCode)
def test_the_traceback_and_the_log_are_named_only_where_they_are_shown(code: FailureCode) -> None:
    for kind, traceback, log in itertools.product(WorkKind, (False, True), (False, True)):
        advice = code.advice_for(kind, traceback=traceback, log=log)
        assert "traceback" not in advice or traceback
        assert "the log" not in advice or log
    shown = FailureCode.CODE_ERROR.advice_for(WorkKind.TRAINING, traceback=True)
    assert "The traceback below ends with the error" in shown


def test_each_code_has_a_caption_and_a_step_of_its_own() -> None:
    assert len({code.caption for code in FailureCode}) == len(FailureCode)
    assert len({code.advice for code in FailureCode}) == len(FailureCode)


@pytest.mark.parametrize("code", FailureCode)
def test_a_file_is_not_blamed_on_a_template(code: FailureCode) -> None:
    if code not in NEVER_OF_A_FILE:
        assert code.fault_of(WorkKind.READING) not in (Fault.CODE, Fault.VALUES)
    if code != FailureCode.NAN_SCORE:
        assert code.fault_of(WorkKind.VALIDATION) != Fault.VALUES


def test_data_that_teach_nothing_are_blamed_on_no_file_where_none_was_read() -> None:
    """Of an uploaded table all columns may vary, and none in the training rows of a project."""
    bad = FailureCode.BAD_DATA
    assert bad.fault_of(WorkKind.READING) == Fault.FILE
    for kind in (WorkKind.VALIDATION, WorkKind.TRAINING):
        assert bad.fault_of(kind) == Fault.DATA
        assert "file" not in (bad.caption + bad.advice_for(kind)).lower()
