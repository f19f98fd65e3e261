"""What every name has to be, on whichever form or in whichever row."""

from django.core.exceptions import ValidationError

from tuning.protocol.names import is_one_line


def validate_display_name(name: str) -> None:
    """A person's name: also seen."""
    validate_name(name)
    if name and not any(letter.isalnum() for letter in name):
        raise ValidationError("A name needs a letter or a digit.", code="invisible")


def validate_name(name: str) -> None:
    """Names go into files that people download and run, and into lists where each has one line."""
    if not is_one_line(name):
        raise ValidationError(
            "A name is one line. Remove line breaks and other control characters.",
            code="hidden_characters",
        )
