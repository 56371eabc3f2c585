"""What the plugin's module imports, as ``python -X importtime`` tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "plugins" / "gapfill_plugin.py"

_MARK = "--- the base is imported"
_CODE = f"""
import sys, airflow.listeners, airflow.plugins_manager
sys.path.insert(0, {str(PLUGIN.parent)!r})
print({_MARK!r}, file=sys.stderr, flush=True)
import {PLUGIN.stem}
"""


def of_the_plugin() -> list[str]:
    """Return what a process imports for the plugin that its base had not, itself too."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", _CODE],
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stderr.rpartition(_MARK)[2].splitlines()
    return [line.rpartition("|")[2].strip() for line in told if line.startswith("import time:")]


def beyond_the_base() -> list[str]:
    """Return what of that is neither the standard library nor the module itself."""
    mine = {*sys.stdlib_module_names, PLUGIN.stem}
    return [name for name in of_the_plugin() if name.split(".")[0] not in mine]
