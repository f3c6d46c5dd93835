"""A loop in a thread: what ends with it, and what it leaves time for."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from windlass.kube.thread import LoopThread

MANY = 32 * 1024 * 1024  # bytes: more than any socket holds


def test_connections_that_are_closed_may_say_the_rest() -> None:
    """Without it they would be sockets that nobody closes: their owner has gone on, and the loop is over."""
    heard: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hear() -> None:
            connection, _ = listening.accept()
            connection.settimeout(30)  # for what never ends
            with connection:
                time.sleep(0.1)  # somebody who is busy
                while data := connection.recv(1 << 20):
                    heard.append(len(data))

        other = threading.Thread(target=hear)
        other.start()
        thread = LoopThread("test-kube")

        async def say() -> None:
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"." * MANY)
            writer.close()

        thread.call(say(), 30)
        thread.close()
        other.join()
    assert sum(heard) == MANY


def test_one_that_nobody_closes_holds_nothing_up_for_ever() -> None:
    near, far = socket.socketpair()
    with near, far:
        thread = LoopThread("test-kube")
        thread.call(_listen(near), 30)
        thread.close()
        assert thread.loop.is_closed()


async def _listen(to: socket.socket) -> None:
    asyncio.get_running_loop().add_reader(to, to.recv, 1)
