"""Values that only a script's own data would give: usable in passing, refused where they count."""

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from tuning.runner.failures import TemplateError

# Part of how an unknown value prints itself: libraries quote it in their errors.
MARK = "known only from the script's own data"


class UnknownValue(TemplateError):
    """A template needs a value that only the script's own data would give."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"{text} is {MARK}, which is not loaded. Set the value at module level (such as "
            "vocab_size = 5000): it can then be changed under Constants in the template's form."
        )


def constant_needed(name: str, line: int, reason: str) -> TemplateError:
    """The error of a name at module level whose value is not known."""
    return TemplateError(
        f"{name} in line {line} is made from the script's own data, which is not loaded "
        f"({reason}). Give its value under Constants in the template's form: {name} = ..."
    )


class Unknown:
    """Part of the script's own data. Attributes, calls and arithmetic give another unknown value,
    so that code that merely passes it on runs; whoever needs a number or a truth is refused."""

    def __init__(self, text: str) -> None:
        self.__dict__["_text"] = text

    def __repr__(self) -> str:
        return f"<{self._text}, {MARK}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by Python and numpy themselves.
            raise AttributeError(name)
        return Unknown(f"{self._text}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        """`df.columns = [...]` changes nothing here."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Unknown(f"{self._text}({'...' if args or kwargs else ''})")

    def __getitem__(self, key: Any) -> Any:
        return Unknown(f"{self._text}[{key!r}]" if isinstance(key, str | int) else self._text)

    def __setitem__(self, key: Any, value: Any) -> None:
        """`df["a"] = ...` changes nothing here."""

    def __delitem__(self, key: Any) -> None:
        """Nor does `del df["a"]`."""

    def __len__(self) -> int:
        raise UnknownValue(self._text)

    def __iter__(self) -> Iterator[Any]:
        raise UnknownValue(self._text)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UnknownValue(self._text)

    __bool__ = __int__ = __index__ = __float__ = __contains__ = __array__ = _refuse
    __hash__ = object.__hash__


def _passed_on(sign: str) -> Callable[..., Unknown]:
    def operation(self: Unknown, *others: Any) -> Unknown:
        return Unknown(f"{self._text} {sign} {others[0]!r}" if others else f"{sign}{self._text}")

    return operation


for _name, _sign in {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
    "ne": "!=", "neg": "-", "invert": "~",
}.items():  # fmt: skip
    setattr(Unknown, f"__{_name}__", _passed_on(_sign))
    if not hasattr(operator, f"__i{_name}__"):
        continue
    setattr(Unknown, f"__r{_name}__", _passed_on(_sign))
