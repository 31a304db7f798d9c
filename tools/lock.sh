#!/bin/sh
# Write requirements.lock (what `pip install tirage` brings) and requirements-dev.lock (with tests, checks and docs):
# exact versions with hashes for every supported platform, and no word about where they were fetched or by whom.
set -eu
cd "$(dirname "$0")/.."
compile() {
    "${PYTHON:-python3}" -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade pyproject.toml "$@"
}
compile --output-file requirements.lock
compile --extra dev --extra docs --extra faces --extra parquet --extra video --extra otel --constraint requirements.lock --output-file requirements-dev.lock
