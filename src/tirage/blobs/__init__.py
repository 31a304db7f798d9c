"""Object storage behind one protocol: a local folder, S3, Google Cloud Storage or Azure."""

from __future__ import annotations

from tirage.blobs.choose import open_blobs
from tirage.blobs.port import About, Blob, Blobs, Readiness, Span, Stored
from tirage.blobs.problems import StorageProblem

__all__ = ["About", "Blob", "Blobs", "Readiness", "Span", "StorageProblem", "Stored", "open_blobs"]
