"""OpenTelemetry: what the web framework sends, as the `OTEL_…` variables say, without anything that rows brought.

Spans and figures leave for a collector where `OTEL_EXPORTER_OTLP_ENDPOINT` names one and the extra `otel` is installed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tirage.log import NOT_LOGGED

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

# Messages of exceptions could quote values; the log tells them redacted.
CONFIG: TelemetryConfig = {"auto_configure": True, "logs": False}
_HIDDEN = ("url.query", "url.path")
"""A link's query holds values of a row, and whoever has a picture's path may read it. The route is told."""


def name_service() -> None:
    """Be `tirage` in traces, unless the environment says otherwise. Before the application is made."""
    os.environ.setdefault("OTEL_SERVICE_NAME", "tirage")


def hide_values() -> None:
    """Keep addresses out of spans; once they are collected, so when the application starts."""
    from opentelemetry import trace

    add = getattr(trace.get_tracer_provider(), "add_span_processor", None)
    if add is None:
        return
    from opentelemetry.sdk.trace import SpanProcessor

    class HideValues(SpanProcessor):  # type: ignore[misc]
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            for name in _HIDDEN:
                if name in (span.attributes or {}):
                    span.set_attribute(name, NOT_LOGGED)

    add(HideValues())
