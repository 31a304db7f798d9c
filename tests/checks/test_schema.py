"""The OpenAPI document against the real service: whatever fits it is answered as it says, and never with a fault."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.harness.site import Site, running_site

EXAMPLES = 150 if os.environ.get("TIRAGE_SOAK") else 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.check(118)
def test_every_operation_keeps_its_word() -> None:
    """Status, type, headers and body of each answer are among those that the document names."""
    site = running_site()
    document = schemathesis.openapi.from_url(f"{site.base}/openapi.json")
    broken = []
    operations: list[Any] = [each.ok() for each in document.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:
        try:
            _try(site, operation)
        except FailureGroup as group:
            broken += [f"{operation.label}: {each.title}: {each.message}" for each in group.exceptions]
    assert len(operations) > 50
    assert not broken, "\n".join(broken)


def _try(site: Site, operation: Any) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        answer = case.call(headers={"authorization": f"Bearer {site.alice.key}"}, timeout=60)
        case.validate_response(answer, checks=CHECKS)

    call()
