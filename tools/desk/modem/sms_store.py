"""The message store of the SIM: numbered places, each unread or read."""

UNREAD, READ = "REC UNREAD", "REC READ"


class SmsStore:
    """Places 1..capacity. A new message takes the lowest free one."""

    def __init__(self, capacity):
        self.capacity = capacity
        self._places = {}

    @property
    def used(self):
        return len(self._places)

    @property
    def is_full(self):
        return self.used >= self.capacity

    def add(self, part):
        """Keep `part` as unread; returns its index, None if the store is full."""
        if self.is_full:
            return None
        index = next(i for i in range(1, self.capacity + 1) if i not in self._places)
        self._places[index] = [part, UNREAD]
        return index

    def get(self, index):
        """(part, status), or None for an empty place."""
        place = self._places.get(index)
        return tuple(place) if place else None

    def items(self):
        """(index, part, status) of all messages, by index."""
        return [(index, *self._places[index]) for index in sorted(self._places)]

    def mark_read(self, index):
        self._places[index][1] = READ

    def delete(self, index):
        self._places.pop(index, None)

    def delete_where(self, is_unwanted):
        """Delete every message whose status satisfies `is_unwanted(status)`."""
        for index, _, status in self.items():
            if is_unwanted(status):
                self.delete(index)
