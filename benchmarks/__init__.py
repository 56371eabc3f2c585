"""The ratios of design section 14, taken side by side in one run: ``make bench``."""
