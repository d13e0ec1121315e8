"""What `ovms.config.Config` keeps its settings in, without a flash."""


class MemoryStore:
    load_error = ""

    def __init__(self):
        self.data = b""

    def load(self):
        return self.data

    def save(self, data):
        self.data = data
