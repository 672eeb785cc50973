"""The benchmark of speed: qmsctl beside its peers, in turns, on the same content."""
