"""A table: rows of data in columns, with header and footer; what does not fit goes on in another table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.expressions import localised
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import FontRef
from tirage.engine.scene import Group
from tirage.engine.sheet.columns import Column, Grid, grid_of
from tirage.engine.sheet.data import MAX_COLUMNS, TableRows
from tirage.engine.sheet.sheet import Sheet
from tirage.engine.sheet.style import SheetStyle
from tirage.engine.values.transform import Rect, translation

_STEPS = 7
"""Halvings of the range of sizes in which the largest that fits is looked for: to a hundredth of it."""


class TableLayer(SheetStyle, BoxedLayer):
    """A table as broad as its box, from its top."""

    main: ClassVar[str | None] = "rows"

    type: Literal["table"] = "table"
    rows: TableRows = Field((), description="Lists of cells, objects, JSON of either, or lines with | between cells.")
    columns: tuple[Column, ...] = Field(
        (), max_length=MAX_COLUMNS, description="In their order; unset means those of the rows."
    )
    header: Literal["auto", "none", "firstRow"] = Field(
        "auto", description="auto has one where columns have names; firstRow takes it from the data."
    )
    keep_empty: bool = Field(False, description="Whether rows without anything in them are drawn.")
    fit: Literal["none", "shrink"] = Field("none", description="shrink makes texts smaller until all rows fit.")
    min_font_size: float = Field(8, ge=1, le=500, description="The smallest size with fit shrink, px.")
    continues: Annotated[str, Field(max_length=100)] = Field(
        "", description="The name of the table whose rows go on here, where they do not fit there."
    )
    direction: Literal["auto", "ltr", "rtl"] = Field("auto", description="Order of columns; auto is the locale's.")

    def fonts(self) -> Iterator[FontRef]:
        """The faces of all cells."""
        weights = {cell.font_weight for row in self.rows for cell in row.cells}
        weights |= {column.font_weight for column in self.columns}
        yield from self.faces({weight for weight in weights if weight})

    def borrows(self) -> bool:
        """Whether its rows are another table's."""
        return bool(self.continues)

    def natural(self, ctx: LowerContext, width: float | None) -> tuple[float, float] | None:
        """As high as all of its rows."""
        broad = self.width.value if width is None and not self.width.percent else width
        if broad is None or self.continues:
            return None
        sheet, edge = self._sheet(ctx, self._grid(), broad), self.border_px(broad, broad)
        return broad, sheet.height(0, len(sheet.grid.rows)) + 2 * edge

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """The rows that fit, of those that no table before it shows. Raises ResourceProblem `table_circular`."""
        start, grid = self._start(ctx)
        edge = self.border_px(width, height)
        sheet, room = self._fitted(ctx, grid, width, height, start), height - 2 * edge
        end = sheet.fitting(start, room)
        left = len(grid.rows) - end
        if left and not any(self._continued_by(other) for other, _, _ in ctx.layers()):
            message = f"{left} of {len(grid.rows)} rows do not fit, and no table continues this one."
            ctx.warn("table_overflow", message, key="rows")
        used = sheet.height(start, end) if end > start or not self.continues else 0.0
        rows = tuple(sheet.draw(start, end)) if used else ()
        clip = self.frame(width, height)
        content = Group((Group(rows, transform=translation(edge, edge)),), clip=clip if any(clip.radii) else None)
        ink = Rect(0, 0, width, used + 2 * edge)
        return Lowered(alpha_shadows(self.framed((content,), width, height), self.shadow), ink=ink)

    def _start(self, ctx: LowerContext, seen: tuple[str, ...] = ()) -> tuple[int, Grid]:
        """The first row that is shown here, and all rows: the layer's own, or those of the first table of a chain."""
        if not self.continues:
            return 0, self._grid()
        if self.name in seen:
            chain = " → ".join((*seen, self.name))
            message = f"Tables continue each other in a circle: {chain}."
            raise ResourceProblem(Problem("table_circular", message, "/continues", layer=self.name))
        for other, width, height in ctx.layers():
            if isinstance(other, TableLayer) and other.name == self.continues:
                start, grid = other._start(ctx, (*seen, self.name))
                sheet = other._fitted(ctx, grid, width, height, start)
                return sheet.fitting(start, height - 2 * other.border_px(width, height)), grid
        ctx.warn("table_unknown", f"No table that is shown is called {self.continues!r}.", key="continues")
        return 0, Grid((), (), (), ())

    def _continued_by(self, other: Any) -> bool:
        return isinstance(other, TableLayer) and other.continues == self.name

    def _grid(self) -> Grid:
        return grid_of(self.columns, self.rows, header=self.header, keep_empty=self.keep_empty)

    def _sheet(self, ctx: LowerContext, grid: Grid, width: float, zoom: float = 1.0) -> Sheet:
        rtl = self.direction == "rtl" or (self.direction == "auto" and localised.is_rtl(ctx.locale))
        return Sheet(ctx, grid, self, max(1.0, width - 2 * self.border_px(width, width)), zoom=zoom, rtl=rtl)

    def _fitted(self, ctx: LowerContext, grid: Grid, width: float, height: float, start: int) -> Sheet:
        """The table at its own size, or with `shrink` at the largest at which all rows fit."""
        room, count = height - 2 * self.border_px(width, height), len(grid.rows)
        sheet = self._sheet(ctx, grid, width)
        if self.fit == "none" or sheet.fitting(start, room) == count:
            return sheet
        low, high = min(1.0, self.min_font_size / self.font_size), 1.0
        best = self._sheet(ctx, grid, width, low)
        for _ in range(_STEPS if best.fitting(start, room) == count else 0):
            middle = self._sheet(ctx, grid, width, (low + high) / 2)
            if middle.fitting(start, room) == count:
                low, best = (low + high) / 2, middle
            else:
                high = (low + high) / 2
        return best
