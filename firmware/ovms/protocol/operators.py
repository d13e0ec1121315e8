"""Networks in reach, as a modem lists them. Loaded on demand.

`+COPS: (state,"long name","short name","code"),(...),,(modes),(formats)`; any name may be missing.
Source: 3GPP 27.007, 7.3.
"""

from micropython import const

_FORBIDDEN = "3"
_NAMES = const(3)
# So many names are shown.
_SHOWN_MAX = const(8)


def _listed(text):
    """(state, [long name, short name, code]) of each network in `text` (str)."""
    found = []
    for group in text.split("(")[1:]:
        fields = [field.strip(' "') for field in group.split(")")[0].split(",")]
        if len(fields) > _NAMES and len(fields[0]) == 1 and fields[0].isdigit():
            found.append((fields[0], fields[1 : 1 + _NAMES]))
    return found


def _plain(name):
    return name.replace(" ", "").lower()


def named(name: str, text: str) -> str:
    """Code of the network in `text` that has this name, however it is written; "" for none."""
    for _, names in _listed(text):
        if names[-1].isdigit() and _plain(name) in [_plain(other) for other in names]:
            return names[-1]
    return ""


def shown(text: str) -> str:
    """Names (str) of the networks in `text` that may take the SIM; "" for none."""
    names = []
    for state, others in _listed(text):
        name = others[0] or others[1] or others[2]
        if state != _FORBIDDEN and name and name not in names:
            names.append(name)
    return ", ".join(names[:_SHOWN_MAX])
