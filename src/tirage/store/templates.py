"""Designs: the current document and every earlier one by its version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Database, Transaction
from tirage.engine.errors import Problem
from tirage.store.errors import Conflict, NotFound
from tirage.store.fonts import MARK
from tirage.store.unique import with_new_uid
from tirage.store.workspaces import LinkPolicy


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """What is known of a design without reading its document.

    `summary` is what lists show of the document, JSON text of whoever wrote it. `link_policy` and `strict` are None
    where the workspace's settings hold.
    """

    id: str
    workspace_id: str
    name: str
    version: int
    document_hash: bytes
    summary: str
    link_policy: LinkPolicy | None
    strict: bool | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document about to be stored: JSON text as it will come back, SHA-256 of its canonical form, what lists show."""

    name: str
    document: str
    document_hash: bytes
    summary: str = ""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One version of a design's document."""

    template_id: str
    version: int
    document: str
    document_hash: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Present:
    """A design's present version, and the mark of its workspace's fonts (`fonts.mark`)."""

    version: int
    fonts_mark: str


@dataclass(frozen=True, slots=True)
class PublicTemplate:
    """Where a design belongs and whether its links work, for callers without a key."""

    id: str
    workspace_id: str
    version: int
    link_policy: LinkPolicy
    fonts_mark: str


_COLUMNS: LiteralString = (
    "id, workspace_id, name, version, document_hash, summary, link_policy, strict, created_at, updated_at"
)
_INSERT: LiteralString = (
    """
INSERT INTO templates (id, workspace_id, name, document_hash, summary, created_at, updated_at)
VALUES (%(uid)s, %(workspace)s, %(name)s, %(document_hash)s, %(summary)s, %(now)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING """
    + _COLUMNS
    + """
"""
)
_INSERT_VERSION: LiteralString = """
INSERT INTO template_versions (template_id, version, workspace_id, document, document_hash, created_at)
VALUES (%(uid)s, %(version)s, %(workspace)s, %(document)s, %(document_hash)s, %(now)s)
"""
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM templates WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_LOOK: LiteralString = (
    "SELECT version, "
    + MARK
    + """ AS fonts_mark FROM templates WHERE workspace_id = %(workspace)s AND id = %(uid)s
"""
)
_LIST: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM templates
WHERE workspace_id = %(workspace)s
ORDER BY created_at DESC, id DESC
"""
)
_REPLACE: LiteralString = (
    """
UPDATE templates
SET name = %(name)s, document_hash = %(document_hash)s, summary = %(summary)s, version = version + 1,
    updated_at = %(now)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s AND version = coalesce(%(expected)s, version)
RETURNING """
    + _COLUMNS
    + """
"""
)
_CHANGE: LiteralString = (
    """
UPDATE templates SET link_policy = %(link_policy)s, strict = %(strict)s, updated_at = %(now)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
_DELETE: LiteralString = (
    """
DELETE FROM templates WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
_DOCUMENT: LiteralString = """
SELECT template_id, version, document, document_hash, created_at FROM template_versions
WHERE workspace_id = %(workspace)s AND template_id = %(uid)s
  AND version = coalesce(
      %(version)s, (SELECT version FROM templates WHERE workspace_id = %(workspace)s AND id = %(uid)s))
"""
_PUBLIC: LiteralString = """
SELECT templates.id, templates.workspace_id, version,
       coalesce(templates.link_policy, workspace_settings.link_policy, 'signed') AS link_policy,
       coalesce((SELECT md5(string_agg(encode(sha256, 'hex'), '' ORDER BY fonts.id))
                 FROM fonts WHERE fonts.workspace_id = templates.workspace_id), '') AS fonts_mark
FROM templates LEFT JOIN workspace_settings USING (workspace_id)
WHERE templates.id = %(uid)s
"""


async def create(tx: Transaction, new: NewDocument, now: datetime) -> TemplateRecord:
    """A new design, version 1."""
    made = await with_new_uid(
        lambda uid: tx.one(
            TemplateRecord,
            _INSERT,
            uid=uid,
            name=new.name,
            document_hash=new.document_hash,
            summary=new.summary,
            now=now,
        )
    )
    await _keep_version(tx, made, new, now)
    return made


async def list_templates(tx: Transaction) -> list[TemplateRecord]:
    """All designs of the workspace, newest first."""
    return await tx.all(TemplateRecord, _LIST)


async def get(tx: Transaction, uid: str) -> TemplateRecord:
    """One design. Raises NotFound `template_not_found`."""
    return _found(await tx.one(TemplateRecord, _GET, uid=uid), uid)


async def look(database: Database, workspace: str, uid: str) -> Present:
    """What a request asks first, in a transaction of its own. Raises NotFound `template_not_found`."""
    found = await database.look(workspace, Present, _LOOK, uid=uid)
    if found is None:
        raise NotFound.of("template", uid)
    return found


async def document(tx: Transaction, uid: str, version: int | None = None) -> StoredDocument:
    """A design's document, the current one unless a version is named. Raises NotFound `template_not_found`."""
    stored = await tx.one(StoredDocument, _DOCUMENT, uid=uid, version=version)
    if stored is None:
        raise NotFound.of("template", uid if version is None else f"{uid} version {version}")
    return stored


async def replace(
    tx: Transaction, uid: str, new: NewDocument, now: datetime, *, expected: int | None = None
) -> TemplateRecord:
    """Store a new version of a design's document; `expected` is the version that the caller has seen (If-Match).

    Raises Conflict `version_conflict` where somebody has stored another since, NotFound `template_not_found`.
    """
    made = await tx.one(
        TemplateRecord,
        _REPLACE,
        uid=uid,
        name=new.name,
        document_hash=new.document_hash,
        summary=new.summary,
        expected=expected,
        now=now,
    )
    if made is None:
        present = await get(tx, uid)
        raise Conflict(
            Problem(
                "version_conflict",
                f"The design {uid} is at version {present.version}, not {expected}.",
                hint="Read it again, apply your change to what you get, and store that.",
            )
        )
    await _keep_version(tx, made, new, now)
    return made


async def change(
    tx: Transaction, uid: str, now: datetime, *, link_policy: LinkPolicy | None, strict: bool | None
) -> TemplateRecord:
    """Set what a design decides for itself; None leaves it to the workspace. Raises NotFound `template_not_found`."""
    changed = await tx.one(TemplateRecord, _CHANGE, uid=uid, link_policy=link_policy, strict=strict, now=now)
    return _found(changed, uid)


async def delete(tx: Transaction, uid: str) -> TemplateRecord:
    """Remove a design with all versions and its hooks; its pictures stay. Raises NotFound `template_not_found`."""
    return _found(await tx.one(TemplateRecord, _DELETE, uid=uid), uid)


async def find_public(system: Transaction, uid: str) -> PublicTemplate | None:
    """A design by its id alone, for a link. In a transaction of the system: a link bears no key."""
    return await system.one(PublicTemplate, _PUBLIC, uid=uid)


async def _keep_version(tx: Transaction, record: TemplateRecord, new: NewDocument, now: datetime) -> None:
    await tx.execute(
        _INSERT_VERSION,
        uid=record.id,
        version=record.version,
        document=new.document,
        document_hash=new.document_hash,
        now=now,
    )


def _found(record: TemplateRecord | None, uid: str) -> TemplateRecord:
    if record is None:
        raise NotFound.of("template", uid)
    return record
