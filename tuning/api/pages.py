"""The OpenAPI document for people: the page with all operations, and the document as a file."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from .site import document


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    required: bool
    about: str


@dataclass(frozen=True)
class Operation:
    """`parameters` are those of the address, `body` and `answer` the fields of the JSON."""

    id: str
    tag: str
    method: str
    path: str
    about: str
    parameters: list[Field] = field(default_factory=list)
    body: list[Field] = field(default_factory=list)
    answer: list[Field] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.id.replace("_", " ")


@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters and its fields."""
    groups: dict[str, list[Operation]] = {}
    for operation in operations():
        groups.setdefault(operation.tag, []).append(operation)
    return render(request, "api/reference.html", {"groups": list(groups.items())})


@require_safe
def api_document(request: HttpRequest) -> HttpResponse:
    """The document for people who are signed in; scripts read openapi.json."""
    return JsonResponse(document())


def operations() -> list[Operation]:
    found = document()
    schemas = found["components"]["schemas"]
    return [
        Operation(
            id=one["operationId"],
            tag=one["tags"][0],
            method=method.upper(),
            path=path,
            about=_with_code(one.get("description", "")),
            parameters=[_parameter(each) for each in one.get("parameters", [])],
            body=_fields(schemas, one.get("requestBody", {}).get("content", {})),
            answer=_fields(schemas, _success(one["responses"]).get("content", {})),
        )
        for path, methods in found["paths"].items()
        for method, one in methods.items()
    ]


def _with_code(text: str) -> SafeString:
    """What stands between backticks, as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if place % 2 else part,)
                   for place, part in enumerate(parts)),
    )  # fmt: skip


def _success(responses: dict[Any, Any]) -> dict[str, Any]:
    found = [about for status, about in responses.items() if str(status).startswith("2")]
    return found[0] if found else {}


def _parameter(given: dict[str, Any]) -> Field:
    about, schema = given.get("description", ""), given["schema"]
    return Field(given["name"], _type(schema), given["required"] and given["in"] != "path", about)


def _fields(schemas: dict[str, Any], content: dict[str, Any]) -> list[Field]:
    """Of a body; of a page those of its items."""
    for media in content.values():
        schema = _resolved(schemas, media["schema"])
        if "items" in schema.get("properties", {}) and "next" in schema["properties"]:
            schema = _resolved(schemas, schema["properties"]["items"]["items"])
        required = schema.get("required", [])
        return [
            Field(name, _type(each), name in required, each.get("description", ""))
            for name, each in schema.get("properties", {}).items()
        ]
    return []


def _resolved(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema


def _type(schema: dict[str, Any]) -> str:
    """ "integer or null", "list of string", "Failure"."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2]).removesuffix("Out")
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))
