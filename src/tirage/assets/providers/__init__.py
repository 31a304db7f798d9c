"""Pictures that are made: wishes and what they begin with → verified bytes, kept so that none is paid for twice."""

from __future__ import annotations

from tirage.assets.providers.maker import Maker
from tirage.assets.providers.port import Input, Provider
from tirage.assets.providers.shelf import BlobShelf, FolderShelf, NoShelf, Shelf
from tirage.assets.providers.sync import SyncMaker

__all__ = ["BlobShelf", "FolderShelf", "Input", "Maker", "NoShelf", "Provider", "Shelf", "SyncMaker"]
