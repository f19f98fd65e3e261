"""Fields for long text."""

from typing import Any

from django import forms


class TextArea(forms.Textarea):
    """Without `maxlength`: browsers cut pasted text off there and do not say so. The form says that
    it is too long."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        attrs.pop("maxlength", None)
        return attrs
