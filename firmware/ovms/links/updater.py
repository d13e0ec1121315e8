"""Brings the files of an update into the tree that does not run. Loaded on demand.

One call of `fetch` is one attempt: it goes on where the one before was cut, by a lost connection,
a restart or a power cut. First comes the manifest, which has to be signed; what is here already,
in either tree, is not fetched. Pieces come by a connection each, so that nothing has to hold for
long, and on a modem with one connection the server has its turn between two.

What will never work is a ValueError with a sentence for the owner; OSError and RemoteProtocolError
may pass.
"""

import asyncio

from micropython import const

from ovms.protocol import bundle, http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.contracts import Timer, TreeFiles, Update, UpdateWay

# What one connection brings.
_PIECE_BYTES = const(16384)
# Of the manifest, which has some 1.6 KB in the small form: what is behind it is fetched again.
_MANIFEST_BYTES = const(2048)
# So much is read at once and written to flash: below 1 KB, so that others soon have their turn.
_READ_BYTES = const(512)
# The server may be silent so long, and a piece may take so long: 16 KB at 30 bytes/s.
_SILENCE_MS = const(60_000)
_PIECE_S = const(600)
# Of the flash, for settings and history.
SPARE_BYTES = const(131_072)
# Files that did not come as they were signed, in one run of the module.
_MISMATCHES_MAX = const(3)
_ENOSPC = const(28)
# Of a file that the idle tree has not: it comes from the running tree, or from the server.
_RUNNING = const(2)
_ABSENT = const(1)

_OTHER_FILE = "The file at the server is another one now."
_FULL = "The flash is too full: %d bytes are free, and %d are needed."


async def fetch(
    update: "Update",
    files: "TreeFiles",
    way: "UpdateWay",
    key: bytes,
    here: tuple[str, str, int],
    uptime_s: "Callable[[], int]",
    timer: "Timer" = asyncio,
) -> bool:
    """Whether all files are in the idle tree, each as it was signed; False: GPRS is not allowed.

    update: what is kept of it, see `ovms/update_setup.py`; here its `url may_gprs is_stopped` are
    asked, and `version build done total mismatches` set. files: drivers/tree_files.py:TreeFiles.
    way: `open(host, port, is_tls)` and `close(stream)`, coroutines; `is_metered`. key: modulus, as
    `bundle.is_signed` takes it. here: (board, build_id, build_day) that run. uptime_s(): seconds.
    timer: has `wait_for_ms` and `sleep_ms` as asyncio does.
    """
    address = http.parse_url(update.url)
    job = _Job(update, files, way, address, uptime_s, timer)
    manifest = await job.manifest()
    _check(manifest, files.form(), key, here)
    update.version = manifest.version
    update.build = manifest.build_id
    is_missing = await job.compare(manifest)
    if way.is_metered and not update.may_gprs and update.total:
        return False
    await files.tidy(_wanted(manifest, True))
    _check_room(manifest, files, is_missing)
    await job.fill(manifest, is_missing)
    # Once more, all of them: what was written may not be what can be read.
    for path, size, digest in manifest.files:
        if not await files.is_here(path, size, digest):
            raise OSError("%s cannot be read as it was written." % path)
    await files.tidy(_wanted(manifest, False))
    return True


def _check(manifest, form, key, here):
    """ValueError with a sentence when this module must not take the bundle."""
    board, build_id, build_day = here
    if not bundle.is_signed(manifest.digest(), manifest.signature, key):
        raise ValueError("The bundle is not signed by the key of this module (update.pub).")
    if manifest.board != board:
        raise ValueError("The bundle is for %s, and this is a %s." % (manifest.board, board))
    if manifest.form != form:
        raise ValueError("The bundle has the form %s, and here runs %s." % (manifest.form, form))
    if manifest.build_id == build_id:
        raise ValueError("This build runs already: %s." % build_id)
    if manifest.build_day < build_day:
        raise ValueError(
            "The bundle is older than what runs: build %s. The cable can go back."
            % manifest.build_id
        )


def _check_room(manifest, files, is_missing):
    needed = SPARE_BYTES
    for i in range(len(is_missing)):
        if is_missing[i]:
            path, size, _ = manifest.files[i]
            needed += files.flash_bytes(size) - files.flash_bytes(files.part_size(path))
    free = files.free_bytes()
    if needed > free:
        raise ValueError(_FULL % (free, needed))


def _wanted(manifest, has_parts):
    """What `tidy` asks of each path."""
    paths = {path for path, _, _ in manifest.files}
    if has_parts:
        paths.add("manifest.part")

    def is_wanted(path):
        return path in paths or (has_parts and path[-5:] == ".part" and path[:-5] in paths)

    return is_wanted


class _Job:
    """One attempt. address: as of `http.parse_url`."""

    def __init__(self, update, files, way, address, uptime_s, timer):
        self._update = update
        self._files = files
        self._way = way
        self._address = address
        self._uptime_s = uptime_s
        self._timer = timer
        # Bytes of the whole bundle, as the server says; 0 before it did.
        self._total = 0

    def _go_on(self):
        if self._update.is_stopped:
            raise ValueError("It was stopped.")

    async def manifest(self):
        """The Manifest, from flash as far as it is there."""
        files = self._files
        while True:
            manifest = await self._read_manifest()
            if manifest is not None:
                return manifest
            have = files.manifest_size()
            if self._total and have >= self._total:
                raise ValueError("That is no bundle, or it is damaged.")
            file = files.open_manifest("ab")
            try:
                # What is behind the manifest comes along, and is not looked at.
                await self._piece(have, have + _MANIFEST_BYTES - 1, _Appending(file))
            finally:
                file.close()

    async def _read_manifest(self):
        """The Manifest; None when it is not whole yet. ValueError: it will never be one."""
        if not self._files.manifest_size():
            return None
        manifest = bundle.Manifest()
        file = self._files.open_manifest("rb")
        try:
            while True:
                line = file.readline(bundle.LINE_MAX + 2)
                if line[-1:] != b"\n":
                    if len(line) > bundle.LINE_MAX:
                        raise ValueError("That is no bundle, or it is damaged.")
                    return None
                if manifest.add(line[:-1]):
                    return manifest
                await self._timer.sleep_ms(0)
        finally:
            file.close()

    async def compare(self, manifest):
        """Which files are to be fetched, a byte each; what runs already is copied."""
        files = self._files
        update = self._update
        is_missing = bytearray(len(manifest.files))
        have = total = 0
        for i in range(len(is_missing)):
            self._go_on()
            path, size, digest = manifest.files[i]
            if await files.is_here(path, size, digest):
                continue
            # Else both would need room at once.
            files.remove(path)
            if await files.is_running(path, size, digest):
                is_missing[i] = _RUNNING
                continue
            if files.part_size(path) > size:
                files.drop(path)
            is_missing[i] = _ABSENT
            have += files.part_size(path)
            total += size
        update.done = have
        update.total = total
        return is_missing

    async def fill(self, manifest, is_missing):
        """Copy and fetch what is missing."""
        files = self._files
        for i in range(len(is_missing)):
            if is_missing[i] == _RUNNING:
                self._go_on()
                await _flash(files.copy(manifest.files[i][0]))
                is_missing[i] = 0
        start = manifest.length
        for i in range(len(is_missing)):
            path, size, _ = manifest.files[i]
            while is_missing[i]:
                first = start + files.part_size(path)
                # As far as files are missing one behind the other.
                end = start
                j = i
                while j < len(is_missing) and is_missing[j]:
                    end += manifest.files[j][1]
                    j += 1
                writing = _Writing(self._update, files, manifest, is_missing, i)
                if first == start + size:
                    # An empty file, or one that a cut met before it got its name.
                    files.open_part(path).close()
                    await writing.complete()
                    continue
                try:
                    self._total = self._total or manifest.length + manifest.size
                    await self._piece(first, min(first + _PIECE_BYTES, end) - 1, writing)
                finally:
                    writing.close()
            start += size

    async def _piece(self, first, last, sink):
        """One connection: bytes `first` to `last` of the bundle, or fewer, go to `sink`."""
        self._go_on()
        host, port, is_tls, path = self._address
        stream = await self._way.open(host, port, is_tls)
        try:
            await self._timed(stream.write(http.request(host, port, is_tls, path, first, last)))
            await self._body(stream, http.Head(first, last), sink)
        finally:
            await self._way.close(stream)

    async def _timed(self, work):
        try:
            return await self._timer.wait_for_ms(work, _SILENCE_MS)
        except asyncio.TimeoutError:
            raise OSError("The server fell silent.")

    async def _body(self, stream, head, sink):
        end_s = self._uptime_s() + _PIECE_S
        view = memoryview(bytearray(_READ_BYTES))
        left = -1
        while left:
            n = await self._timed(stream.readinto(view))
            if not n or self._uptime_s() > end_s:
                raise OSError("The connection to the server was cut.")
            at = 0
            if not head.is_done:
                at = head.receive(view, n)
                if not head.is_done:
                    continue
                if self._total and head.total != self._total:
                    raise ValueError(_OTHER_FILE)
                self._total = head.total
                left = head.count
            # What is more than was asked for is not looked at.
            n = min(n, at + left)
            left -= n - at
            if n > at:
                self._go_on()
                await _flash(sink.write(view[at:n]))
            await self._timer.sleep_ms(0)


class _Appending:
    """What a piece of the manifest is written to."""

    def __init__(self, file):
        self._file = file

    async def write(self, data):
        self._file.write(data)


class _Writing:
    """What a piece of files is written to: from the part of file `i` on."""

    def __init__(self, update, files, manifest, is_missing, i):
        self._update = update
        self._files = files
        self._manifest = manifest
        self._is_missing = is_missing
        self._i = i
        self._file = None
        self._have = files.part_size(manifest.files[i][0])

    async def write(self, data):
        while data:
            path, size, _ = self._manifest.files[self._i]
            if self._file is None:
                if not self._have:
                    # Of a time when another one before it was whole.
                    self._files.drop(path)
                self._file = self._files.open_part(path)
            n = min(size - self._have, len(data))
            self._file.write(data[:n])
            self._have += n
            self._update.done += n
            data = data[n:]
            if self._have == size:
                self.close()
                await self.complete()

    async def complete(self):
        """File `i` has all of its bytes."""
        path, size, digest = self._manifest.files[self._i]
        if await self._files.part_digest(path) != digest:
            self._files.drop(path)
            update = self._update
            update.done -= size
            update.mismatches += 1
            text = "%s does not arrive as it was signed." % path
            if update.mismatches >= _MISMATCHES_MAX:
                raise ValueError(text)
            raise OSError(text)
        self._files.finish(path)
        self._is_missing[self._i] = 0
        self._i += 1
        self._have = 0

    def close(self):
        if self._file is not None:
            self._file.close()
            self._file = None


async def _flash(work):
    """Await what writes to flash; ValueError when that is full."""
    try:
        await work
    except OSError as error:
        if error.args and error.args[0] == _ENOSPC:
            raise ValueError("The flash is full.")
        raise
