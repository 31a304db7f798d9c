"""Spans of the stages of a request, for whoever has traces collected; nothing happens where nobody has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from opentelemetry import trace

P = ParamSpec("P")
T = TypeVar("T")
_tracer = trace.get_tracer("tirage")


def traced(name: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A stage: each call of it is a span of this name, which holds no values."""

    def decorate(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(work)
        async def within(*args: P.args, **kwargs: P.kwargs) -> T:
            if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
                return await work(*args, **kwargs)  # nobody collects them
            with _tracer.start_as_current_span(name, record_exception=False):
                return await work(*args, **kwargs)

        return within

    return decorate
