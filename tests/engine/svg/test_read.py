"""Hostile drawings are refused or cleaned before anything draws them."""

from __future__ import annotations

import base64
import gzip
import itertools
from pathlib import Path

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tirage.engine.errors import ResourceProblem
from tirage.engine.images.header import probe
from tirage.engine.scene import Picture
from tirage.engine.skia_loader import skia
from tirage.engine.svg.draw import lower_svg, raster
from tirage.engine.svg.read import MAX_BYTES, prepare_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 20 20">'


def svg(content: str) -> bytes:
    """A drawing with some content."""
    return f"{HEAD}{content}</svg>".encode()


def refusal(markup: bytes) -> str:
    """The code with which a drawing is refused."""
    with pytest.raises(ResourceProblem) as caught:
        prepare_svg(markup, probe)
    assert caught.value.problems[0].hint
    return caught.value.code


def kept(markup: bytes) -> str:
    """What is left of a drawing, as it goes to the rasteriser, rules included."""
    drawing = prepare_svg(markup, probe)
    return str(etree.tostring(drawing.root, encoding="unicode")) + " ".join(rule.css for rule in drawing.rules)


def embedded(suffix: str = ".png", size: int = 4) -> str:
    """A red picture as base64."""
    red = pyvips.Image.black(size, size).bandjoin([0, 0]).linear(1, [255, 0, 0], uchar=True).copy(interpretation="srgb")
    return base64.b64encode(red.write_to_buffer(suffix)).decode()


ACTIVE = [
    "<script>alert(1)</script>",
    "<sCrIpt xmlns='http://www.w3.org/1999/xhtml'>alert(1)</sCrIpt>",
    "<rect width='9' height='9' onload='alert(1)' onclick='alert(1)'/>",
    "<a href='javascript:alert(1)'><rect width='9' height='9'/></a>",
    "<a xlink:href='java&#115;cript:alert(1)'><rect width='9' height='9'/></a>",
    "<animate attributeName='href' to='javascript:alert(1)'/><set attributeName='onload' to='alert(1)'/>",
    "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='javascript:alert(1)'/></foreignObject>",
    "<handler type='application/ecmascript'>alert(1)</handler>",
    "<rect style='width: expression(alert(1)); -moz-binding: url(http://h/x#alert)'/>",
    "<style>rect{fill:expression(alert(1));behavior:url(alert.htc)}</style>",
    "<![CDATA[<script>alert(1)</script>]]>",
]


@pytest.mark.check(81)
@pytest.mark.parametrize("content", ACTIVE)
def test_nothing_that_runs_is_kept(content: str) -> None:
    """Scripts, handlers, animations, foreign documents and active CSS are gone, by elements and attributes."""
    assert "alert" not in kept(svg(content))
    root = prepare_svg(svg(content), probe).root
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)


OUTSIDE = [
    "<image width='20' height='20' href='{0}'/>",
    "<image width='20' height='20' xlink:href='{0}'/>",
    "<use href='{0}#a'/>",
    "<rect width='20' height='20' fill='url({0}#a)'/>",
    "<rect width='20' height='20' fill='\\75rl({0})'/>",
    "<rect width='20' height='20' style='fill:url(\"{0}\");filter:url({0}#f)'/>",
    "<style>@import url({0}); @font-face{{font-family:x;src:url({0})}} rect{{fill:url({0}#a)}}</style>",
    "<style>rect{{fill:image-set(url({0}))}} rect{{mask:src('{0}')}}</style>",
    "<filter id='f'><feImage href='{0}'/></filter><rect width='20' height='20' filter='url(#f)'/>",
    "<linearGradient id='g' href='{0}#g'/><rect width='20' height='20' fill='url(#g)'/>",
    "<?xml-stylesheet href='{0}'?>",
    "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{0}' parse='text'/>",
    "<g xml:base='{0}'/>",
]
PLACES = [
    "file:///etc/passwd", "/etc/hostname", "../x.png", "red.png", "//h/x", "\\\\h\\x", "http://127.0.0.1/",
    "data:text/html,x", "data:image/svg+xml,x", "data:image/png;base64,AAAA",
]  # fmt: skip


def filled(content: str, place: str) -> str:
    """A part of a drawing that refers to a place."""
    return content.replace("{0}", place).replace("{{", "{").replace("}}", "}")


@pytest.mark.check(82, 83)
@pytest.mark.parametrize("content", OUTSIDE)
def test_references_to_the_outside_are_dropped(content: str) -> None:
    """No file, host or document is named in what is left, whichever way it was referred to."""
    for place in PLACES:
        assert place not in kept(svg(filled(content, place))), place


@pytest.mark.check(82)
def test_a_picture_beside_the_process_never_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a red PNG in the working folder, a drawing that names it stays empty."""
    folder = tmp_path
    (folder / "red.png").write_bytes(base64.b64decode(embedded()))
    monkeypatch.chdir(folder)
    for place in ("red.png", "./red.png", str(folder / "red.png"), (folder / "red.png").as_uri()):
        source = prepare_svg(svg(f"<image width='20' height='20' href='{place}'/><text>.</text>"), probe)
        assert raster(source, 20, 20, 1).pixels.handle.toarray()[:18, 4:].max() == 0


def test_embedded_pictures_stay_where_their_headers_are_good() -> None:
    """A `data:` PNG or JPEG is drawn; a bomb, a lie about the type of content and a picture without a probe are not."""
    for kind, suffix in (("png", ".png"), ("jpeg", ".jpg")):
        markup = svg(f"<image width='20' height='20' href='data:image/{kind};base64,{embedded(suffix, 16)}'/>")
        node = lower_svg(prepare_svg(markup, probe), 20, 20)
        assert isinstance(node, Picture)
        assert node.pixels.handle.toarray(colorType=skia.kRGBA_8888_ColorType)[10, 10].tolist()[0] > 250
        assert "data:" not in etree.tostring(prepare_svg(markup).root, encoding="unicode")
    bomb = base64.b64encode(b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\x0f" + bytes(9)).decode()
    for data in (bomb, embedded(".gif"), base64.b64encode(b"<svg/>").decode(), "%%%"):
        assert "href" not in kept(svg(f"<image href='data:image/png;base64,{data}'/>"))


@pytest.mark.check(84)
@pytest.mark.parametrize(
    "markup",
    [
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg/>',
        '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><svg>&c;</svg>',
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>',
        '<!DOCTYPE s [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd">%p;]><svg/>',
        '<?xml version="1.0"?><!DOCTYPE svg><svg/>',
    ],
)
def test_any_doctype_is_refused(markup: str) -> None:
    """Whatever a DOCTYPE holds, and in whichever encoding it comes, the drawing is refused."""
    for encoding in ("utf-8", "utf-16"):
        assert refusal(markup.encode(encoding)) == "svg_rejected"
    for encoding in ("utf-7", "utf-32"):
        declaration = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
        assert refusal(declaration + markup.encode(encoding)) == "svg_rejected"


@pytest.mark.check(85)
@pytest.mark.parametrize(
    "content",
    [
        "<g id='a0'><rect/></g>"
        + "".join(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>" for n in range(1, 10)),
        "<g id='a'><use href='#a'/></g>",
        "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>",
        "<pattern id='a'><rect fill='url(#a)'/></pattern><rect fill='url(#a)'/>",
        "<mask id='a'><rect mask='url(#a)'/></mask>",
        "<clipPath id='a'><rect clip-path='url(#a)'/></clipPath>",
        "<filter id='a'><feFlood filter='url(#a)'/></filter>",
        "<marker id='a'><path d='M0 0h1' style='marker:url(#a)'/></marker>",
        "<linearGradient id='a' href='#b'/><linearGradient id='b' href='#a'/>",
        "<style>.x{fill:url(#a)}</style><pattern id='a'><rect class='x'/></pattern>",
        "".join(f"<g id='a{n}'><use href='#a{n + 1}'/></g>" for n in range(3000)),
        "<marker id='a'>" + "<rect/>" * 300 + f"</marker><path marker-mid='url(#a)' d='M0 0{'l1 1' * 1000}'/>",
    ],
)
def test_repetition_and_cycles_are_counted(content: str) -> None:
    """Nested uses multiply, cycles are found, whatever kind of reference they are made of."""
    assert refusal(svg(content)) == "svg_too_complex"


@pytest.mark.check(86, 87)
@pytest.mark.parametrize(
    "content",
    [
        "<g>" * 200 + "</g>" * 200,
        "<script>" + "<g>" * 200 + "</g>" * 200 + "</script>",
        "<rect/>" * 60_000,
        f"<path d='M0 0{'l1 1' * 300_000}'/>",
        f"<text>{'x' * 20_000}</text>",
        f"<style>{'a{fill:red}' * 20_000}</style>",
        "<g opacity='.9'/>" * 2000,
        "<filter id='f'><feTurbulence numOctaves='100000'/></filter>",
        "<filter id='f'><feMorphology radius='500'/></filter>",
        "<filter id='f'><feConvolveMatrix order='1000'/></filter>",
        "<filter id='f'><feGaussianBlur stdDeviation='1e6'/></filter>",
        "<filter id='f'>" + "<feOffset/>" * 200 + "</filter>",
        " " * (MAX_BYTES + 1),
    ],
)
def test_heavy_drawings_are_refused(content: str) -> None:
    """Depth, number of elements, length of paths and text, layers and filters each have a limit."""
    assert refusal(svg(content)) == "svg_too_complex"


@pytest.mark.check(89)
def test_packed_and_differently_encoded_drawings() -> None:
    """SVGZ is unpacked within the limit, UTF-16 and Latin-1 are read; NUL and broken UTF-8 are refused."""
    plain = f"{HEAD}<text>é</text></svg>"
    assert "é" in kept(plain.encode("utf-16"))
    assert "é" in kept(f'<?xml version="1.0" encoding="iso-8859-1"?>{plain}'.encode("latin-1"))
    assert "é" in kept(gzip.compress(plain.encode()))
    assert refusal(gzip.compress(b"<svg>" + b" " * 50_000_000 + b"</svg>")) == "svg_too_complex"
    assert refusal(gzip.compress(plain.encode())[:-12]) == "svg_rejected"
    assert refusal(svg("\0")) == "svg_rejected"
    assert refusal(svg("<text>?</text>").replace(b"?", b"\xff\xfe")) == "svg_rejected"
    assert refusal(plain.encode("latin-1")) == "svg_rejected"


@pytest.mark.parametrize("markup", [b"", b"<html/>", b"<svg", b"<svg></g>", b"PNG", b'<svg xmlns="urn:other"/>'])
def test_what_is_no_drawing_is_refused(markup: bytes) -> None:
    """Other documents and broken XML are refused with the reason."""
    assert refusal(markup) == "svg_rejected"


def test_harmless_drawings_keep_everything() -> None:
    """Nothing that draws is lost on the way: elements, attributes, styles, sheets, local references."""
    content = (
        "<defs><style>.a{fill:url(#g);stroke:rgb(1, 2, 3)}</style><linearGradient id='g'><stop offset='0'/>"
        "</linearGradient></defs><g transform='translate(1 2)' style='opacity:.5;filter:blur(2px)'>"
        "<rect class='a' width='5' height='5'/><use href='#g'/>"
        "<text font-size='5'>T<tspan fill='red'>i</tspan>p</text></g>"
    )
    text = kept(svg(content))
    for part in (
        "translate(1 2)", "opacity:.5", "filter:blur(2px)", 'class="a"', "url(#g)", "rgb(1, 2, 3)", 'href="#g"',
        'T<tspan fill="red">i</tspan>p',
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.check(92)
@given(st.lists(st.sampled_from([*ACTIVE, *itertools.starmap(filled, itertools.product(OUTSIDE, PLACES))])))
def test_no_combination_lets_a_reference_out(parts: list[str]) -> None:
    """Any sequence of hostile parts leaves a drawing without foreign references, or none at all."""
    try:
        text = kept(svg("".join(parts)))
    except ResourceProblem:
        return
    assert not any(word in text for word in ("alert", "file:", "127.0.0.1", "data:", "//h/", "passwd"))


@given(st.binary(max_size=200).map(lambda tail: b"<svg>" + tail))
def test_any_bytes_give_a_drawing_or_a_problem(markup: bytes) -> None:
    """Nothing but ResourceProblem comes out of bytes that are no drawing."""
    try:
        prepare_svg(markup, probe)
    except ResourceProblem as error:
        assert error.code in ("svg_rejected", "svg_too_complex")
