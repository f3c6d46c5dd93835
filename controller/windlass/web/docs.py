"""`/api/docs`: the API, described and to try out, without a request to anybody but this server.

In: the OpenAPI document, which this page asks for. Out: an HTML page with Swagger UI, whose files come from an
installed package. FastAPI's own page would load them from a third party's host and carry a script of its own; the
guard's content security policy allows neither, hence one more file, `start.js`. The page says nothing that the source
code of Windlass does not, so it needs no token: a browser could not send one with its first request.
"""

from __future__ import annotations

from pathlib import Path

import fastapi_offline  # the only place that imports fastapi_offline: for the files of Swagger UI that it brings
from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>The API of Windlass</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> says the same to programs.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# `validatorUrl: null`: Swagger UI would send the address of the document to a validator in the web.
START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#api", validatorUrl: null, deepLinking: true});\n'
STATIC = Path(fastapi_offline.__file__).parent / "static"
PATHS = frozenset(
    {"/api/docs", *(f"/api/docs/{name}" for name in ("start.js", "swagger-ui-bundle.js", "swagger-ui.css"))}
)

router = APIRouter(prefix="/api/docs", include_in_schema=False)


@router.get("")
def page() -> Response:
    return HTMLResponse(PAGE)


@router.get("/start.js")
def start() -> Response:
    return Response(START, media_type="text/javascript")


@router.get("/swagger-ui-bundle.js")
def script() -> Response:
    return FileResponse(STATIC / "swagger-ui-bundle.js", media_type="text/javascript")


@router.get("/swagger-ui.css")
def style() -> Response:
    return FileResponse(STATIC / "swagger-ui.css", media_type="text/css")
