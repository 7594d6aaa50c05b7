"""What would have paged: real logs in event time, through the exporter's own pipeline and the real rule engine.

``ordering`` puts events in event time, ``sampling`` keeps what each scrape would have shown, ``rules`` decides which
rules run at which step, ``engine`` has promtool evaluate them, ``timeline`` makes alerts of the answer.
"""
