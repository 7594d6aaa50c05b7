"""What the runbook tests share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pages import rows

# The pages are written for all alerts and are held against them as soon as the rules hold them.
collect_ignore = [] if "TocsinAbsent" in rows() else ["test_pages.py", "test_queries.py"]
