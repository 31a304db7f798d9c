"""Film → MP4 of H.264 through PyAV, which is the extra `video` (decision 70)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.format import AnimatedFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.film import Film, Frame

ENCODERS = ("libopenh264", "libx264", "libvpx-vp9")
"""The first of them that the installed PyAV has is used; VP9 where it has none of H.264."""
LEAST_RATE = 10
"""Frames a second: players seek badly, and networks refuse, what has fewer. Repeated frames take a few bytes."""
MAX_VIDEO_SIDE = 4096
"""The longest side of H.264 level 5.1, the highest that is played about everywhere."""
MAX_CODED = 2_000_000_000
"""Pixels of all frames, the repeated ones too: about ten seconds of encoding."""
_KEY_SECONDS = 5
_INDEX_BYTES, _INDEX_BYTES_A_FRAME = 2048, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp4(AnimatedFormat):
    """MP4 for players and networks: 4:2:0, BT.709, its index first, no sound; sides are made even at the edge."""

    def assemble(self, film: Film, options: OutputOptions, quality: int) -> bytes:
        """The frames. Raises RenderProblem `encoder_missing` where the extra is not installed."""
        try:
            import av
        except ImportError:
            hint = 'Install it with: pip install "tirage[video]"'
            raise RenderProblem(Problem("encoder_missing", "MP4 needs the extra `video`.", "/format", hint)) from None
        fps = Fraction(options.pace[1]).limit_denominator(1000)
        rate = fps * ceil(LEAST_RATE / fps)
        repeats = [max(1, round(each * rate)) for each in film.seconds]
        if sum(repeats) * film.width * film.height > MAX_CODED:
            message = f"{sum(repeats)} frames of {film.width}×{film.height} pixels are too many for one MP4."
            hint = "Lower the scale, the frames a second or the duration."
            raise RenderProblem(Problem("output_too_large", message, hint=hint))
        encoder = next(name for name in ENCODERS if name in av.codecs_available)
        target = BytesIO()
        # Room at the start for the index, so that playing begins before all is there; no version or date of the writer.
        container = {"moov_size": str(_INDEX_BYTES + _INDEX_BYTES_A_FRAME * sum(repeats)), "fflags": "+bitexact"}
        with av.open(target, "w", format="mp4", options=container) as file:
            stream: Any = file.add_stream(encoder, rate=rate, options=_settings(encoder, quality))
            stream.width, stream.height = film.width + film.width % 2, film.height + film.height % 2
            stream.pix_fmt = "yuv420p"
            stream.gop_size = max(1, round(rate * _KEY_SECONDS))
            # One thread: the bytes would depend on how many there are.
            stream.thread_count = 1
            at = 0
            for frame, count in zip(film.frames, repeats, strict=True):
                picture = _picture(frame)
                for _ in range(count):
                    picture.pts, picture.time_base = at, 1 / rate
                    file.mux(stream.encode(picture))
                    at += 1
            file.mux(stream.encode(None))
        return target.getvalue()


def _settings(encoder: str, quality: int) -> dict[str, str]:
    """What a quality of 1 to 100 is called by an encoder."""
    tags = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}
    if encoder == "libx264":
        # 17 looks like the original, 51 is the worst; 80 becomes 21. What blocks are worth is reckoned in plain C: with
        # the vector instructions of a processor the same frames became other bytes now and then.
        rate = {"crf": str(round(37 - quality * 0.2)), "x264-params": "cpu-independent=1"}
        return {**tags, **rate, "preset": "veryfast", "tune": "stillimage", "bf": "0"}
    if encoder == "libvpx-vp9":
        return {**tags, "crf": str(round(60 - quality * 0.4)), "b": "0", "deadline": "realtime", "cpu-used": "6"}
    return {**tags, "b": str(round(quality * 50_000)), "allow_skip_frames": "0"}


def _picture(frame: Frame) -> Any:
    """A frame of libav in the encoder's colours, its sides even."""
    import av
    import numpy as np
    from av.video.reformatter import Colorspace

    height, width = frame.shape[:2]
    padded = np.pad(frame[..., :3], ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
    return made.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)


FORMAT = Mp4(name="mp4", extension="mp4", media_type="video/mp4", alpha=False, quality=80, max_side=MAX_VIDEO_SIDE)
