"""A viewer on a port of its own, in a thread."""

import threading
import time

import uvicorn

from humpback import view
from humpback.view.app import application
from humpback.view.opened import Opened


class Served:
    """The application over a run; as a context its address."""

    def __init__(self, opened: Opened) -> None:
        self.socket = view._bound(0)
        self.port = self.socket.getsockname()[1]
        config = uvicorn.Config(application(opened, self.port), log_level="critical", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()
