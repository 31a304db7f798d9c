"""The list of layer types; a template's `layers` are of these and no others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tirage.engine.layer import Layer
from tirage.engine.layers.barcode import BarcodeLayer
from tirage.engine.layers.chart import ChartLayer
from tirage.engine.layers.countdown import CountdownLayer
from tirage.engine.layers.gauge import GaugeLayer
from tirage.engine.layers.group import GroupLayer
from tirage.engine.layers.icon import IconLayer
from tirage.engine.layers.icon_row import IconRowLayer
from tirage.engine.layers.image import ImageLayer
from tirage.engine.layers.progress_bar import ProgressBarLayer
from tirage.engine.layers.qrcode import QrCodeLayer
from tirage.engine.layers.rating import RatingLayer
from tirage.engine.layers.shape import ShapeLayer
from tirage.engine.layers.svg import SvgLayer
from tirage.engine.layers.table import TableLayer
from tirage.engine.layers.text import TextLayer
from tirage.engine.layers.tick_gauge import TickGaugeLayer

LAYER_TYPES: tuple[type[Layer], ...] = (
    TextLayer,
    ImageLayer,
    ShapeLayer,
    SvgLayer,
    GroupLayer,
    QrCodeLayer,
    BarcodeLayer,
    GaugeLayer,
    TickGaugeLayer,
    ProgressBarLayer,
    RatingLayer,
    ChartLayer,
    IconLayer,
    CountdownLayer,
    TableLayer,
    IconRowLayer,
)

AnyLayer = Annotated[
    TextLayer
    | ImageLayer
    | ShapeLayer
    | SvgLayer
    | GroupLayer
    | QrCodeLayer
    | BarcodeLayer
    | GaugeLayer
    | TickGaugeLayer
    | ProgressBarLayer
    | RatingLayer
    | ChartLayer
    | IconLayer
    | CountdownLayer
    | TableLayer
    | IconRowLayer,
    Field(discriminator="type"),
]

GroupLayer.model_rebuild(_types_namespace={"AnyLayer": AnyLayer})

BY_TYPE: dict[str, type[Layer]] = {kind.model_fields["type"].default: kind for kind in LAYER_TYPES}
"""Layer classes by the value of `type`."""
