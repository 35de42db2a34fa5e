"""What a process that decodes images and the one that started it say to each other.

See `headstart.processes.messages`.
"""

#: To a worker: an image (its name and its file); the memory that it asked for.
IMAGE, GRANTED = b"I", b"G"
#: From a worker: the pixels, with their notes; why there are none; how many bytes of memory it
#: needs.
PIXELS, ERROR, NEEDS = b"P", b"E", b"N"
