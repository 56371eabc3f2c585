"""Test classes for authors of a source, in this repository or in their own package.

Production does not import this package. It needs pytest, which is a dependency of the tests.
"""
