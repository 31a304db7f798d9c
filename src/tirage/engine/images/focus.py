"""Finds what a crop must keep: faces by a detector where one is installed, else what libvips finds striking."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyvips

from tirage.engine.images.decode import Samples
from tirage.engine.lowering import Focus
from tirage.engine.values.transform import Rect


class FaceDetector(Protocol):
    """Finds faces; another detector may take OpenCV's place."""

    @property
    def name(self) -> str:
        """The name that goes into reports, after `faces:`."""

    def faces(self, samples: Samples) -> Sequence[Rect]:
        """The boxes of the faces in RGBA samples, in px, in an order that depends on the samples only."""


class OpenCvFaces:
    """The frontal-face cascade that OpenCV below 5 carries in its package (extra `faces`)."""

    name = "opencv"

    def __init__(self) -> None:
        cv2: Any = importlib.import_module("cv2")
        self._cv2 = cv2
        cv2.setNumThreads(1)
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
        if self._cascade.empty():
            raise ImportError("OpenCV came without its face cascades")

    def faces(self, samples: Samples) -> Sequence[Rect]:
        """Frontal faces of at least a twentieth of the shorter side, the largest first."""
        grey = self._cv2.equalizeHist(self._cv2.cvtColor(np.ascontiguousarray(samples), self._cv2.COLOR_RGBA2GRAY))
        least = max(20, min(grey.shape) // 20)
        found = self._cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(least, least))
        boxes = [Rect(*(float(number) for number in box)) for box in found]
        return sorted(boxes, key=lambda box: (-box.width * box.height, box.x, box.y))


def installed_detector() -> FaceDetector | None:
    """OpenCV's detector, or None where it (or its cascades, from version 5) is not installed."""
    try:
        return OpenCvFaces()
    except (ImportError, AttributeError):
        return None


def face_focus(samples: Samples, detector: FaceDetector) -> Focus | None:
    """The mean of the faces' centres, weighted by their area, or None where there is no face."""
    faces = detector.faces(samples)
    total = sum(face.width * face.height for face in faces)
    if not total:
        return None
    height, width = samples.shape[:2]
    x = sum((face.x + face.width / 2) * face.width * face.height for face in faces) / total / width
    y = sum((face.y + face.height / 2) * face.width * face.height for face in faces) / total / height
    return Focus(min(1.0, max(0.0, x)), min(1.0, max(0.0, y)), f"faces:{detector.name}")


def attention_focus(samples: Samples, ratio: float) -> Focus:
    """What libvips finds most striking (edges, skin, saturation), for a crop of width : height = `ratio`."""
    rows, columns = samples.shape[:2]
    scale = min(columns / ratio, rows)
    width, height = max(1, min(columns, round(scale * ratio))), max(1, min(rows, round(scale)))
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(samples), columns, rows, 4, "uchar")
    image = image.copy(interpretation="srgb").flatten(background=255)
    _, found = image.smartcrop(width, height, interesting="attention", attention_x=True, attention_y=True)
    return Focus(
        min(1.0, max(0.0, (found["attention_x"] + 0.5) / columns)),
        min(1.0, max(0.0, (found["attention_y"] + 0.5) / rows)),
        "attention:libvips",
    )
