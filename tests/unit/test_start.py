"""What a start waits for: the face answers before the detectors are made."""

import subprocess
import sys

HEAVY = ("numpy", "phonenumbers", "genai_prices", "rjsonnet", "tocsin.detectors.registry")


def test_a_start_imports_nothing_heavy_before_it_is_ready():
    code = f"import sys, tocsin.commands.run; print([name for name in {HEAVY} if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == "[]"
