"""Backtesting: real logs in event time, through the exporter's own pipeline and the real rule engine.

``ordering`` sorts events into event time, ``sampling`` keeps what each scrape would have returned, ``rules`` decides
which rules run at which step, ``engine`` has promtool evaluate them, ``timeline`` turns the results into alerts.
"""
