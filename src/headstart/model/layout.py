"""The names of a saved model's files.

::

    graph.xml, graph.bin   pixels in, features and probabilities out
    head.npz               what was learnt, as arrays
    golden.npz             drawn test pictures and their answers
    model.json             labels, settings, versions, what it was trained on
    README.md              the model card
    SHA256SUMS             the hash of each
"""

GRAPH = "graph.xml"
WEIGHTS = "graph.bin"
HEAD = "head.npz"
GOLDEN = "golden.npz"
DESCRIPTION = "model.json"
CARD = "README.md"

FILES = (GRAPH, WEIGHTS, HEAD, GOLDEN, DESCRIPTION, CARD)
