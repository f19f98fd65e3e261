"""The forms of notes: a comment, tags, and marks for many trials at once."""

from typing import Any

from django import forms

from tuning.models import Tag
from tuning.models.validators import validate_name

from .lists import Keys
from .texts import TextArea

MAX_COMMENT_LENGTH = 10_000
MAX_TAG_LENGTH: int = Tag._meta.get_field("name").max_length or 0
MAX_TAGS = 20
MAX_TRIALS = 5_000


class CommentForm(forms.Form):
    text = forms.CharField(widget=TextArea, error_messages={"required": "Enter a comment."})

    def clean_text(self) -> str:
        # Browsers send two characters for the end of a line.
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if len(text) > MAX_COMMENT_LENGTH:
            raise forms.ValidationError(
                f"The comment has {len(text):,} characters, more than the limit of "
                f"{MAX_COMMENT_LENGTH:,}."
            )
        return text


class TagsField(forms.CharField):
    """Tags with commas between them; the spaces around and doubled ones are dropped."""

    def clean(self, value: Any) -> list[str]:
        names = [" ".join(name.split()) for name in super().clean(value).split(",")]
        found = [name for name in names if name]
        if self.required and not found:
            raise forms.ValidationError(self.error_messages["required"])
        if len(found) > MAX_TAGS:
            raise forms.ValidationError(f"Add at most {MAX_TAGS} tags at once.")
        for name in found:
            if len(name) > MAX_TAG_LENGTH:
                beginning = name[:MAX_TAG_LENGTH]
                raise forms.ValidationError(
                    f"“{beginning}…” exceeds the limit of {MAX_TAG_LENGTH} characters per tag."
                )
            validate_name(name)
        return found


class TagForm(forms.Form):
    names = TagsField(error_messages={"required": "Enter a tag."})


class MarkForm(forms.Form):
    """What to do (`mark`) with the trials that were chosen in a table."""

    MARKS = [
        ("star", "Star"), ("unstar", "Remove star"), ("tag", "Tag"), ("untag", "Remove tag"),
        ("pin", "Pin weights"), ("unpin", "Unpin weights"),
    ]  # fmt: skip

    mark = forms.ChoiceField(choices=MARKS)
    names = TagsField(required=False)
    # Which of them the person sees, the view asks.
    trial = Keys(
        most=MAX_TRIALS,
        too_many=f"Select at most {MAX_TRIALS:,} trials.",
        error_messages={
            "required": "Select at least one trial.",
            "invalid_choice": "“%(value)s” is not a trial.",
        },
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("mark") in ("tag", "untag") and cleaned.get("names") == []:
            self.add_error("names", "Enter a tag.")
        return cleaned
