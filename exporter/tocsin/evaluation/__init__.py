"""Detector quality on labelled texts: the figures that ``tocsin eval`` prints and the README states."""
