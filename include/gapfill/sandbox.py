"""``python -m gapfill.sandbox``: the simulated APIs, which live in ``gapfill_sandbox``."""

from gapfill_sandbox.__main__ import main

if __name__ == "__main__":
    main()
