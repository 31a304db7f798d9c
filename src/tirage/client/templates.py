"""Stored designs: listed, found by name, stored, replaced, deleted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from tirage.client.errors import ApiError
from tirage.client.models import Design
from tirage.client.transport import Transport


class Templates:
    """`/templates`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, workspace: str | None = None) -> tuple[Design, ...]:
        """All designs of a workspace, newest first; without one, of the key's own. Raises ApiError."""
        said = self._transport.json("GET", "/templates", params={"workspaceId": workspace})
        if not isinstance(said, list):
            raise ApiError("answer_invalid", "The server's answer is no list of designs.")
        return tuple(Design.of(each) for each in said)

    def get(self, design: str) -> Design:
        """One design. Raises ApiError `template_not_found`."""
        return Design.of(self._transport.json("GET", f"/templates/{design}"))

    def find(self, text: str) -> Design:
        """The design with this id, or with this name; case, blanks and hyphens in names make no difference.

        The first words of a name will do where no other begins with them: `open-graph` for "Open graph card".
        Raises ApiError `design_not_found` with the closest name, `design_ambiguous` where several have the name.
        """
        found = self.list()
        for each in found:
            if each.id == text:
                return each
        asked = slug(text)
        named = [each for each in found if slug(each.name) == asked]
        named = named or [each for each in found if asked and slug(each.name).startswith(f"{asked}-")]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(each.id for each in named[:10])
            raise ApiError("design_ambiguous", f"{len(named)} designs are called {text[:60]!r}; say the id: {ids}.")
        near = get_close_matches(slug(text), [slug(each.name) for each in found], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ApiError("design_not_found", f"The server has no design {text[:60]!r} for this key.{hint}")

    def create(self, document: Mapping[str, Any], workspace: str | None = None) -> Design:
        """Store a template document as a new design. Raises ApiError with every problem of the document."""
        said = self._transport.json("POST", "/templates", params={"workspaceId": workspace}, body=document, once=True)
        return Design.of(said)

    def replace(self, design: str, document: Mapping[str, Any], version: int | None = None) -> Design:
        """Store a design's next version; `version` is the one that is changed, None whichever it is.

        Raises ApiError `version_conflict` where somebody else has changed it.
        """
        match = "*" if version is None else f'"{version}"'
        said = self._transport.json("PUT", f"/templates/{design}", body=document, headers={"if-match": match})
        return Design.of(said)

    def delete(self, design: str) -> None:
        """Remove a design with its versions; its pictures stay. Raises ApiError."""
        self._transport.json("DELETE", f"/templates/{design}")


def slug(name: str) -> str:
    """A name as people type it: no marks, no case, one hyphen for whatever separates words."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[\W_]+", "-", bare.casefold()).strip("-")
