"""Test classes for those who write a source, in this repository or in a package of their own.

Production imports nothing of this package. It needs pytest, which is a dependency of the tests.
"""
