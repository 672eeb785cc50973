"""The sandbox that templates run in: they may ask what pages show and nothing else.

It allows exactly what the sandbox of Jinja allows. What depends on a type or a function alone is judged once.
"""

from __future__ import annotations

from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment

_FORMATS = ("format", "format_map")


class Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, for templates that ask a million times."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._readable: set[tuple[type, str]] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, else what is found under that name."""
        kind = type(obj)
        if (kind, attribute) in self._readable:
            try:
                value = getattr(obj, attribute)
            except AttributeError:
                return super().getattr(obj, attribute)
            made = type(value)
            if (made is MethodType or made is BuiltinMethodType) and value.__name__ in _FORMATS:
                return super().getattr(obj, attribute)  # which watches what is formatted
            return value
        if self.is_safe_attribute(obj, attribute, None):
            self._readable.add((kind, attribute))
        return super().getattr(obj, attribute)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called; a function that bears no mark is just called."""
        kind = type(__obj)
        if kind is Macro:
            args = (__context.eval_ctx, *args)
        elif kind is not BuiltinMethodType:
            function = __obj.__func__ if kind is MethodType else __obj
            if type(function) is not FunctionType or function.__dict__:
                return super().call(__context, __obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        try:
            return __obj(*args, **kwargs)
        except StopIteration:
            return super().call(__context, _stops)


def _stops() -> None:
    raise StopIteration
