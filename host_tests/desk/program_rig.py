"""Runs a program of ours as a person does, at a terminal, or as a script does, on pipes.

Runs on CPython only.
"""

import asyncio
import contextlib
import os
import pty
import re
import sys
import threading

from tools import vm

# A busy machine takes half a minute to compile the firmware for a VM.
_LIMIT_S = 600
_LISTENING = re.compile(r"The console listens at (\S+)\.")


class Program:
    """A program of ours, its output collected as text; a terminal, if it has one, echoes."""

    def __init__(self, *words, has_terminal=False):
        self._words = words
        self._has_terminal = has_terminal
        self.text = ""

    async def start(self, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE):
        if self._has_terminal:
            self._master, slave = pty.openpty()
            stdin = stdout = slave
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *self._words),
            cwd=vm.ROOT,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.STDOUT if stdout is not None else None,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
        )
        if self._has_terminal:
            os.close(slave)
            threading.Thread(target=self._read_terminal, daemon=True).start()
        elif stdout == asyncio.subprocess.PIPE:
            self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self):
        while data := await self.process.stdout.read(4096):
            self.text += data.decode()

    def _read_terminal(self):
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 4096):
                self.text += data.decode()

    async def until(self, pattern):
        """Wait for text that matches; the match. What was matched before counts, too."""
        async with asyncio.timeout(_LIMIT_S):
            while not (found := re.search(pattern, self.text)):
                assert self.process.returncode is None, self.text
                await asyncio.sleep(0.02)
        return found

    def type(self, text):
        if self._has_terminal:
            os.write(self._master, text.encode())
        else:
            self.process.stdin.write(text.encode())

    async def end(self, text=None):
        """Exit code, after a last input and the end of it."""
        if text is not None:
            self.type(text)
            self.process.stdin.close()
        async with asyncio.timeout(_LIMIT_S):
            code = await self.process.wait()
        await asyncio.sleep(0.05)
        return code

    async def stop(self):
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


async def run_program(*words, text=""):
    """(exit code, output) of a program that reads `text`."""
    program = await Program(*words).start()
    return await program.end(text), program.text


@contextlib.asynccontextmanager
async def module(flash, runtime=("cpython",)):
    """A module with its console on TCP: (its Program, the port)."""
    words = ("--vm", *runtime, "--flash", str(flash), "--param", "14=RT")
    program = await Program("tools.desk", "module", "--console", "127.0.0.1:0", *words).start()
    try:
        port = (await program.until(_LISTENING))[1]
        await program.until("OVMS 4.0.0 on")
        yield program, port
    finally:
        await program.stop()
