"""Learning one's own classes on the features of a frozen network."""
