"""The tests of every source of an HTTP API, to subclass.

A subclass names the source and has recorded answers. The real hook then calls a local HTTP
server, which answers as recorded, with damaged rows, or not at all::

    class TestMySource(SourceContract):
        source = "my_source"
        product = "hourly"
        start, end, now = "2025-11-03T00:00Z", "2025-11-04T00:00Z", "2025-11-20T12:00Z"
        answer = Path("answer.json").read_bytes()
        values = {"2025-11-03T00:00Z": {"temperature": 9.8}, …}

A failing test names the behaviour of the source and the necessary change. The tutorial
``docs/tutorials/add_a_source.md`` uses it.
"""

from __future__ import annotations

from gapfill.testing.answers_contract import AnswersContract
from gapfill.testing.damage_contract import DamageContract
from gapfill.testing.failures_contract import FailuresContract
from gapfill.testing.local_api import Recorded

__all__ = ["Recorded", "SourceContract"]


class SourceContract(AnswersContract, DamageContract, FailuresContract):
    """Every test of one product of a source; ``SourceCase`` lists the attributes of a subclass."""
