"""Steps that take the modem's time, written as generators.

A step function yields a number (wait that many ms) or a `Pending` (wait for its value, which the
yield returns). This keeps "answer, wait, answer again" in reading order without threads.
"""


class Pending:
    """A value that arrives later, once."""

    def __init__(self):
        self.is_done = False
        self.value = None
        self._callbacks = []

    def set(self, value=None):
        """Deliver the value; a second call changes nothing."""
        if self.is_done:
            return
        self.is_done = True
        self.value = value
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(value)

    def when_done(self, callback):
        """Call `callback(value)` when the value is there, at once if it already is.

        Callbacks run in the order they were given.
        """
        if self.is_done:
            callback(self.value)
        else:
            self._callbacks.append(callback)


class TaskGroup:
    """Runs step generators on a scheduler and drops all of them at once when power goes.

    delay_factor: multiplies every wait; `slowness` does so too, as a fault.
    """

    def __init__(self, scheduler, delay_factor=1.0):
        self._scheduler = scheduler
        self._generation = 0
        self.delay_factor = delay_factor
        self.slowness = 1.0

    def now_ms(self):
        return self._scheduler.now_ms()

    def spawn(self, steps):
        """Run the generator `steps` from now on."""
        self._step(steps, self._generation, None)

    def later(self, delay_ms, callback):
        """Call `callback()` after `delay_ms`, unless `cancel_all()` comes first."""
        generation = self._generation

        def run():
            if generation == self._generation:
                callback()

        return self._scheduler.call_later(delay_ms * self.delay_factor * self.slowness, run)

    def cancel_all(self):
        self._generation += 1

    def _step(self, steps, generation, value):
        if generation != self._generation:
            return
        try:
            wanted = steps.send(value)
        except StopIteration:
            return
        if isinstance(wanted, Pending):
            wanted.when_done(lambda result: self._step(steps, generation, result))
        else:
            self.later(wanted, lambda: self._step(steps, generation, None))
