"""A run to look at: a local web application over its Parquet files, for this machine alone.

Rows are browsed, filtered, searched and followed from page to trained example; pairs are labelled and answers compared
blindly. What is read is read only: the run gains nothing but a folder `labels`.
"""

import socket
from pathlib import Path

from humpback.errors import UsageFault

HOST, PORT = "127.0.0.1", 8642


def serve(folder: Path, port: int = PORT) -> None:
    """Serve the run in `folder` until it is interrupted; raises `UsageFault` where a library or the port cannot be had."""
    try:
        import duckdb  # noqa: F401 told here, before a page is asked for
        import uvicorn
    except ImportError as error:
        raise UsageFault(f"humpback view needs the library {error.name}", "pip install 'humpback[view]'") from None
    from humpback.view.app import application
    from humpback.view.opened import Opened

    opened = Opened(folder)
    bound = _bound(port)
    print(f"http://{HOST}:{port}/   Ctrl-C ends it", flush=True)  # noqa: T201 it is a command's only line
    config = uvicorn.Config(application(opened, port), log_level="warning", lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[bound])


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        # Who comes before the server is up is served when it is.
        made.listen(64)
    except OSError as error:
        made.close()
        raise UsageFault(
            f"the port {port} cannot be had: {error.strerror}", f"humpback view ... --port {port + 1}"
        ) from None
    return made
