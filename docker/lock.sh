#!/bin/sh
# Writes the three lock files from the three *.in files; `make lock` calls it. Versions that are
# already locked stay unless `--upgrade` (or `--upgrade-package NAME`) is given.
set -eu
cd "$(dirname "$0")/.."
lock() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes \
        --custom-compile-command "make lock" --output-file "$output" "$@"
}
# The largest set first: the smaller ones then take their versions from it, so all three agree.
lock docker/requirements-dev.txt docker/requirements-dev.in "$@"
lock requirements.txt --constraint docker/requirements-dev.txt docker/requirements.in "$@"
lock docker/requirements-web.txt --constraint docker/requirements-dev.txt docker/requirements-web.in "$@"
