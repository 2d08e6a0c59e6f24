"""Many replicas of the reader on a Ray cluster, behind one address.

    pip install "ray[serve]==2.60.0"
    python examples/serve_ray.py --checkpoint saved_models/ppocr.onnx --replicas 16 --address FIRST:6379
    curl --data-binary @captcha.png http://127.0.0.1:8000/read

Each replica is a process with the exported network and one thread, on whichever machine has a core free. Ray Serve
passes requests to replicas with few waiting, starts another when one dies, and answers on every machine of the cluster.
The checkpoint has to lie under the same path on all of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import ray  # noqa: E402 - the package lies beside this folder
from ray import serve  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402

from captcha_core.recognizer import Recognizer  # noqa: E402
from examples.serve_processes import answer_to  # noqa: E402


@serve.deployment(ray_actor_options={"num_cpus": 1}, max_ongoing_requests=8)
class Reader:
    """A replica."""

    def __init__(self, checkpoint: str) -> None:
        """Load the reader."""
        os.environ["OMP_NUM_THREADS"] = "1"
        self._recognizer = Recognizer(checkpoint, threads=1, backend="onnx")

    async def __call__(self, request: Request) -> JSONResponse:
        """Answer a picture, the body of the request, with its text."""
        return await answer_to(request, self._recognizer)


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="what export.py wrote, or the file beside it")
    parser.add_argument("--replicas", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--address", help="HOST:PORT of the cluster (default: one on this machine, for now)")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    modules = [str(ROOT / "captcha_core"), str(ROOT / "examples")]
    ray.init(
        address=options.address,
        include_dashboard=False if options.address is None else None,
        runtime_env={"py_modules": modules},
    )
    serve.start(
        proxy_location="EveryNode",
        http_options={"host": "0.0.0.0" if options.address else "127.0.0.1", "port": options.port},
    )
    reader: Any = Reader
    deployed = reader.options(num_replicas=options.replicas).bind(str(options.checkpoint.resolve()))
    serve.run(deployed, route_prefix="/read", blocking=True)


if __name__ == "__main__":
    main()
