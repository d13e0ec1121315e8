"""Where a car is on its round after so many metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tools.desk.gps import Waypoint

_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Place:
    """A point of the route, and the direction of travel there."""

    latitude: float
    longitude: float
    course_deg: float


class Round:
    """A closed polygon of waypoints, travelled at whatever speed the car has."""

    def __init__(self, waypoints: Sequence[Waypoint]):
        self._legs = []
        self.length_m = 0.0
        for start, end in zip(waypoints, [*waypoints[1:], waypoints[0]], strict=True):
            scale = math.cos(math.radians(start.latitude)) * _METRES_PER_DEGREE
            north_m = (end.latitude - start.latitude) * _METRES_PER_DEGREE
            east_m = (end.longitude - start.longitude) * scale
            course_deg = math.degrees(math.atan2(east_m, north_m)) % 360
            leg_m = math.hypot(north_m, east_m)
            self._legs.append((leg_m, start, end, course_deg))
            self.length_m += leg_m
        if not self.length_m:
            raise ValueError("A route needs two different places.")

    def at(self, distance_m: float) -> Place:
        """The place after `distance_m` from the first waypoint, any number of rounds."""
        rest_m = distance_m % self.length_m
        for leg_m, start, end, course_deg in self._legs:
            if rest_m < leg_m:
                part = rest_m / leg_m
                return Place(
                    start.latitude + (end.latitude - start.latitude) * part,
                    start.longitude + (end.longitude - start.longitude) * part,
                    course_deg,
                )
            rest_m -= leg_m
        return Place(start.latitude, start.longitude, course_deg)
