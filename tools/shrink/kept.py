"""The names that MicroPython's own modules define, from `kept_names.txt`."""

from __future__ import annotations

import builtins
import functools
from pathlib import Path

KEPT_NAMES = Path(__file__).with_name("kept_names.txt")

# Modules that every image has, so that their names lie in its ROM.
_COMMON = ("math", "cmath", "uctypes", "errno", "heapq", "random", "framebuf", "deflate", "vfs")
# Methods of str, int and set.
_METHODS = {
    *("center", "isalpha", "islower", "isspace", "isupper", "lstrip", "rindex", "rsplit"),
    *("splitlines", "to_bytes", "from_bytes", "fromkeys", "popitem", "discard", "isdisjoint"),
    *("issubset", "issuperset", "union", "intersection", "difference", "symmetric_difference"),
    *("difference_update", "intersection_update", "symmetric_difference_update"),
}
# Attributes that the stubs forgot: of an `ssl` context, of `sys.stdin`, of streams, of others.
_FORGOTTEN = {
    *("verify_mode", "buffer", "seek", "tell", "getvalue", "pend_throw", "reverse"),
}
# Of the other modules that every image has, what nothing looks for on an object of ours.
_FUNCTIONS = {
    *("OrderedDict", "appendleft", "namedtuple", "popleft"),
    *("a2b_base64", "b2a_base64", "crc32", "hexlify", "unhexlify", "md5", "sha256"),
    *("dump", "dumps", "load", "loads", "match", "search", "sub", "group"),
    *("calcsize", "pack", "pack_into", "unpack", "unpack_from"),
    *("chdir", "getcwd", "listdir", "mkdir", "rmdir", "statvfs", "urandom"),
    *("gmtime", "localtime", "mktime", "time_ns", "sleep_us"),
    *("ticks_add", "ticks_cpu", "ticks_diff", "ticks_ms", "ticks_us"),
    *("collect", "isenabled", "mem_alloc", "mem_free", "threshold"),
    *("heap_lock", "heap_unlock", "kbd_intr", "mem_info", "opt_level", "qstr_info", "schedule"),
    *("argv", "byteorder", "implementation", "maxsize", "print_exception", "version_info"),
    *("stderr", "stdin", "stdout"),
}
# Of asyncio, mip and requests, which every image has frozen with all the names that they use
# (ports/esp32/boards/manifest.py of MicroPython 1.23): none that asyncio looks for on coroutines,
# streams or tasks.
_FROZEN = {
    *("IOQueue", "Lock", "Loop", "Server", "SingletonGenerator", "Stream", "StreamReader"),
    *("StreamWriter", "TaskQueue", "ThreadSafeFlag", "_Remove", "_attrs", "_dequeue", "_enqueue"),
    *("_exc_context", "_exc_handler", "_io_queue", "_promote_to_task", "_serve", "_stop_task"),
    *("_stopper", "_task_queue", "acquire", "awritestr", "backlog", "call_exception_handler"),
    *("cb", "create_task", "cur_task", "current_task", "default_exception_handler", "drain"),
    *("dt", "exc", "exc_type", "get_event_loop", "get_exception_handler", "get_extra_info"),
    *("is_set", "main_task", "new_event_loop", "open_connection", "out_buf", "peername", "poller"),
    *("queue_read", "queue_write", "readexactly", "return_exceptions", "run_forever"),
    *("run_until_complete", "runq_len", "server_hostname", "server_side", "set_exception_handler"),
    *("sgen", "start_server", "stream_awrite", "sz", "tb", "ticks", "wait_closed", "wait_for"),
    *("wait_for_ms", "wait_io_event", "waiter", "waitq_len"),
    *("_CHUNK_SIZE", "_check_exists", "_chunk", "_download_file", "_ensure_path_exists"),
    *("_install_json", "_install_package", "_rewrite_url", "branch", "deps", "dest", "hashes"),
    *("latest", "package_json_url", "short_hash", "src", "urls"),
    *("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT", "Response", "_cached", "auth", "chunked"),
    *("Authorization", "Connection", "Done", "Host", "content", "core", "delete", "funcs"),
    *("future", "idx", "install", "module", "parse_headers", "patch", "post", "reason", "request"),
    *("self", "status_code", "stream"),
}
# Of `socket`, `select`, `tls`, `_thread`, `hashlib`, `cryptolib`, `machine` and `sys`, and of the
# VM's own types and functions.
_NATIVE = {
    *("AF_INET6", "SOCK_DGRAM", "SOCK_RAW", "SOCK_STREAM", "SOL_SOCKET", "SO_BROADCAST"),
    *("SO_REUSEADDR", "getaddrinfo", "makefile", "recvfrom", "sendall", "sendto"),
    *("setblocking", "setsockopt", "settimeout"),
    *("CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED", "MBEDTLS_VERSION", "PROTOCOL_TLS_CLIENT"),
    *("PROTOCOL_TLS_SERVER", "SSLContext", "do_handshake_on_connect", "get_ciphers"),
    *("getpeercert", "load_cert_chain", "load_verify_locations", "set_ciphers", "wrap_socket"),
    *("LockType", "allocate_lock", "get_ident", "stack_size", "start_new_thread"),
    *("aes", "encrypt", "sha1", "mem16", "mem32", "mem8", "time_pulse_us"),
    *("NoneType", "bound_method", "closure", "dict_view", "generator"),
    *("_machine", "_mpy", "ptr", "ptr16", "ptr32", "ptr8"),
    *("POLLERR", "POLLHUP", "POLLOUT", "Signal", "bind", "listen", "unregister", "soft_reset"),
    *("FileIO", "PinBase", "TextIOWrapper", "executable", "ps1", "ps2", "stack_use"),
    *("deleter", "deque", "execfile", "getter", "imag", "real", "sep", "separators", "setter"),
    *("abs_tol", "buffering", "invert", "keepends", "little", "lookahead", "progsize"),
    *("readsize", "rel_tol", "single"),
}


@functools.cache
def _sections() -> dict[str, list[str]]:
    """Module to its names. A line is `module: name name ...`."""
    lines = KEPT_NAMES.read_text("ascii").splitlines()
    pairs = (line.split(": ") for line in lines if not line.startswith("#"))
    found: dict[str, list[str]] = {}
    for module, names in pairs:
        found.setdefault(module, []).extend(names.split())
    return found


@functools.cache
def kept_names() -> frozenset[str]:
    """All names of MicroPython's modules and of the builtins.

    All modules, imported or not: an object may come from one through another (a `tls` context is
    described as one of `ssl`), and an attribute of it that is renamed would be set in vain.
    """
    names = {name for names in _sections().values() for name in names}
    return frozenset(names | _FORGOTTEN | set(dir(builtins)))


def known_modules() -> set[str]:
    """The modules whose names are listed."""
    return set(_sections())


@functools.cache
def rom_names() -> list[str]:
    """Names that are stored in every image anyway, so that using them costs no RAM."""
    sections = _sections()
    names = {name for module in _COMMON for name in sections[module]}
    # Nothing that the VM or asyncio could look for on an object of ours.
    for module in ("builtins", "io", "asyncio", "select", "socket"):
        names.difference_update(sections[module])
    names = names - set(dir(builtins)) | _METHODS | _FUNCTIONS | _FROZEN | _NATIVE
    return sorted(names - set(sections), key=lambda name: (len(name), name))
