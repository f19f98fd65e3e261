"""The form of a machine that is to join."""

from django import forms

from tuning.models import Machine

# Hours, and what people read.
LIFETIMES = [("1", "1 hour"), ("24", "1 day"), ("168", "7 days")]


class MachineForm(forms.ModelForm):
    hours = forms.TypedChoiceField(
        label="Token expires after", choices=LIFETIMES, initial="24", coerce=int
    )

    class Meta:
        model = Machine
        fields = ["name"]
        labels = {"name": "Name"}
        help_texts = {"name": "Shown on the workers page and with trials. For example, gpu-1."}
        error_messages = {
            "name": {
                "required": "Enter a name for the machine.",
                "unique": "A machine with this name exists. Rename this one or remove that one.",
            }
        }
