"""Addresses below /api/ that are not those of version 1: a script that asks for one reads so."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from .problems import Problem
from .serving import served


def nothing(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    raise Problem(404, "Not found. The API is at /api/v1/.")


app_name = "api-other-versions"
urlpatterns = [
    path("", served(nothing), name="nothing"),
    path("<path:rest>", served(nothing), name="nothing"),
]
