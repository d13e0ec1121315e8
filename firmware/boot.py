# Runs first after every reset. Room for a traceback even when the heap is full; nothing else.
import micropython

micropython.alloc_emergency_exception_buf(100)
