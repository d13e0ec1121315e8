"""The cars that are made of a table, each with frames that wake it up and move it.

The frames are the vectors of car facts 3.7, and for what they do not have made by hand from
the same tables. They are payloads, not recordings, unless a test says so.
"""

from ovms.vehicle.imiev.car import Imiev
from ovms.vehicle.kiasoul.car import Kiasoul
from ovms.vehicle.leaf.car import Leaf
from ovms.vehicle.leaf_2010.car import Leaf2010
from ovms.vehicle.leaf_2018.car import Leaf2018
from ovms.vehicle.leaf_body.car import LeafBody
from ovms.vehicle.obd.car import Obd
from ovms.vehicle.thinkcity.car import Thinkcity
from ovms.vehicle.voltampera.car import Voltampera

_LEAF = (
    "1DB F6 00 BF 40 55 00 00 00",
    "284 00 00 00 00 13 24 00 00",
    "5C0 40 00 78 00 00 00 00 00",
)
TABLE_CARS = (
    (Leaf, _LEAF),
    (Leaf2010, _LEAF + ("5BC 46 40 00 00 C0 01 20 00",)),
    (Leaf2018, _LEAF + ("59E 00 00 0F 00 00 00 00 AC",)),
    (
        LeafBody,
        (
            "355 00 00 00 00 00 00 00",
            "5C5 04 01 2B 3C 00 00 00 00",
            "60D 08 06 10 00 00 00 00 00",
            "284 00 00 00 00 13 88 00 00",
            "385 00 00 90 91 8E 8F 00 00",
        ),
    ),
    (
        Imiev,
        (
            "101 04 00 00 00 00 00 00 00",
            "374 B8 BC 00 00 43 3F 4E 00",
            "412 FE 00 01 7D F4 00 21 12",
            "373 00 00 7C 18 0D 7A 00 00",
            "215 19 00 00 00 00 00 00 00",
            "298 00 00 00 43 00 00 2E E0",
        ),
    ),
    (
        Thinkcity,
        (
            "303 00 00 00 00 04 00 00 00",
            "263 00 00 28 00 00 64 00 00",
            "301 FF 9C 0E 9C 01 2C 0A 8C",
        ),
    ),
    (
        Kiasoul,
        (
            "542 9E 00 00 00 00 00 00 00",
            "4F0 00 00 00 00 00 D2 04 00",
            "4F2 00 64 01 00 00 00 00 02",
        ),
    ),
    (
        Voltampera,
        (
            "0C9 84 0C 80 00 00 00 00 00",
            "120 00 36 EE 80 00 00 00 00",
            "3E9 15 7C 00 00 00 00 00 00",
        ),
    ),
    # Whatever is on the bus; that it is on, only its answers tell.
    (Obd, ("0C0 01", "1A5 01", "280 01", "320 01", "5D0 01")),
)
