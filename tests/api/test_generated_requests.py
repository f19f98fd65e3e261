"""Requests made of the OpenAPI document, sensible and not: none is a server error, answers are as
the document says, and what is refused is a problem. With `max_examples=2500` it looked further."""

import warnings
from collections.abc import Iterable
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import WSGIApplication

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from tuning.actions.disk import FREEABLE
from tuning.api.site import document
from tuning.models import Comment, Project, SavedModel, Search, Webhook
from tuning.recording import announcing

from .conftest import Caller, rows_of_alice

pytestmark = pytest.mark.slow

# A copy: the original is what the site serves.
DOCUMENT = deepcopy(document())
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
CASES = st.one_of(
    *(
        found.ok().as_strategy()
        for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    )
)
# Those of Schemathesis that look at an answer alone. The others send more requests, which do not
# know the rows of the tests.
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_headers_conformance, response_schema_conformance,
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "\x00", "\ud800", "x" * 5000, "-1", "1e999", "NaN", "’; --", "٣"]),
)
NUMBERS = st.one_of(
    st.integers(-3, 5), st.sampled_from([2**31, 2**63, 10**400, 0.5, 1e308, -0.0, 5e-324])
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
# Names that mean something in a search space, and others.
VALUES = st.one_of(ANYTHING, st.lists(SCALARS, max_size=3), st.dictionaries(
    st.sampled_from(["low", "high", "step", "sampling", "values"]), ANYTHING, max_size=4
))  # fmt: skip
BY_NAME = st.dictionaries(
    st.sampled_from(["units", "optimizer", "momentum", "learning_rate"]) | TEXTS, VALUES, max_size=4
)
FILTERS = st.sampled_from(
    ["status__is", "hp:units__gte", "score__top", "hp:optimizer__in", "worker__matches",
     "tags__any", "metric:val_loss__between", "stars__by", "sort", "column", "view"]
)  # fmt: skip


def body_of(operation: dict[str, Any]) -> st.SearchStrategy[Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return st.none()
    schema = content["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    fields = DOCUMENT["components"]["schemas"][name]["properties"] if name else {}
    values = {field: _values(field, about) for field, about in fields.items()}
    sensible = st.fixed_dictionaries({}, optional=values)
    return st.one_of(sensible, sensible, ANYTHING)


def _values(field: str, about: dict[str, Any]) -> st.SearchStrategy[Any]:
    if field in ("space", "values"):
        return BY_NAME
    if field == "enqueue":
        return st.lists(BY_NAME, max_size=3)
    kinds = {"integer": st.integers(1, 9), "number": st.floats(0, 1), "boolean": st.booleans()}
    likely = kinds.get(about.get("type", ""), st.sampled_from(["max", "random", "val_loss", "x"]))
    return st.one_of(likely, likely, ANYTHING)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, Any], list[tuple[str, str]], Any]:
    """Method, path, what stands for its parameters, the query and the body."""
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    parameters = operation.get("parameters", [])
    wrong = {
        each["name"]: draw(st.sampled_from([0, 99, 2**31, 2**63, 10**30]))
        for each in parameters
        if each["in"] == "path" and draw(st.integers(0, 19)) == 0
    }
    known = [each["name"] for each in parameters if each["in"] == "query"]
    names = st.sampled_from(known) | FILTERS if known else FILTERS
    query = draw(st.lists(st.tuples(names, st.one_of(TEXTS, st.just("csv"))), max_size=3))
    return method, path, wrong, query, draw(body_of(operation))


@pytest.fixture
def site() -> WSGIApplication:
    with warnings.catch_warnings():
        # There are no static files.
        warnings.simplefilter("ignore", UserWarning)
        handler = WSGIHandler()

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        # Servers close an answer, and with it what was uploaded.
        answer = handler(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()

    return application


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10**9


RARELY_SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def rows(project: Project, search: Search, saved_model: SavedModel) -> dict[str, Any]:
    """What stands for the parameters of addresses."""
    comment = Comment.objects.create(
        project=project, search=search, author=project.created_by, text="Hm."
    )
    webhook = Webhook.objects.create(team=project.team, url="https://hooks.example/")
    announcing.test(webhook, project.created_by)
    return {
        "project": project.pk, "search": search.number, "trial": 3, "comment": comment.pk,
        "model": saved_model.number, "dataset": project.dataset_id,
        "template": project.hypermodel_id,
        "team": project.team_id, "username": "alice", "worker": 1, "webhook": webhook.pk,
        "delivery": webhook.deliveries.get().pk, "name": next(iter(FREEABLE)),
        **rows_of_alice(project, saved_model),
    }  # fmt: skip


def test_each_parameter_of_an_address_is_known(rows: dict[str, Any]) -> None:
    asked = {
        each["name"]
        for _, _, operation in OPERATIONS
        for each in operation.get("parameters", [])
        if each["in"] == "path"
    }
    assert asked <= rows.keys()


@settings(max_examples=60, deadline=None, suppress_health_check=RARELY_SLOW)
@given(request=requests())
def test_no_request_is_a_server_error(
    request: Any, alice_calls: Caller, rows: dict[str, Any], unlimited: None
) -> None:
    method, path, wrong, query, body = request
    pairs = [(name, text.encode(errors="surrogatepass")) for name, text in query]
    address = f"{path.format(**{**rows, **wrong})}?{urlencode(pairs)}"
    with transaction.atomic():
        answer = alice_calls(method, f"http://testserver{address}", body)
        transaction.set_rollback(True)
    assert answer.status_code < 500, (method, address, body)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]
    answer.close()


@settings(max_examples=250, deadline=None, suppress_health_check=RARELY_SLOW)
@given(case=CASES)
def test_answers_are_those_of_the_document(
    case: schemathesis.Case, alice_calls: Caller, rows: dict[str, Any], site: WSGIApplication,
    unlimited: None,
) -> None:  # fmt: skip
    case.path_parameters = {
        name: str(rows.get(name, value)) for name, value in case.path_parameters.items()
    }
    case.headers = {**case.headers, "Authorization": f"Bearer {alice_calls.token}"}
    # What is compressed, it does not read.
    case.headers["Accept-Encoding"] = "identity"
    with transaction.atomic():
        answer = WSGI_TRANSPORT.send(case, app=site, base_url="http://testserver")
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)
