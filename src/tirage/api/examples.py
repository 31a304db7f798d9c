"""Examples for the description of the routes, by the name of their schema; a test holds each against its schema."""

from __future__ import annotations

from typing import Any

_BASE = "https://pictures.example"
_DAY = "2026-11-22T12:00:00.000Z"
_IMAGE = f"{_BASE}/images/d12fb6f526/e26ca071c7"
_PROBLEM = {"code": "source_timeout", "message": "The host did not answer in time.", "layer": "photo"}

_PICTURE: dict[str, Any] = {
    "id": "c13bd141c7",
    "templateId": "debca16f99",
    "imageUrl": f"{_IMAGE}.png",
    "thumbnailUrl": f"{_IMAGE}-thumb.png",
    "retinaThumbnailUrl": f"{_IMAGE}-thumb-2x.png",
    "metadata": "row 7",
    "width": 1000,
    "height": 1500,
    "status": "succeeded",
    "createdAt": _DAY,
    "format": "png",
    "urls": {"full": f"{_IMAGE}.png", "regular": f"{_IMAGE}.png", "thumb": f"{_IMAGE}-thumb.png"},
    "downloadUrl": f"{_IMAGE}.png?download",
    "color": "#f6efe4",
    "palette": ["#f6efe4", "#22302c"],
    "user": None,
    "credits": [],
    "warnings": [],
}
_ROW: dict[str, Any] = {
    "row": 7,
    "state": "failed",
    "name": "00007",
    "imageUrl": None,
    "pages": None,
    "sha256": None,
    "error": _PROBLEM,
}
_BATCH: dict[str, Any] = {
    "id": "9f2c41d7aa",
    "templateId": "debca16f99",
    "format": "jpeg",
    "state": "running",
    "counts": {"total": 1000, "done": 640, "failed": 1, "pending": 359},
    "rate": 41.5,
    "estimate": 8.7,
    "createdAt": _DAY,
    "finishedAt": None,
    "errors": [_ROW],
    "error": None,
}
_SCHEDULE: dict[str, Any] = {
    "id": "1d77c0e5b2",
    "name": "Every morning",
    "templateId": "debca16f99",
    "format": "png",
    "source": "https://sheets.example.com/rows.csv",
    "query": None,
    "mapping": {"Name": "title"},
    "naming": "{Name}",
    "destinationId": None,
    "every": None,
    "cron": "0 7 * * 1-5",
    "timeZone": "Europe/Berlin",
    "onlyChanged": True,
    "paused": False,
    "nextAt": "2026-11-23T06:00:00.000Z",
    "lastAt": None,
    "lastBatchId": None,
    "outcome": None,
    "error": None,
    "createdAt": _DAY,
}
_DESTINATION: dict[str, Any] = {
    "id": "5b0e9c33d1",
    "name": "Shop",
    "location": "s3://shop-pictures/cards?region=eu-central-1",
    "accessKeyId": "AKIAEXAMPLE",
    "createdAt": _DAY,
}
_ASSET: dict[str, Any] = {
    "id": "5a12844966",
    "folder": False,
    "mimeType": "image/jpeg",
    "filename": "my_image.jpeg",
    "size": 32137,
    "animated": None,
    "url": f"{_BASE}/media/5a12844966/0f4c1d2e3a5b6c7d8e9f.jpg",
    "thumbnailUrl": f"{_BASE}/media/5a12844966/0f4c1d2e3a5b6c7d8e9f_t.jpg",
    "dateCreated": _DAY,
    "dateUpdated": _DAY,
    "width": 640,
    "height": 480,
    "parentId": None,
}
_DELIVERY: dict[str, Any] = {
    "eventId": "msg_5f0c2b7a91d34e68",
    "state": "delivered",
    "attempts": 2,
    "dueAt": "2026-11-22T12:00:05.000Z",
    "dateCreated": _DAY,
    "dateFinished": "2026-11-22T12:00:06.000Z",
}
_HOOK_BODY = {"targetUrl": "https://example.com/hook", "eventType": "NEW_IMAGE", "templateId": "debca16f99"}

_PREVIEW: dict[str, Any] = {
    "columns": [{"name": "Name", "target": "title", "score": 0.9, "how": "alias"}],
    "mapping": {"Name": "title"},
    "unfilled": ["photo"],
    "rows": [{"row": 1, "name": "00001", "values": {"title": "One"}, "errors": [], "warnings": []}],
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "WirePicture": _PICTURE,
    "WirePages": {
        "templateId": "debca16f99",
        "templateName": "Flyer",
        "pages": [{**_PICTURE, "pageIndex": 0}, {**_PICTURE, "id": "77ab01c9d4", "pageIndex": 1}],
    },
    "WireImages": {"results": [_PICTURE], "next": None},
    "SampleBody": {"count": 2, "seed": 1, "locale": "de_DE"},
    "WireSample": {"rows": [{"title": "Ein Beispiel", "price": "12.50"}, {"title": "Noch eines", "price": "9.90"}]},
    "BatchesBody": {"templateId": "debca16f99", "format": "jpeg", "rows": [{"title": "One"}, {"title": "Two"}]},
    "WirePreview": _PREVIEW,
    "WireDryRun": {
        **_PREVIEW,
        "ok": True,
        "checkedRows": 1,
        "checks": [
            {
                "templateId": "debca16f99",
                "size": "",
                "report": {
                    "ok": True,
                    "rows": 1,
                    "failed": 0,
                    "losing": 0,
                    "noted": 0,
                    "general": [],
                    "template": [],
                    "codes": [],
                    "findings": [],
                    "leftOff": 0,
                },
            }
        ],
    },
    "WireBatch": _BATCH,
    "WireBatches": {"batches": [_BATCH], "next": None},
    "WireRows": {"rows": [_ROW], "next": "7"},
    "ScheduleBody": {
        "templateId": "debca16f99",
        "source": "https://sheets.example.com/rows.csv",
        "cron": "0 7 * * 1-5",
        "timeZone": "Europe/Berlin",
    },
    "WireSchedule": _SCHEDULE,
    "WireSchedules": {"schedules": [_SCHEDULE]},
    "DestinationBody": {
        "name": "Shop",
        "location": "s3://shop-pictures/cards?region=eu-central-1",
        "accessKeyId": "AKIAEXAMPLE",
        "secretAccessKey": "its-secret",
    },
    "WireDestination": _DESTINATION,
    "WireDestinations": {"destinations": [_DESTINATION]},
    "WireTemplate": {
        "id": "000d61e4f7",
        "name": "Card",
        "thumbnail": f"{_BASE}/templates/000d61e4f7/thumbnail/5c1d8a9f0b2e4c6d7a8b.png",
        "dateCreated": _DAY,
        "dateUpdated": _DAY,
        "layers": [
            {"type": "canvas", "name": "canvas", "width": "650", "height": "500", "text": None},
            {"type": "text", "name": "title", "width": "400", "height": "80", "text": "Hello"},
        ],
        "version": 3,
    },
    "WireLinks": {"linkPolicy": "open"},
    "WorkspaceBody": {"name": "Spring campaign"},
    "WireWorkspace": {
        "id": "fba1537e2f",
        "name": "Spring campaign",
        "memberRole": "admin",
        "dateCreated": _DAY,
        "dateUpdated": _DAY,
    },
    "HookBody": _HOOK_BODY,
    "WireHook": {
        "uid": "3185d66be9",
        "eventType": "NEW_IMAGE",
        "targetUrl": "https://example.com/hook",
        "designUid": "debca16f99",
        "dateCreated": _DAY,
        "secret": "whsec_hMfpoLNOY3ycxk1rmIQodHWVTpfRvV9qafM3CQWKy5w=",
        "disabledAt": None,
        "disabledReason": None,
    },
    "WireDone": {"error": False, "message": ""},
    "ReplayBody": {"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
    "WireReplayed": {"error": False, "message": "", "replayed": 12},
    "WireDeliveries": {"results": [_DELIVERY], "next": None},
    "WireAttempt": {
        "number": 1,
        "dateAttempted": _DAY,
        "status": 500,
        "latencyMs": 84,
        "error": "http_status",
        "excerpt": "Internal Server Error",
    },
    "FolderBody": {"filename": "Logos"},
    "WireAsset": _ASSET,
    "WireAssetPage": {"page": 1, "totalPages": 1, "results": [_ASSET]},
    "LinkBody": {"format": "jpg", "params": [{"name": "title", "text": "Hello John!"}], "expiresIn": 86400},
    "WireLink": {
        "url": f"{_BASE}/links/debca16f99.jpg?expires=1795435200&kid=4f1a90cc&params=title---text___Hello&sig=0d7e…",
        "kid": "4f1a90cc",
        "expiresAt": "2026-11-23T12:00:00.000Z",
    },
    "WireLinkKey": {"kid": "4f1a90cc", "secret": "tir_link_…", "dateCreated": _DAY, "endsAt": None},
}
"""Of bodies and answers whose model has none beside it."""

ANSWERS: dict[str, Any] = {
    "POST /designs/{uid}/report": {
        "version": 1,
        "layers": [{"id": "title", "page": 0, "box": {"x": 40, "y": 60, "width": 400, "height": 80}}],
        "warnings": [],
    },
    "GET /templates/{uid}/document": {"name": "Card", "pages": [{"width": 600, "height": 300, "layers": []}]},
    "GET /livez": {"status": "ok"},
    "GET /readyz": {
        "status": "ok",
        "version": "0.1.0",
        "database": {"status": "ok", "durable": True, "warnings": []},
        "storage": {"status": "ok", "backend": "local", "freeBytes": 71876366336},
        "sandbox": {"status": "ok", "missing": []},
        "renderer": {"processes": 2, "running": 0, "waiting": 0},
    },
}
"""Of answers without a schema of their own, by method and path."""
