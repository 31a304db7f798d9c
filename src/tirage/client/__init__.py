"""The Python client of a Tirage server: designs, templates, pictures and batches, with one type of error.

    from tirage.client import Client

    with Client("https://pictures.example.com", "tir_live_…") as tirage:
        batch = tirage.batches.submit("d12fb6f526", data="people.csv")
        print(tirage.batches.wait(batch.id).counts)

It imports nothing of the rest of the package, and loads no drawing library.
"""

from __future__ import annotations

from tirage.client.client import Client
from tirage.client.download import Downloaded
from tirage.client.errors import ApiError, ApiProblem
from tirage.client.models import (
    Batch,
    BatchCounts,
    BatchRow,
    Design,
    DesignLayer,
    Picture,
    Preview,
    PreviewColumn,
    PreviewRow,
    RowError,
)

__all__ = [
    "ApiError",
    "ApiProblem",
    "Batch",
    "BatchCounts",
    "BatchRow",
    "Client",
    "Design",
    "DesignLayer",
    "Downloaded",
    "Picture",
    "Preview",
    "PreviewColumn",
    "PreviewRow",
    "RowError",
]
