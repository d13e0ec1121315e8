"""A serial line with a module at its end: a pseudo terminal, bytes passed on by a thread."""

import contextlib
import os
import subprocess
import threading
import tty

from tools import vm

HERE = vm.ROOT / "host_tests"
RESET = 75
BLOCKS = 128


class Line:
    """port: path for mpremote. cut_after: how many bytes from the computer until the cable is
    pulled and the module loses its power, None for never. starts: how often the module started.
    """

    def __init__(self, image, cut_after=None):
        self._image = image
        self._left = cut_after
        self.starts = 0
        self.bytes = 0
        self._is_closed = False
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave
        self._start()
        self._thread = threading.Thread(target=self._to_module, daemon=True)
        self._thread.start()

    def _start(self):
        self.starts += 1
        arguments = (str(HERE / "forms"), str(self._image), str(BLOCKS))
        self.process = subprocess.Popen(
            [*vm.command(64), str(HERE / "deploy/serial_board.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        threading.Thread(target=self._from_module, args=(self.process,), daemon=True).start()

    def _from_module(self, process):
        while data := os.read(process.stdout.fileno(), 4096):
            try:
                os.write(self._master, data)
            except OSError:
                return
        if process.wait() == RESET and not self._is_closed:
            self._start()

    def _to_module(self):
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:
                return
            self.bytes += len(data)
            if self._left is not None:
                data = data[: self._left]
                self._left -= len(data)
            with contextlib.suppress(OSError):
                self.process.stdin.write(data)
            if self._left == 0:
                self.pull()
                return

    def pull(self):
        """Pull the cable, which is the module's power, too."""
        if not self._is_closed:
            self._is_closed = True
            self.process.kill()
            self.process.wait()
            os.close(self._slave)
            os.close(self._master)
