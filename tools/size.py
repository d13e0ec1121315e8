"""What the firmware weighs, file by file: `python -m tools.size BOARD --form FORM`."""

from __future__ import annotations

import argparse
import json
import sys

from tools import build, images


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.size", description=__doc__)
    parser.add_argument("board", nargs="?", default="LILYGO_TCALL_SIM800")
    parser.add_argument("--form", default="small", help=", ".join(build.FORMS))
    options = parser.parse_args(arguments)
    try:
        folder = build.build_firmware(options.board, options.form)
    except build.BuildError as error:
        print(error, file=sys.stderr)
        return 2
    table_file = folder.with_name(f"{folder.name}.names.json")
    table = json.loads(table_file.read_text("utf-8")) if table_file.exists() else {}
    sources = {code: entry["path"] for code, entry in table.get("files", {}).items()}
    for path in build.built_files(folder, options.form):
        shown = path.relative_to(folder)
        source = sources.get(path.stem, "") if shown.parts[0] == "ovms" else ""
        print(f"{path.stat().st_size:7d}  {shown!s:24} {source}".rstrip())
    print(build.told_size(folder, options.form))
    if options.form != "romfs":
        print(f"{images.littlefs_bytes(folder):7d}  bytes of flash on LittleFS, blocks of 4 KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
