"""Adding a layer type touches the files that CONTRIBUTING names, and no other."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import tirage
from tirage.engine import layers
from tirage.engine.layer import Layer

SOURCE = Path(tirage.__file__).parent
ROOT = SOURCE.parent.parent
LIST = SOURCE / "engine" / "layers" / "__init__.py"


@pytest.mark.parametrize("kind", layers.LAYER_TYPES, ids=lambda kind: kind.__name__)
def test_a_layer_type_is_one_file_and_its_lines_in_the_list(kind: type[Layer]) -> None:
    """No other module knows the class: its file, and the list: an import, a place in the tuple, one in the union."""
    own = Path(inspect.getfile(kind))
    naming = {
        path for path in SOURCE.rglob("*.py") if re.search(rf"\b{kind.__name__}\b", path.read_text(encoding="utf-8"))
    }
    assert naming == {own, LIST}
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if re.search(rf"\b{kind.__name__}\b", line)]
    # A group is named once more: its children are of the union that is built here.
    assert len(lines) == (4 if kind.__name__ == "GroupLayer" else 3)


def test_every_file_of_the_folder_is_in_the_list() -> None:
    """No type lies there without being one."""
    listed = {Path(inspect.getfile(kind)).name for kind in layers.LAYER_TYPES}
    assert listed == {path.name for path in LIST.parent.glob("*.py")} - {"__init__.py"}


@pytest.mark.parametrize("kind", layers.LAYER_TYPES, ids=lambda kind: kind.__name__)
def test_every_layer_type_is_in_a_golden(kind: type[Layer]) -> None:
    """A picture of it is looked at and kept."""
    wanted = f'"{kind.model_fields["type"].default}"'
    goldens = (ROOT / "tests" / "goldens").glob("*/template.json")
    assert any(re.search(rf'"type":\s*{wanted}', path.read_text(encoding="utf-8")) for path in goldens)


def test_the_recipe_names_these_files() -> None:
    """What is counted here is what CONTRIBUTING says."""
    recipe = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("### Add a layer type")[2].partition("###")[0]
    )
    for place in ("src/tirage/engine/layers/<kind>.py", "src/tirage/engine/layers/__init__.py", "tests/goldens/<kind>"):
        assert place in recipe
