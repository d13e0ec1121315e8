"""Whether a history record is given up for its age. Loaded when one is older than a week."""


def is_too_old(clock, ring, record, age_s):
    """Whether `record` of `ring` outlived its lifetime, and more than one source says so."""
    if age_s <= int(record.data.split(b",", 3)[2]):
        return False
    boot = record.boot
    if boot < 0 or ring.starts.get(boot, 0) <= 0:
        # The module counted that time itself.
        return True
    return boot not in ring.unsure and clock.is_confirmed()
