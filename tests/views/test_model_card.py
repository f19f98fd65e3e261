"""A model card: the figures of the model's page, on one page and as Markdown."""

from django.test import Client
from django.urls import reverse
from markdown_it import MarkdownIt

from tuning.analysis.evaluation.summary import NO_EVALUATION
from tuning.models import SavedModel

from .evaluations import LINES, classification, evaluated, regression


def markdown(client: Client, saved_model: SavedModel) -> str:
    url = reverse("saved-model-file", args=[saved_model, "model_card.md"])
    return client.get(url).content.decode()


def test_the_card_has_data_search_values_and_scores(
    as_dora: Client, saved_model: SavedModel
) -> None:
    saved_model.name, saved_model.stage = "Best | *of* <all>", "approved"
    saved_model.description = "For **pilots** only."
    saved_model.save()
    evaluated(saved_model, classification(), LINES)
    page = as_dora.get(reverse("saved-model-card", args=[saved_model])).content.decode()
    text = markdown(as_dora, saved_model)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for document in (page, html):
        for part in (
            "Best | *of* &lt;all&gt;", "<strong>pilots</strong>", "Approved of the project Digits",
            "0.9100 to 0.9700", "&lt;b&gt;cat&lt;/b&gt;", "0.333", "Column importance", "0.300",
            "ab" * 32, "keras", "3.15.1",
        ):  # fmt: skip
            assert part in document, part
    assert html.count("<table>") == text.count("\n| --- "), "no cell breaks its table"


def test_a_card_without_evaluation_says_so(as_dora: Client, saved_model: SavedModel) -> None:
    assert NO_EVALUATION in markdown(as_dora, saved_model)
    evaluated(saved_model, regression(), LINES)
    assert "## Errors" in markdown(as_dora, saved_model)
    SavedModel.objects.update(file="")
    url = reverse("saved-model-card", args=[saved_model])
    assert as_dora.get(url).status_code == 404
