"""Finds the tag sets of a measurement that count for a series, without comparing all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gapfill.domain.series import Series
from gapfill.stores.points import format_tags, is_own, parse_tags


class TagIndex:
    """The tag sets of one measurement, by the values of their tags.

    Args:
        texts: The tag sets in canonical form.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._known: dict[str, Mapping[str, str]] = {}
        self._of_value: dict[str, dict[str, list[str]]] = {}
        self._without: dict[str, list[str]] = {}
        for text in texts:
            self.add(text)

    def __contains__(self, text: str) -> bool:
        """Return whether a tag set is known."""
        return text in self._known

    def __len__(self) -> int:
        """Return the number of tag sets."""
        return len(self._known)

    def tags(self, text: str) -> Mapping[str, str]:
        """Return the tags of a known tag set."""
        return self._known[text]

    def add(self, text: str) -> None:
        """Add a tag set; a known one changes nothing."""
        if text in self._known:
            return
        self._known[text] = tags = parse_tags(text)
        for name, value in tags.items():
            self._of_value.setdefault(name, {}).setdefault(value, []).append(text)
        self._without.clear()

    def own(self, series: Series) -> list[str]:
        """Return the tag sets whose points count for a series, its own first, others sorted."""
        mine = format_tags(series.tags)
        found = [text for text in self._candidates(series) if is_own(series, self._known[text])]
        return sorted(found, key=lambda text: (text != mine, text))

    def _candidates(self, series: Series) -> Iterable[str]:
        """Return the tag sets that do not contradict one tag of the series.

        The tag is the one with the fewest such tag sets.
        """
        best: Iterable[str] = self._known
        fewest = len(self._known)
        for name, value in series.tags.items():
            found = [*self._of_value.get(name, {}).get(value, ()), *self._without_tag(name)]
            if len(found) < fewest:
                best, fewest = found, len(found)
        return best

    def _without_tag(self, name: str) -> list[str]:
        """Return the tag sets without a tag."""
        if name not in self._without:
            self._without[name] = [text for text, tags in self._known.items() if name not in tags]
        return self._without[name]
