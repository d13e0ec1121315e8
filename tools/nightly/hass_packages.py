"""What a Home Assistant with MQTT needs beside itself; run by a Python that has `homeassistant`.

It would install these packages when it starts. Prints requirements of pip.
"""

from __future__ import annotations

import json
from pathlib import Path


def requirements(components: Path, wanted: set[str]) -> set[str]:
    """Of these integrations and all that they depend on. components: folder of the manifests."""
    found: set[str] = set()
    todo, seen = set(wanted), set()
    while todo:
        name = todo.pop()
        seen.add(name)
        manifest = json.loads((components / name / "manifest.json").read_text("utf-8"))
        found |= set(manifest.get("requirements", []))
        todo |= set(manifest.get("dependencies", [])) - seen
    return found


if __name__ == "__main__":
    import homeassistant
    from homeassistant import bootstrap

    always = bootstrap.DEFAULT_INTEGRATIONS | bootstrap.FRONTEND_INTEGRATIONS
    more = {*bootstrap.CORE_INTEGRATIONS, "isal", "mqtt", "recorder"}
    folder = Path(homeassistant.__file__).parent / "components"
    print(*sorted(requirements(folder, {*always, *more})))
