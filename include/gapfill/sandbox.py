"""``python -m gapfill.sandbox``: the simulated APIs of ``gapfill_sandbox``."""

from gapfill_sandbox.__main__ import main

if __name__ == "__main__":
    main()
