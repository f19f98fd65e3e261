"""The API object, its routers and its addresses."""

import json
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path, register_converter
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.security import HttpBearer

from tuning.actions.quotas import OverQuota
from tuning.models.addresses import NumberConverter
from tuning.models.idempotency import MAX_KEY_LENGTH

from . import (
    audit,
    confirmations,
    datasets,
    disk,
    dry_runs,
    evaluations,
    gallery,
    hypermodels,
    imports,
    notes,
    notifications,
    people,
    predicted_rows,
    predictions,
    projects,
    queue,
    saved_models,
    scripts,
    searches,
    teams,
    trials,
    uploads,
    webhooks,
    workers,
)
from .problems import CONTENT_TYPE, FieldError, Problem, invalid
from .serving import ANYTHING, NotModified, served

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "maxLength": MAX_KEY_LENGTH},
    "description": "A request with the same key within a day gets the first one's answer.",
}
# Their requests may hold files.
TAKE_FILES = frozenset(
    {
        "datasets",
        "projects/<number:project>/imports",
        "projects/<number:project>/models/<number:model>/predictions/file",
        "uploads/<number:upload>/parts/<number:part>",
    }
)


register_converter(NumberConverter, "number")


class Token(HttpBearer):
    """Described in the document; `serving.py` has asked for it before."""

    def __call__(self, request: HttpRequest) -> Any:
        return getattr(request, "access_token", None)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        raise NotImplementedError


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        body = json.loads(request.body, parse_constant=_refuse)
        # Half a pair of surrogates is no character that a database takes.
        json.dumps(body, ensure_ascii=False).encode()
        return body


def _refuse(constant: str) -> Any:
    raise ValueError(f"JSON has no {constant}.")


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = Api(
    title="Tuneroom",
    version="1",
    description="The REST API of Tuneroom. docs/api.md has examples.",
    docs_url=None,
    openapi_url=None,
    auth=Token(),
    parser=StrictParser(),
)
MODULES = (
    people, teams, datasets, uploads, hypermodels, projects, searches, imports, confirmations,
    dry_runs, trials, scripts, saved_models, evaluations, predicted_rows, predictions, notes,
    notifications, webhooks, queue, workers, audit, gallery, disk,
)  # fmt: skip
for module in MODULES:
    api.add_router("", module.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.response()


@api.exception_handler(OverQuota)
def _over_quota(request: HttpRequest, error: OverQuota) -> HttpResponse:
    return invalid([FieldError("", str(error))]).response()


@api.exception_handler(NotModified)
def _not_modified(request: HttpRequest, _: NotModified) -> HttpResponse:
    # The answer to its ETag is 304.
    return HttpResponse()


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, _: Http404) -> HttpResponse:
    return Problem(404, "Not found.").response()


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, denied: PermissionDenied) -> HttpResponse:
    return Problem(403, str(denied)).response()


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    detail = "The request body is not valid JSON." if error.status_code == 400 else str(error)
    return Problem(error.status_code, detail).response()


@api.exception_handler(ValidationError)
def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid([_field_error(each) for each in error.errors]).response()


# What pydantic calls faults, in the words of the pages' forms.
_SENTENCES = {
    "missing": "This field is required.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "int_from_float": "Enter a whole number.",
    "float_parsing": "Enter a number.",
    "float_type": "Enter a number.",
    "bool_parsing": "Enter true or false.",
    "bool_type": "Enter true or false.",
    "string_type": "Enter a text.",
    "list_type": "Enter a list.",
    "dict_type": "Enter an object.",
}


def _field_error(error: dict[str, Any]) -> FieldError:
    # Where: body or query, the name of the parameter, then the path within it.
    source, *place = map(str, error["loc"])
    field = ".".join(place[1:] if source == "body" else place)
    if error["type"] == "extra_forbidden":
        return FieldError(field, f"Unknown field “{place[-1]}”.")
    if source == "body" and not field:
        return FieldError("", "Send a JSON object.")
    said = error["msg"].removeprefix("Value error, ")
    return FieldError(field, _SENTENCES.get(error["type"], said))


def openapi(request: HttpRequest) -> HttpResponseBase:
    """The OpenAPI document."""
    return HttpResponse(json.dumps(document()), content_type="application/json")


@cache
def document() -> dict[str, Any]:
    """With what holds for all operations: problems, and keys for POST. It depends on no request and
    takes half a second of a processor, so it is made once: leave it unchanged."""
    found: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
    found["components"]["schemas"]["Problem"] = PROBLEM
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in found["paths"].values():
        for method, operation in methods.items():
            operation["responses"]["4XX"] = {"description": "Problem", "content": content}
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    return found


def nothing(request: HttpRequest) -> HttpResponseBase:
    """An address that the API does not have."""
    raise Problem(404, "Not found.")


def _patterns() -> list[URLPattern]:
    operations, _, _ = api.urls
    found: list[Any] = [each for each in operations if each.name != "api-root"]
    for each in found:
        each.callback = served(each.callback, takes_files=str(each.pattern) in TAKE_FILES)
    return [
        path("openapi.json", served(openapi), name="openapi"),
        *found,
        re_path(ANYTHING, served(nothing), name="api-nothing"),
    ]


urlpatterns = _patterns()
app_name = "api"
