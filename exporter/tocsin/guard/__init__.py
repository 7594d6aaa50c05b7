"""The guard: a verdict before delivery, by three APIs, and the one check that they and ``tocsin check`` share."""
