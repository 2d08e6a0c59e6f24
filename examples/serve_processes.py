"""Many replicas of the reader behind one address: processes of this machine that share a port.

    python examples/serve_processes.py --checkpoint saved_models/ppocr.onnx --replicas 4 --port 8000
    curl --data-binary @captcha.png http://127.0.0.1:8000/read

Each replica is a process with the exported network, one thread and no torch. The system gives a request to one that is
free, and uvicorn, which comes with gradio, starts another when one dies. On several machines run this on each, behind
any proxy; or see serve_ray.py.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import uvicorn  # noqa: E402 - the package lies beside this folder
from starlette.applications import Starlette  # noqa: E402
from starlette.concurrency import run_in_threadpool  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.recognizer import Recognizer  # noqa: E402

LARGEST = 5 << 20
"""Bytes of a request; the page takes as many for one picture."""


@asynccontextmanager
async def loaded(app: Starlette) -> AsyncIterator[None]:
    """Load the reader of this replica before it takes requests."""
    app.state.recognizer = Recognizer(os.environ["CAPTCHA_LAB_SERVED"], threads=1, backend="onnx")
    yield


async def read(request: Request) -> JSONResponse:
    """Answer a picture, the body of the request, with its text."""
    return await answer_to(request, request.app.state.recognizer)


async def answer_to(request: Request, recognizer: Recognizer) -> JSONResponse:
    """Answer a picture with its text; other requests are taken while it is read, and no more is read than may be."""
    picture = bytearray()
    async for piece in request.stream():
        picture += piece
        if len(picture) > LARGEST:
            return JSONResponse({"error": f"The picture has more than {LARGEST:,} bytes; send a smaller one."}, 413)
    return JSONResponse(*await run_in_threadpool(answer, recognizer, bytes(picture)))


def answer(recognizer: Recognizer, picture: bytes) -> tuple[dict[str, Any], int]:
    """Return what is read in a picture, or why nothing is, and the status."""
    try:
        prediction = recognizer.read(picture)
    except CaptchaLabError as error:
        return {"error": str(error)}, 422
    confidences = {"confidence": prediction.confidence, "char_confidences": list(prediction.char_confidences)}
    return {"text": prediction.text, **confidences, "model": recognizer.model_id, "replica": os.getpid()}, 200


async def health(request: Request) -> JSONResponse:
    """Say that this replica is ready."""
    return JSONResponse({"model": request.app.state.recognizer.model_id, "replica": os.getpid()})


app = Starlette(routes=[Route("/read", read, methods=["POST"]), Route("/health", health)], lifespan=loaded)


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="what export.py wrote, or the file beside it")
    parser.add_argument("--replicas", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    try:
        Recognizer(options.checkpoint, threads=1, backend="onnx")
    except CaptchaLabError as error:
        sys.exit(f"error: {error}")
    os.environ["CAPTCHA_LAB_SERVED"] = str(options.checkpoint.resolve())
    # From two on uvicorn watches over its processes; one is served by this process.
    served: Any = "examples.serve_processes:app" if options.replicas > 1 else app
    uvicorn.run(served, host=options.host, port=options.port, workers=options.replicas, app_dir=str(ROOT))


if __name__ == "__main__":
    main()
