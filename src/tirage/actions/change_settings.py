"""What a workspace or a design decides for itself → kept: origins of pages, and who may open links."""

from __future__ import annotations

import re
from dataclasses import replace

from tirage.context import Service
from tirage.engine.errors import Problem, RowProblem
from tirage.store import templates, workspaces
from tirage.store.templates import TemplateRecord
from tirage.store.workspaces import LinkPolicy, WorkspaceSettings

# What browsers send (RFC 6454, 6.2): no path, no slash at the end, no default port, never a pattern.
_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?(?::[1-9][0-9]{0,4})?"
)


async def change_workspace_settings(
    service: Service, workspace: str, *, cors_origins: tuple[str, ...] | None, link_policy: LinkPolicy | None
) -> WorkspaceSettings:
    """The settings with those changed that are given; None leaves one as it is.

    Raises RowProblem `origin_invalid` with each that no browser would send.
    """
    if cors_origins is not None:
        _check_origins(cors_origins)
    async with service.database.workspace(workspace) as tx:
        held = await workspaces.settings(tx)
        wanted = replace(
            held,
            cors_origins=held.cors_origins if cors_origins is None else tuple(dict.fromkeys(cors_origins)),
            link_policy=link_policy or held.link_policy,
        )
        await workspaces.change_settings(tx, wanted, service.clock.now())
        return wanted


async def change_link_policy(
    service: Service, workspace: str, uid: str, link_policy: LinkPolicy | None
) -> TemplateRecord:
    """A design whose links are off, signed or open; None leaves it to its workspace. Raises NotFound."""
    async with service.database.workspace(workspace) as tx:
        strict = (await templates.get(tx, uid)).strict
        return await templates.change(tx, uid, service.clock.now(), link_policy=link_policy, strict=strict)


def _check_origins(origins: tuple[str, ...]) -> None:
    problems = [
        Problem(
            "origin_invalid",
            f"{each[:100]!r} is not an origin as browsers send it.",
            f"/corsOrigins/{place}",
            "Write scheme, host in lower case and a port that is not the scheme's own, such as https://app.example.com.",
        )
        for place, each in enumerate(origins)
        if _ORIGIN.fullmatch(each) is None or each.endswith(":443" if each.startswith("https:") else ":80")
    ]
    if problems:
        raise RowProblem(problems)
