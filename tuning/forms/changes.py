"""What a person changed in a form that others may save meanwhile."""

from django.forms import BaseForm


def compare_with_page(form: BaseForm) -> None:
    """Let `changed_data` be what differs from what the page showed, in hidden fields. A form that
    comes without them, not from a page, is compared with the row."""
    for bound in form:
        shown = not form.is_bound or bound.html_initial_name in form.data
        bound.field.show_hidden_initial = shown
