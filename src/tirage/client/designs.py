"""Drawing: a design and values → a picture at an address, or its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tirage.client.models import Picture
from tirage.client.transport import Transport


class Designs:
    """`POST /designs/{id}`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def render(
        self,
        design: str,
        params: Sequence[Mapping[str, Any]] = (),
        *,
        variables: Mapping[str, Any] | None = None,
        format: str = "png",
        metadata: str = "",
        options: Mapping[str, Any] | None = None,
        strict: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[Picture, ...]:
        """Draw and store: one picture, or one for each page of the design.

        `params` are changes to layers by name, `variables` values of the design's variables; `options` are further
        members of the request's body, such as `scale`, `quality` or `dpi`. Raises ApiError.
        """
        said = self._transport.json(
            "POST",
            f"/designs/{design}",
            params={"strict": "true" if strict else None},
            body=_body(params, variables, format, metadata, options),
            once=idempotency_key or True,
        )
        several = said.get("pages") if isinstance(said, dict) else None
        pages = several if isinstance(several, list) else [said]
        return tuple(Picture.of(each) for each in pages)

    def render_bytes(
        self,
        design: str,
        params: Sequence[Mapping[str, Any]] = (),
        *,
        variables: Mapping[str, Any] | None = None,
        format: str = "png",
        options: Mapping[str, Any] | None = None,
        strict: bool = False,
    ) -> bytes:
        """The same, answered with the file itself. Raises ApiError, `one_page_only` for pictures of several pages."""
        return self._transport.bytes(
            "POST",
            f"/designs/{design}",
            params={"response": "binary", "strict": "true" if strict else None},
            body=_body(params, variables, format, "", options),
            once=True,
        )


def _body(
    params: Sequence[Mapping[str, Any]],
    variables: Mapping[str, Any] | None,
    format: str,
    metadata: str,
    options: Mapping[str, Any] | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {**(options or {}), "format": format, "variables": dict(variables or {})}
    if metadata:
        body["metadata"] = metadata
    if params:
        body["params"] = [dict(each) for each in params]
    return body
