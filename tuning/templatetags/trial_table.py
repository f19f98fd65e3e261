"""The cells of a trial table. There are thousands on a page, so they are joined here and not by
nested templates."""

from html import escape

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.table import Cell, Row, Table

register = template.Library()


@register.simple_tag
def trial_heads(selection: Selection) -> SafeString:
    """The row of column heads: each a link that sorts."""
    return mark_safe("".join(_head(selection, column) for column in selection.shown))  # noqa: S308  escaped


@register.simple_tag
def trial_rows(table: Table) -> SafeString:
    classes = [_class(column) for column in table.columns]
    return mark_safe("".join(_row(table, row, classes) for row in table.rows))  # noqa: S308  escaped


@register.simple_tag
def page_query(selection: Selection, page: int) -> str:
    return selection.query(page=page)


def _head(selection: Selection, column: Column) -> str:
    now = next((sort for sort in selection.sort if sort.column == column), None)
    aria = "none" if now is None else "descending" if now.down else "ascending"
    query = selection.query(sort=selection.sorted_by(column), page=1)
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}" data-key="{}"><a href="?{}">{}</a></th>',
        _class(column), aria, column.key, query, column.label,
    )  # fmt: skip


def _row(table: Table, row: Row, classes: list[str]) -> str:
    trial = row.trial
    marks = ' <span class="tag">baseline</span>' if trial.is_baseline else ""
    is_best = trial.pk == table.best_pk
    if is_best:
        marks += ' <span class="tag accent">best</span>'
    url = reverse("trial-detail", args=[trial.pk])
    number = f'<a id="row-{trial.number}" href="{url}">{trial.number}</a>{marks}'
    cells = [
        _cell(column, cell, kind, trial.status)
        for column, cell, kind in zip(table.columns[1:], row.cells[1:], classes[1:], strict=True)
    ]
    kind = ' class="best"' if is_best else ""
    return f'<tr data-trial="{trial.pk}"{kind}><th scope="row">{number}</th>{"".join(cells)}</tr>'


def _cell(column: Column, cell: Cell, kind: str, status: str) -> str:
    text = escape(cell.text)
    if column.kind == "status":
        text = f'<span class="status status-{status}">{text}</span>'
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    return f'<td class="{kind}"{title}>{text}</td>'


def _class(column: Column) -> str:
    names = ["num"] if column.is_number else []
    if column.key == "score":
        names.append("score-cell")
    return " ".join(names)
