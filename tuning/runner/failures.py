"""From an exception to the `failed` event that people read."""

import errno
import socket
import traceback
import urllib.error
from collections.abc import Iterator
from types import TracebackType

from tuning.protocol.events import Failed
from tuning.protocol.failures import FailureCode
from tuning.runner.template.removed_names import removed_module, removed_name

# The name under which a template's code is compiled; its frames are found by it.
TEMPLATE_FILE = "template.py"

_MAX_MESSAGE = 1_000
_MAX_HEAD = 3_000
_MAX_TAIL = 12_000

# By name: asking TensorFlow or another backend for the class would import it.
_MEMORY_ERRORS = frozenset({"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"})
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_MEMORY_TEXTS = ("RESOURCE_EXHAUSTED", "CUDA_ERROR_OUT_OF_MEMORY", "OOM when allocating")


class WorkFailed(Exception):
    """Work ended for a reason that the runner itself knows; the text is the whole message."""

    code = FailureCode.CODE_ERROR


class TemplateError(WorkFailed):
    """The template cannot be used as it is."""

    code = FailureCode.UNUSABLE_TEMPLATE


class NoModel(TemplateError):
    """The template's builder returned something that is no model."""

    code = FailureCode.NO_MODEL


class CannotSave(TemplateError):
    """A trained model could not be saved so that it loads and predicts elsewhere."""

    code = FailureCode.CANNOT_SAVE


class NoScore(WorkFailed):
    """The objective is not among the metrics that were reported."""

    code = FailureCode.NO_SCORE


class NotANumber(WorkFailed):
    """A score is NaN or infinite."""

    code = FailureCode.NAN_SCORE


class NoNetwork(WorkFailed):
    """A download failed."""

    code = FailureCode.NO_NETWORK


class MissingFile(WorkFailed):
    """A file that the order names is not there."""

    code = FailureCode.MISSING_FILE


class BadData(WorkFailed):
    """An uploaded file cannot be used; the text is one sentence for its owner."""

    code = FailureCode.BAD_DATA


def failure_of(error: BaseException) -> Failed:
    """The event that tells of an exception: what kind it is, a sentence, the lines to look at."""
    if isinstance(error, WorkFailed):
        cause = error.__cause__
        return Failed(error.code, str(error), _traceback(cause) if cause else "")
    return Failed(_code(error), _message(error), _traceback(error))


def is_network_error(error: BaseException) -> bool:
    """Whether something could not be downloaded, at whichever depth it was caught and wrapped."""
    seen: BaseException | None = error
    known: set[int] = set()
    # Code may raise an error from itself: such a chain has no end.
    while seen is not None and id(seen) not in known:
        known.add(id(seen))
        if isinstance(seen, urllib.error.URLError | socket.gaierror | TimeoutError):
            return True
        # Keras's get_file wraps every download error in a plain Exception with this text.
        if "URL fetch failure" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def download_reason(error: BaseException) -> str:
    """The last sentence of Keras's message: "URL fetch failure on <url>: None -- <reason>"."""
    return str(error).rpartition(" -- ")[2].strip().rstrip(".")


def _code(error: BaseException) -> FailureCode:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _MEMORY_ERRORS or any(text in str(error) for text in _MEMORY_TEXTS):
        return FailureCode.OUT_OF_MEMORY
    if is_network_error(error):
        return FailureCode.NO_NETWORK
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return FailureCode.TOO_MUCH_DISK
    # What `fork` and the start of a thread say at the kernel's limit.
    if isinstance(error, BlockingIOError) or "can't start new thread" in str(error):
        return FailureCode.TOO_MANY_PROCESSES
    return FailureCode.CODE_ERROR


def _message(error: BaseException) -> str:
    """`ValueError in line 12: ...`, with the line where the template's own code stopped."""
    if isinstance(error, SystemExit):
        return f"The template ended the process: sys.exit({error.code!r})."
    removed = removed_module(getattr(error, "name", None) or "") or removed_name(str(error))
    if removed and not isinstance(error, NameError) and _in_template(error):
        return removed
    if isinstance(error, ModuleNotFoundError) and error.name and _in_template(error):
        return f"The template imports {error.name}, which is not installed on this worker."
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == TEMPLATE_FILE:
        return f"{kind} in line {error.lineno}: {error.msg}"
    lines = list(_template_lines(error.__traceback__))
    place = f" in line {lines[-1]}" if lines else ""
    return f"{kind}{place}: {error}"[:_MAX_MESSAGE]


def _traceback(error: BaseException) -> str:
    """The traceback from the template's first frame on: those above it are the runner's."""
    told = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = told
    while part is not None:
        _cut(part)
        part = part.__cause__ or part.__context__
    text = "".join(told.format())
    if len(text) <= _MAX_HEAD + _MAX_TAIL:
        return text
    return text[:_MAX_HEAD] + "\n  [...]\n" + text[-_MAX_TAIL:]


def _cut(part: traceback.TracebackException) -> None:
    for index, frame in enumerate(part.stack):
        if frame.filename == TEMPLATE_FILE:
            del part.stack[:index]
            return


def _in_template(error: BaseException) -> bool:
    """Whether it was the template's own line that failed, not a library's."""
    return any(True for _ in _template_lines(error.__traceback__))


def _template_lines(tb: TracebackType | None) -> Iterator[int]:
    """The template's line numbers in a traceback, the innermost one last."""
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == TEMPLATE_FILE:
            yield tb.tb_lineno
        tb = tb.tb_next
