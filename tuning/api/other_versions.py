"""Addresses below /api/ that are not those of version 1: a script that asks for one reads so."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import re_path

from .problems import Problem
from .serving import ANYTHING, served


def nothing(request: HttpRequest) -> HttpResponseBase:
    raise Problem(404, "Not found. The API is at /api/v1/.")


app_name = "api-other-versions"
urlpatterns = [
    re_path(ANYTHING, served(nothing), name="nothing"),
]
