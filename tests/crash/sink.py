"""A fast next hop for crash tests: an SMTP server in a thread that counts what it accepted by its
X-Number field. It answers 250 once the message is counted, so what a sender believes delivered is
counted."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter

_NUMBER = re.compile(rb"^X-Number: (\d+)\r$", re.MULTILINE)


class Sink:
    """numbers: how often each message arrived. asked: messages whose answer is held back. Use as a
    context manager."""

    def __init__(self) -> None:
        self.numbers: Counter[int] = Counter()
        self.asked = 0
        self.port = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sink:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, numbers: set[int], seconds: float) -> set[int]:
        """Which of the numbers have not arrived when that time is over."""
        with self._changed:
            self._changed.wait_for(lambda: numbers <= self.numbers.keys(), seconds)
            return numbers - self.numbers.keys()

    def hold(self) -> None:
        """From now on messages are read, and not answered until `release`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 sink\r\n")
            while line := (await reader.readline()).upper():
                if line.startswith(b"EHLO"):
                    writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif line.startswith(b"DATA"):
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.asked += not self._open.is_set()
                    await self._open.wait()
                    found = _NUMBER.search(content)
                    with self._changed:
                        self.numbers[int(found[1]) if found else -1] += 1
                        self._changed.notify_all()
                    writer.write(b"250 2.0.0 counted\r\n")
                elif line.startswith(b"QUIT"):
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
