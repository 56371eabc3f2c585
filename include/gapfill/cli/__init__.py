"""The command line: the same services as the DAGs, without a scheduler.

``main`` is the boundary where errors become sentences, ``app`` the commands and
``options`` what they share, ``ranges`` reads dates, ``cli`` opens the installation;
``tables``, ``progress`` and ``words`` are what people see.
"""

from __future__ import annotations

from gapfill.cli.main import main

__all__ = ["main"]
