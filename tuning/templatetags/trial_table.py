"""The cells of a trial table. There are thousands on a page, so they are joined here and not by
nested templates. Everything that comes from rows goes through `escape`, once."""

from html import escape
from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.scope import Scope
from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.table import Cell, Row, Table
from tuning.models.addresses import TrialNumbers

register = template.Library()


@register.simple_tag
def trial_heads(table: Table, selection: Selection) -> SafeString:
    """Titles over the groups of columns, and the columns' heads: links that sort, links to what
    else can be done."""
    titles = [title for title, _, _ in table.spans] + [""]
    groups = "".join(
        _span(table, "" if title == following else title, first, count)
        for (title, first, count), following in zip(table.spans, titles[1:], strict=True)
    )
    menu = selection.scope.columns_url
    query = escape(selection.query())
    sorts = {sort.column.key: sort for sort in selection.sort}
    places = {key: place for place, key in enumerate(sorts, start=1)} if len(sorts) > 1 else {}
    heads = []
    for place, column in enumerate(table.columns):
        now = sorts.get(column.key)
        aria = "none" if now is None else "descending" if now.down else "ascending"
        to = escape(selection.query(sort=selection.sorted_by(column), page=1))
        key, label = escape(column.key), escape(column.label)
        order = f'<span class="sort-place">{places[column.key]}</span>' if now and places else ""
        heads.append(
            f'<th scope="col" class="{_class(table, place)}" aria-sort="{aria}" data-key="{key}">'
            f'<div class="th"><a class="sort" id="sort-{key}" href="?{to}">{label}</a>{order}'
            f'<a class="column-menu" id="menu-{key}" href="{menu}{key}/?{query}" data-panel'
            f' title="Sort, filter, hide, colour">'
            f'<span aria-hidden="true">⋯</span><span class="visually-hidden">{label}: sort, filter,'
            f" hide, colour</span></a></div></th>"
        )
    return _html(f'<tr class="groups">{groups}</tr><tr>{"".join(heads)}</tr>')


@register.simple_tag
def trial_rows(table: Table, selection: Selection) -> SafeString:
    classes = [_class(table, place) for place in range(len(table.columns))]
    # One address of each search is worked out, the others differ in the number.
    scope = selection.scope
    trials = {
        search.pk: reverse("trial-detail", args=[TrialNumbers(search, 0)]).removesuffix("0/")
        for search in scope.searches
    }
    return _html(
        "".join(
            _row(table, row, classes, trials[row.trial.search_id], scope.is_project)
            for row in table.rows
        )
    )


@register.filter
def column_url(scope: Scope, key: str) -> str:
    """The menu of a column: {{ scope|column_url:column.key }}."""
    return scope.column_url(key)


@register.simple_tag
def page_query(selection: Selection, page: int) -> str:
    return selection.query(page=page)


def _span(table: Table, title: str, first: int, count: int) -> str:
    """A part that the next one goes on from has no title of its own."""
    frozen = f' class="frozen f{first}"' if first < table.frozen else ""
    if not title:
        return f'<td colspan="{count}"{frozen}></td>'
    scope = "colgroup" if count > 1 else "col"
    return (
        f'<th scope="{scope}" colspan="{count}"{frozen}>'
        f'<span class="group-title">{escape(title)}</span></th>'
    )


def _row(table: Table, row: Row, classes: list[str], at: str, several: bool) -> str:
    trial = row.trial
    number, key = trial.number, trial.pk
    name = f"{number} of search {trial.search.number}" if several else f"{number}"
    row_id = f"row-{trial.search.number}-{number}" if several else f"row-{number}"
    is_best = key == table.best_pk
    tags = ' <span class="tag">baseline</span>' if trial.is_baseline else ""
    if is_best:
        tags += ' <span class="tag accent">best</span>'
    if trial.pinned:
        tags += ' <span class="tag" title="Its weights are kept">pinned</span>'
    if key in table.front:
        tags += ' <span class="tag accent" title="On the Pareto front">front</span>'
    head = (
        f'<th scope="row" class="{classes[0]}"><span class="row-head">'
        f'<label class="choose-place"><input type="checkbox" class="choose" id="choose-{key}"'
        f' value="{key}" aria-label="Choose trial {name}"></label>'
        f'<a id="{row_id}" href="{at}{number}/">{number}</a>{tags}</span></th>'
    )
    cells = "".join(
        _cell(column, cell, names, row)
        for column, cell, names in zip(table.columns[1:], row.cells[1:], classes[1:], strict=True)
    )
    kind = ' class="best"' if is_best or key in table.front else ""
    return f'<tr data-trial="{key}"{kind}>{head}{cells}</tr>'


def _cell(column: Column, cell: Cell, names: str, row: Row) -> str:
    draw = _DRAWN.get(column.key if column.key == "search" else column.kind)
    text = draw(cell, row) if draw else escape(cell.text)
    if cell.shade:
        names = f"{names} {cell.shade}"
    kind = f' class="{names}"' if names else ""
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    return f"<td{kind}{title}>{text}</td>"


def _status(cell: Cell, row: Row) -> str:
    failure = row.trial.failure
    reason = f' <span class="muted small">{escape(failure.caption)}</span>' if failure else ""
    if row.trial.not_finite:
        names = escape(", ".join(row.trial.not_finite))
        reason += (
            f' <span class="tag warning" title="NaN or infinite: {names}">NaN'
            f'<span class="visually-hidden"> or infinite: {names}</span></span>'
        )
    return f'<span class="status status-{row.trial.status}">{escape(cell.text)}</span>{reason}'


def _tags(_cell: Cell, row: Row) -> str:
    return " ".join(f'<span class="tag">{escape(name)}</span>' for name in row.marks.tags)


def _stars(_cell: Cell, row: Row) -> str:
    if not row.marks.stars:
        return ""
    own = "you" if row.marks.starred_by_me else ""
    shape, words = ("★", f"starred by {own}") if own else ("☆", "starred")
    return f'{shape}<span class="visually-hidden"> {words},</span> {row.marks.stars}'


def _search(_cell: Cell, row: Row) -> str:
    search = row.trial.search
    name = f' <span class="muted">{escape(search.name)}</span>' if search.name else ""
    return f'<a href="{reverse("search-detail", args=[search])}">{search.number}</a>{name}'


_DRAWN: dict[str, Any] = {"search": _search, "status": _status, "tags": _tags, "stars": _stars}


def _class(table: Table, place: int) -> str:
    column = table.columns[place]
    names = ["num"] if column.is_number and place else []
    if column.key == "score":
        names.append("score-cell")
    if place < table.frozen:
        names.append(f"frozen f{place}")
    return " ".join(names)


def _html(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308  made of escaped parts
