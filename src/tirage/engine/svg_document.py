"""Scene → SVG, written from the four primitives: text as outlines, so that it looks the same everywhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyvips

from tirage.engine import brush, paint
from tirage.engine.markup import (
    box,
    element,
    filter_region,
    linked,
    matrix,
    number,
    numbers,
    opaque,
    path_data,
    stops,
    text,
)
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Glyphs,
    Group,
    LinearGradient,
    Mask,
    Node,
    Outline,
    Paint,
    Path,
    Pattern,
    Picture,
    Pixels,
    Scene,
    Shape,
    Solid,
    Stroke,
)
from tirage.engine.skia_loader import skia
from tirage.engine.values.filter import ColorMatrix, DropShadow, Filter
from tirage.engine.values.transform import Affine, Rect, translation

# What SVG has no means for (conic gradients, colour glyphs) becomes a picture of so many pixels a px.
_DENSITY = 2.0
_MAX_PICTURE_SIDE = 4096


def write_svg(scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
    """The one page of a scene; `dpi` gives it a size in inches."""
    page = scene.pages[0]
    writer = _Writer(f"t{meta.recipe[:6]}", options)
    content = writer.node(page.root)
    content += "".join(
        linked(f'<rect {box(rect)} fill="none" pointer-events="all"/>', url)
        for rect, url in page.links
        if url not in writer.linked
    )
    unit, factor = ("in", options.scale / options.dpi) if options.dpi else ("", options.scale)
    language = f" lang={quoteattr(text(meta.language))}" if meta.language else ""
    title = f"<title>{escape(text(meta.title))}</title>" if meta.title else ""
    defs = f"<defs>{''.join(writer.defs.values())}</defs>" if writer.defs else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(page.width * factor)}{unit}" '
        f'height="{number(page.height * factor)}{unit}" viewBox="0 0 {page.width} {page.height}"{language}>'
        f"{title}{defs}{content}</svg>\n"
    ).encode()


class _Writer:
    """Writes nodes; what they refer to is collected in `defs`, each thing once."""

    def __init__(self, prefix: str, options: OutputOptions) -> None:
        self.defs: dict[str, str] = {}
        self.names: dict[object, str] = {}
        self.labels: set[str] = set()
        self.linked: set[str] = set()
        self.prefix = prefix
        self.quality = options.quality
        self.density = _DENSITY * max(1.0, options.scale)

    def define(self, key: object, markup: str) -> str:
        """The id of a definition, whose markup has `{id}` where its id belongs."""
        if key not in self.names:
            self.names[key] = f"{self.prefix}-{len(self.names)}"
            self.defs[self.names[key]] = markup.replace("{id}", self.names[key], 1)
        return self.names[key]

    def node(self, node: Node) -> str:
        if isinstance(node, Group):
            return self.group(node)
        if isinstance(node, Path):
            return self.path(node)
        if isinstance(node, Picture):
            clip = "" if node.clip is None else f' clip-path="url(#{self.clip(node.clip)})"'
            return self.wrapped(self.picture(node.pixels, node.rect), clip)
        return self.glyphs(node)

    def group(self, group: Group) -> str:
        content = "".join(self.node(child) for child in group.children)
        if not content:
            return ""
        attributes = f" id={quoteattr(self.label(group.label))}" if group.label else ""
        if not group.transform.is_identity:
            attributes += f' transform="{matrix(group.transform)}"'
        if group.filters and (extent := brush.content_extent(group)) is not None:
            reached = brush.extent(Group(group.children, filters=group.filters)) or extent
            attributes += f' filter="url(#{self.filter(group.filters, reached)})"'
        if group.clip is not None:
            attributes += f' clip-path="url(#{self.clip(group.clip)})"'
        if group.mask is not None:
            attributes += f' mask="url(#{self.mask(group.mask)})"'
        if group.opacity < 1:
            attributes += f' opacity="{number(group.opacity)}"'
        if group.blend == "plus-darker":
            attributes += ' style="mix-blend-mode:multiply;mix-blend-mode:plus-darker"'
        elif group.blend != "normal":
            attributes += f' style="mix-blend-mode:{group.blend}"'
        self.linked.add(group.href)
        return linked(self.wrapped(content, attributes), group.href)

    def label(self, text: str) -> str:
        """An id like the label that no other element has."""
        base = made = re.sub(r"[^\w-]+", "-", text).strip("-") or "layer"
        count = 1
        while made in self.labels:
            count += 1
            made = f"{base}-{count}"
        self.labels.add(made)
        return made

    def wrapped(self, content: str, attributes: str) -> str:
        return f"<g{attributes}>{content}</g>" if attributes else content

    def path(self, path: Path) -> str:
        extent = brush.extent(path)
        if extent is None:
            return ""
        fill = 'fill="none"' if path.fill is None else self.paint("fill", path.fill, extent)
        stroke = path.stroke if path.stroke is not None and path.stroke.width > 0 else None
        if stroke is None or stroke.alignment == "center":
            if stroke is not None:
                fill += " " + self.stroke(stroke, extent)
            content = element(path.shape, fill)
        else:
            content = element(path.shape, fill) if path.fill is not None else ""
            content += self.aside(path.shape, stroke, extent)
        return self.blurred(content, path.blur, extent)

    def aside(self, shape: Shape, stroke: Stroke, extent: Rect) -> str:
        """A stroke inside or outside of a shape, made as the painter makes it."""
        inside = stroke.alignment == "inside"
        sharp = inside or stroke.join == "miter"
        if sharp and not stroke.dash and isinstance(shape, Box | Ellipse):
            near, far = (0.0, stroke.width) if inside else (-stroke.width, 0.0)
            ring = "".join(path_data(skia.Path.RRect(brush.inset(shape, by))) for by in (near, far))
            return f'<path d="{ring}" fill-rule="evenodd" {self.paint("fill", stroke.paint, extent)}/>'
        drawn = element(shape, f'fill="none" {self.stroke(stroke, extent, 2.0)}')
        if inside:
            return f'<g clip-path="url(#{self.clip(shape)})">{drawn}</g>'
        hole = f'<rect {box(extent)} fill="#fff"/>' + element(shape, 'fill="#000"')
        mask = self.define(
            ("hole", shape, extent), f'<mask id="{{id}}" maskUnits="userSpaceOnUse" {box(extent)}>{hole}</mask>'
        )
        return f'<g mask="url(#{mask})">{drawn}</g>'

    def stroke(self, stroke: Stroke, extent: Rect, factor: float = 1.0) -> str:
        written = f'{self.paint("stroke", stroke.paint, extent)} stroke-width="{number(stroke.width * factor)}"'
        if stroke.cap != "butt":
            written += f' stroke-linecap="{stroke.cap}"'
        if stroke.join != "miter":
            written += f' stroke-linejoin="{stroke.join}"'
        elif stroke.miter_limit != 4:
            written += f' stroke-miterlimit="{number(stroke.miter_limit)}"'
        if stroke.dash:
            written += f' stroke-dasharray="{numbers(stroke.dash)}"'
            if stroke.dash_offset:
                written += f' stroke-dashoffset="{number(stroke.dash_offset)}"'
        return written

    def paint(self, name: str, value: Paint, extent: Rect) -> str:
        """The attributes `fill…` or `stroke…` of a paint for something that lies within `extent`."""
        if isinstance(value, Solid):
            opacity = f' {name}-opacity="{number(value.color.alpha)}"' if value.color.alpha < 1 else ""
            return f'{name}="{opaque(value.color)}"{opacity}'
        key: object = value
        if isinstance(value, LinearGradient):
            (x1, y1), (x2, y2) = value.start, value.end
            line = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
            units = 'id="{id}" gradientUnits="userSpaceOnUse"'
            markup = f"<linearGradient {units} {line}>{stops(value.stops)}</linearGradient>"
        elif isinstance(value, Pattern | ConicGradient):
            # A tile that nothing reaches beyond, so that only the picture itself can repeat.
            tile = extent.outset(1)
            if isinstance(value, Pattern):
                tile = value.rect if value.repeat else tile.union(value.rect)
                content = self.picture(value.pixels, value.rect)
                key = ("pattern", value.pixels.key, value.rect, tile)
            else:
                content = self.rastered(Path(Box(tile), value), tile)
                key = (value, tile)
            view = f'{box(tile)} viewBox="{numbers((tile.x, tile.y, tile.width, tile.height))}"'
            markup = f'<pattern id="{{id}}" patternUnits="userSpaceOnUse" {view}>{content}</pattern>'
        else:
            (x, y), (rx, ry) = value.center, value.radii
            place = matrix(Affine(max(rx, 1e-3), 0, 0, max(ry, 1e-3), x, y))
            markup = (
                f'<radialGradient id="{{id}}" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="1" '
                f'gradientTransform="{place}">{stops(value.stops)}</radialGradient>'
            )
        return f'{name}="url(#{self.define(key, markup)})"'

    def picture(self, pixels: Pixels, rect: Rect) -> str:
        width, height = pixels.width, pixels.height
        key = ("pixels", pixels.key, width, height)
        if key not in self.names:
            size = f'width="{width}" height="{height}" preserveAspectRatio="none"'
            self.define(key, f'<image id="{{id}}" {size} href="{self.data(pixels)}"/>')
        place = Affine(rect.width / width, 0, 0, rect.height / height, rect.x, rect.y)
        return f'<use href="#{self.names[key]}" transform="{matrix(place)}"/>'

    def data(self, pixels: Pixels) -> str:
        """A data URL: PNG, or JPEG where a quality is asked for and nothing is transparent."""
        array = np.empty((pixels.height, pixels.width, 4), np.uint8)
        info = skia.ImageInfo.Make(pixels.width, pixels.height, skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
        pixels.handle.readPixels(info, array, pixels.width * 4, 0, 0)
        image = pyvips.Image.new_from_memory(array, pixels.width, pixels.height, 4, "uchar").copy(interpretation="srgb")
        if pixels.opaque:
            image = image.extract_band(0, n=3)
        if pixels.opaque and self.quality is not None:
            kind, encoded = "jpeg", image.jpegsave_buffer(Q=self.quality, keep=0)
        else:
            kind, encoded = "png", image.pngsave_buffer(compression=6, filter="paeth", keep=0)
        return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"

    def rastered(self, node: Node, extent: Rect) -> str:
        """What SVG cannot say, as a picture."""
        density = min(self.density, _MAX_PICTURE_SIDE / max(extent.width, extent.height))
        moved = Group((node,), translation(-extent.x, -extent.y))
        return self.picture(paint.flatten(moved, extent.width, extent.height, density), extent)

    def glyphs(self, glyphs: Glyphs) -> str:
        extent = brush.extent(glyphs)
        if extent is None:
            return ""
        label = f' role="img" aria-label={quoteattr(text(glyphs.text))}' if glyphs.text else ""
        if glyphs.typeface.color:
            return self.wrapped(self.rastered(glyphs, extent), label)
        attributes = self.paint("fill", glyphs.paint, extent)
        if glyphs.stroke is not None and glyphs.stroke.width > 0:
            attributes += " " + self.stroke(glyphs.stroke, extent)
        if "url(#" in attributes:
            # A gradient spans the run: <use> would move it along with each glyph.
            content = f'<path d="{path_data(brush.glyph_outlines(glyphs))}" {attributes}/>'
        else:
            content = "".join(self.uses(glyphs))
            content = f"<g {attributes}>{content}</g>" if content else ""
        return self.wrapped(self.blurred(content, glyphs.blur, extent), label if content else "")

    def uses(self, glyphs: Glyphs) -> Iterable[str]:
        font = brush.font(glyphs)
        face = (glyphs.typeface.key, glyphs.size, glyphs.skew, glyphs.embolden)
        for glyph, (x, y) in zip(glyphs.glyphs, glyphs.positions, strict=True):
            if (face, glyph) not in self.names:
                outline = font.getPath(glyph)
                data = "" if outline is None else path_data(outline)
                self.define((face, glyph), f'<path id="{{id}}" d="{data}"/>')
            if 'd=""' not in self.defs[self.names[face, glyph]]:
                yield f'<use href="#{self.names[face, glyph]}" x="{number(x)}" y="{number(y)}"/>'

    def blurred(self, content: str, sigma: float, extent: Rect) -> str:
        if sigma <= 0 or not content:
            return content
        blur = f'<feGaussianBlur stdDeviation="{number(sigma)}"/>'
        return f'<g filter="url(#{self.define(("blur", sigma, extent), filter_region(blur, extent))})">{content}</g>'

    def filter(self, filters: tuple[Filter, ...], extent: Rect) -> str:
        chain = ""
        for index, each in enumerate(filters):
            source, result = f"f{index}" if index else "SourceGraphic", f"f{index + 1}"
            ends = f'in="{source}" result="{result}"'
            if isinstance(each, ColorMatrix):
                chain += f'<feColorMatrix {ends} type="matrix" values="{numbers(each.values)}"/>'
            elif isinstance(each, DropShadow):
                # Spelt out, because not every renderer lets feDropShadow work on anything but the source.
                flood = f'flood-color="{opaque(each.color)}" flood-opacity="{number(each.color.alpha)}"'
                chain += (
                    f'<feGaussianBlur in="{source}" stdDeviation="{number(each.sigma)}"/>'
                    f'<feOffset dx="{number(each.x)}" dy="{number(each.y)}" result="s"/><feFlood {flood}/>'
                    f'<feComposite operator="in" in2="s"/>'
                    f'<feMerge result="{result}"><feMergeNode/><feMergeNode in="{source}"/></feMerge>'
                )
            else:
                chain += f'<feGaussianBlur {ends} stdDeviation="{number(each.sigma)}"/>'
        return self.define(("filter", filters, extent), filter_region(chain, extent))

    def clip(self, shape: Shape) -> str:
        rule = ' clip-rule="evenodd"' if isinstance(shape, Outline) and shape.even_odd else ""
        return self.define(("clip", shape), f'<clipPath id="{{id}}">{element(shape, rule.strip())}</clipPath>')

    def mask(self, mask: Mask) -> str:
        extent = (brush.extent(mask.content) or Rect(0, 0, 0, 0)).outset(1)
        kind = "alpha" if mask.mode == "alpha" else "luminance"
        return self.define(
            ("mask", len(self.names)),
            f'<mask id="{{id}}" maskUnits="userSpaceOnUse" {box(extent)} style="mask-type:{kind}">'
            f"{self.node(mask.content)}</mask>",
        )
