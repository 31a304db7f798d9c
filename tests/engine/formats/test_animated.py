"""GIF, APNG, WebP and MP4 that move: read back by other decoders, frame by frame."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import pyvips
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.engine.painting import BLUE, RED, rect

from tirage.engine import formats
from tirage.engine.errors import RenderProblem
from tirage.engine.film import Film
from tirage.engine.lzw import compressed
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.quantise import palette_of
from tirage.engine.scene import Ellipse, Group, Path, Scene, ScenePage, Solid
from tirage.engine.values.color import WHITE, Color
from tirage.engine.values.transform import Rect

MOVING = ("gif", "apng", "webp", "mp4")
Frames = npt.NDArray[np.uint8]


def document(**layer: Any) -> dict[str, Any]:
    """A page of 160 × 90 px with a countdown before a gradient and a text that rows may change."""
    clock = {"id": "c", "name": "clock", "type": "countdown", "x": 10, "y": 10, "width": 140, "height": 40}
    return {
        "width": 160,
        "height": 90,
        "background": "linear-gradient(90deg, #102040, #4060a0)",
        "layers": [
            {**clock, "target": "2026-11-23T09:00:05Z", "now": "2026-11-23T09:00:00Z", "color": "#ffffff", **layer},
            {"id": "t", "name": "text", "type": "text", "y": 60, "height": 20, "text": "{{ word }}", "fontSize": 14},
        ],
        "variables": [{"name": "word", "default": "until then"}],
    }


def frames_of(data: bytes, name: str) -> tuple[list[Frames], list[float]]:
    """All frames as RGBA with the seconds that each is shown; the last one as long as the one before, if not told."""
    if name in ("gif", "webp"):
        strip = pyvips.Image.new_from_buffer(data, "", n=-1)
        if not strip.hasalpha():
            strip = strip.addalpha()
        count = strip.get("n-pages") if "n-pages" in strip.get_fields() else 1
        pixels = np.asarray(strip.numpy(), np.uint8).reshape(count, -1, strip.width, 4)
        return list(pixels), [each / 1000 for each in strip.get("delay")] if count > 1 else [0.0]
    with av.open(BytesIO(data), "r") as file:
        read = list(file.decode(video=0))
        source: dict[str, Any] = {"src_colorspace": 1} if name == "mp4" else {}
        seconds = np.diff([float(frame.time or 0) for frame in read]).tolist()
        pictures = [np.asarray(frame.reformat(format="rgba", **source).to_ndarray(), np.uint8) for frame in read]
        return pictures, [*seconds, *(seconds[-1:] or [0.0])]


@pytest.mark.parametrize("name", MOVING)
def test_each_frame_is_the_picture_of_its_moment(studio: Any, name: str) -> None:
    """Frame by frame the film is near the stills of its seconds, and lasts as long as asked for."""
    made = studio.render(document(), output=name, duration=4, quality=95, loops=2)
    frames, seconds = frames_of(made.files[0].data, name)
    step = 10 if name == "mp4" else 1
    assert len(frames) == 4 * step and sum(seconds) == pytest.approx(4, abs=0.01)
    assert (made.files[0].width, made.files[0].height) == (160, 90)
    for second, frame in enumerate(frames[::step]):
        still = studio.pixels(document(now=f"2026-11-23T09:00:0{second}Z"))
        difference = np.abs(frame.astype(int) - still)[..., :3]
        assert difference.mean() < {"apng": 0.02, "gif": 1.6}.get(name, 3.5), (name, second)


@pytest.mark.parametrize("name", MOVING)
def test_the_same_film_is_the_same_bytes(studio: Any, name: str) -> None:
    """Twice, with what is kept and without."""
    first, second = (
        studio.render(document(), output=name, frames=3, fps=1, fresh=fresh).files[0].data for fresh in (True, False)
    )
    assert first == second


@pytest.mark.parametrize("name", ["gif", "apng", "mp4"])
def test_they_move_unasked_and_webp_does_not(studio: Any, name: str) -> None:
    """A minute at one frame a second is the default, and nothing that stands still moves."""
    moving = studio.render(document(target="2026-12-24"), output=name).files[0].data
    assert sum(frames_of(moving, name)[1]) == pytest.approx(60, abs=0.2)
    still = document(target="")
    frames, _ = frames_of(studio.render(still, output=name).files[0].data, name)
    # A video gets better with each frame that repeats the last.
    most = 6 if name == "mp4" else 0
    assert all(np.abs(frame.astype(int) - frames[0]).mean() <= most for frame in frames)
    data = studio.render(document(), output="webp").files[0].data
    assert len(frames_of(data, "webp")[0]) == 1


def test_what_looks_the_same_is_one_frame(studio: Any) -> None:
    """At ten frames a second a clock of seconds still has one frame a second; after its end there is one more."""
    data = studio.render(document(), output="gif", duration=8, fps=10).files[0].data
    frames, seconds = frames_of(data, "gif")
    assert len(frames) == 6 and seconds == pytest.approx([1, 1, 1, 1, 1, 3])


def test_rows_do_not_see_each_others_text(studio: Any) -> None:
    """What a row changes is painted once for all of its frames, and not kept for the next row."""
    for word in ("one", "another", "one"):
        still = studio.pixels(document(), {"word": word})
        frames, _ = frames_of(studio.render(document(), {"word": word}, output="apng", frames=2).files[0].data, "apng")
        # A translucent text is rounded once more on its way, by one level at most.
        assert np.abs(frames[0].astype(int) - still).max() <= 1


def test_a_countdown_in_a_group_runs(studio: Any) -> None:
    """Groups around it are drawn again with it."""
    made = document()
    made["layers"][0] = {
        "id": "g", "name": "group", "type": "group", "width": 160, "height": 50, "children": [made["layers"][0]]
    }  # fmt: skip
    frames, _ = frames_of(studio.render(made, output="gif", frames=3).files[0].data, "gif")
    assert len(frames) == 3 and (frames[0] != frames[1]).any()


@pytest.mark.parametrize("loops", [0, 1, 3])
def test_how_often_it_is_played(studio: Any, loops: int) -> None:
    """0 is for ever; once is told by saying nothing in a GIF, whose number counts repetitions."""
    gif = studio.render(document(), output="gif", frames=2, loops=loops).files[0].data
    place = gif.find(b"NETSCAPE2.0")
    assert (place < 0) == (loops == 1)
    if place > 0:
        assert int.from_bytes(gif[place + 13 : place + 15], "little") == max(0, loops - 1)
    apng = studio.render(document(), output="apng", frames=2, loops=loops).files[0].data
    at = apng.index(b"acTL")
    assert int.from_bytes(apng[at + 8 : at + 12], "big") == loops
    webp = pyvips.Image.new_from_buffer(
        studio.render(document(), output="webp", frames=2, loops=loops).files[0].data, "", n=-1
    )
    assert webp.get("loop") == loops


@pytest.mark.parametrize(
    ("asked", "pace"),
    [
        ({}, (60, 1)),
        ({"duration": 10}, (10, 1)),
        ({"duration": 2, "fps": 12.5}, (25, 12.5)),
        ({"frames": 30, "duration": 3}, (30, 10)),
        ({"frames": 7}, (7, 1)),
        ({"fps": 0.5}, (30, 0.5)),
        ({"frames": 60, "duration": 60, "fps": 1}, (60, 1)),
    ],
)
def test_two_of_three_tell_the_third(asked: dict[str, Any], pace: tuple[int, float]) -> None:
    """Frames, seconds, and frames a second."""
    assert OutputOptions(**asked).pace == pace


@pytest.mark.parametrize(
    "asked",
    [
        {"duration": 61}, {"fps": 31}, {"frames": 0}, {"frames": 61}, {"frames": 100, "duration": 1}, {"loops": -1},
        {"duration": 0.001}, {"frames": 30, "duration": 10, "fps": 30},
    ],
)  # fmt: skip
def test_what_lasts_too_long_or_contradicts_itself_is_refused(asked: dict[str, Any]) -> None:
    """With what is allowed in the message."""
    with pytest.raises(RenderProblem) as caught:
        OutputOptions(**asked)
    assert caught.value.code == "options_invalid"


def test_frames_count_as_pixels() -> None:
    """Sixty frames of a megapixel are too much for a GIF, and the message says of what."""
    pages = tuple(ScenePage("p", 1000, 1000, Group((rect(index, 0, 9, 9, RED),))) for index in range(60))
    with pytest.raises(RenderProblem) as caught:
        formats.get("gif").encode(Scene(pages, (1.0,) * 60), OutputOptions(), Meta())
    assert caught.value.code == "output_too_large" and caught.value.problems[0].message.startswith(
        "60 different frames"
    )


def test_a_long_video_of_many_pixels_is_refused() -> None:
    """Repeated frames cost encoding too."""
    pages = (ScenePage("p", 1600, 1600, Group((rect(0, 0, 9, 9, RED),))),)
    with pytest.raises(RenderProblem) as caught:
        formats.get("mp4").encode(Scene(pages, (60.0,)), OutputOptions(fps=30), Meta())
    assert caught.value.code == "output_too_large" and "1800 frames" in caught.value.problems[0].message


def moving_disc(background: Color | None) -> Scene:
    """A disc that goes to the right in three frames, over a colour or nothing."""
    ground = (rect(0, 0, 60, 30, background),) if background else ()
    discs = (Path(Ellipse(Rect(x, 5, 20, 20)), Solid(RED)) for x in (2, 20, 38))
    return Scene(tuple(ScenePage("p", 60, 30, Group((*ground, disc))) for disc in discs), (0.5,) * 3)


@pytest.mark.parametrize("name", ["gif", "apng", "webp"])
@pytest.mark.parametrize("background", [None, WHITE])
def test_what_was_is_gone_in_the_next_frame(name: str, background: Color | None) -> None:
    """On a ground, and where the page is transparent: then the old disc leaves nothing behind."""
    data = formats.get(name).encode(moving_disc(background), OutputOptions(lossless=True), Meta()).data
    frames, seconds = frames_of(data, name)
    assert len(frames) == 3 and seconds == pytest.approx([0.5] * 3)
    for place, frame in enumerate(frames):
        for other, x in enumerate((12, 30, 48)):
            shown = frame[15, x]
            if other == place:
                assert tuple(shown[:3]) == (255, 0, 0) and shown[3] == 255
            elif background is None:
                assert shown[3] == 0
            else:
                assert tuple(shown) == (255, 255, 255, 255)


def test_a_video_has_even_sides_its_index_first_and_says_what_its_colours_are(studio: Any) -> None:
    """Odd sides repeat their last row; players may begin before all is there."""
    made = {**document(), "width": 161, "height": 91}
    data = studio.render(made, output="mp4", frames=2).files[0].data
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(BytesIO(data), "r") as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert (context.width, context.height, context.pix_fmt) == (162, 92, "yuv420p")
        assert context.name in ("h264", "vp9") and int(context.colorspace) == 1
        assert float(stream.average_rate or 0) >= 10


def test_without_the_extra_videos_are_refused_with_what_installs_it() -> None:
    """The package is absent in a process of its own."""
    code = """
import sys
sys.modules["av"] = None
from tirage.engine import formats
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Group, Scene, ScenePage
try:
    formats.get("mp4").encode(Scene((ScenePage("p", 4, 4, Group(())),)), OutputOptions(), Meta())
except Exception as error:
    print(error.code, error.problems[0].hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'encoder_missing Install it with: pip install "tirage[video]"'


@pytest.mark.parametrize("name", ["gif", "apng", "mp4"])
def test_one_frame_is_a_picture(name: str) -> None:
    """A design without time, or one frame of it, is a still; an APNG of one frame is a plain PNG."""
    page = Scene((ScenePage("p", 20, 10, Group((rect(0, 0, 20, 10, BLUE),))),))
    data = formats.get(name).encode(page, OutputOptions(), Meta()).data
    frames, _ = frames_of(data, name)
    assert frames[0].shape == (10, 20, 4) and frames[0][5, 5, 2] > 240 and frames[0][5, 5, 0] < 10
    if name == "apng":
        assert b"acTL" not in data


@settings(deadline=None)
@given(st.integers(2, 8), st.binary(min_size=1, max_size=6000), st.integers(0, 40))
@example(8, bytes(range(256)) * 40, 0)
@example(2, b"\0" * 9000, 0)
def test_lzw_is_read_back(bits: int, noise: bytes, run: int) -> None:
    """Whatever the places are, libvips finds the same ones: runs, noise, tables that are full and begin anew."""
    places = np.frombuffer(noise, np.uint8) & ((1 << bits) - 1)
    places = np.repeat(places, run + 1)[:20_000]
    table = np.arange(1 << bits, dtype=np.uint8)
    header = b"GIF89a" + len(places).to_bytes(2, "little") + b"\1\0" + bytes((0xF0 | (bits - 1), 0, 0))
    image = b"\x2c" + bytes(4) + len(places).to_bytes(2, "little") + b"\1\0\0"
    data = header + np.repeat(table, 3).tobytes() + image + compressed(places.tobytes(), bits) + b"\x3b"
    read = pyvips.Image.new_from_buffer(data, "").numpy()
    assert (np.asarray(read).reshape(len(places), -1)[:, 0] == places).all()


@given(st.lists(st.floats(0.004, 3, allow_nan=False), min_size=1, max_size=40))
def test_rounded_delays_lose_nothing(seconds: list[float]) -> None:
    """Over all frames they are as long as the film, to a unit; none is shown for no time."""
    film = Film((np.zeros((1, 1, 4), np.uint8),) * len(seconds), tuple(seconds), True)
    ticks = film.ticks(1000)
    assert sum(ticks) == pytest.approx(sum(seconds) * 1000, abs=1) and min(ticks) >= 1


def test_few_colours_stay_what_they_are_and_areas_of_many_too() -> None:
    """Up to 255 colours are exact. Of more, a colour of a large area is, and the others are near; still is still."""
    some = np.random.default_rng(1).integers(0, 255, (250, 1, 3)).astype(np.uint8)
    palette = palette_of([some], 255)
    assert palette.exact and (palette.colors[palette.places(some)] == some).all()
    rows, columns = np.mgrid[0:200, 0:300]
    many = np.stack([columns * 255 // 300, rows * 255 // 200, (rows + columns) % 200], -1).astype(np.uint8)
    many[50:120, 60:200] = (17, 119, 201)
    palette = palette_of([many], 255)
    assert not palette.exact and len(palette.colors) <= 255
    drawn = palette.colors[palette.places(many)]
    assert (drawn[50:120, 60:200] == (17, 119, 201)).all()
    assert np.abs(drawn.astype(int) - many).mean() < 8
    # A part of the picture at its place is dithered as it was in the whole.
    part = palette.colors[palette.places(np.ascontiguousarray(many[100:160, 37:99]), 37, 100)]
    assert np.abs(part.astype(int) - drawn[100:160, 37:99]).mean() < 1.5
