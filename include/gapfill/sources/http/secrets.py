"""Remove secrets from answers and messages, in every form in which a server may echo them."""

from __future__ import annotations

import re
from html.entities import codepoint2name

_SHORTEST = 6
_HIDDEN = b"***"
_QUOTING = (b"%", b"\\", b"&")
_LATIN, _APOSTROPHE = 0xFF, ord("'")


class Secrets:
    """Texts that no log or message may show.

    A server may echo them unchanged or quoted for a URL, a form, JSON or HTML, once or several
    times, in part or whole, and a host name in lower case.
    """

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._plain: set[bytes] = set()
        self._pattern: re.Pattern[bytes] | None = None

    def add(self, *secrets: str | None) -> None:
        """Add secrets, except one so short that it could match data by chance."""
        found = {text for text in secrets if text and len(text) >= _SHORTEST} - self._texts
        if found:
            self._texts |= found
            self._plain |= {form for text in found for form in _plainly(text)}
            self._pattern = None

    def blot(self, text: str) -> str:
        """Return a text without them."""
        body = text.encode("utf-8", "surrogatepass")
        return self.blot_bytes(body).decode("utf-8", "surrogatepass")

    def blot_bytes(self, body: bytes) -> bytes:
        """Return a body without them."""
        small = body.lower()
        is_quoted = any(sign in body for sign in _QUOTING)
        if not self._texts or not (is_quoted or any(form in small for form in self._plain)):
            return body
        if self._pattern is None:  # compiled where it is needed: a long key takes a while
            longest_first = sorted(self._texts, key=len, reverse=True)
            self._pattern = re.compile(b"|".join(_in_any_form(text) for text in longest_first))
        return self._pattern.sub(_HIDDEN, body)


def _plainly(text: str) -> set[bytes]:
    """Return the unquoted forms of a text, in lower case."""
    spaced = {text, text.replace(" ", "+")}
    return {form.lower() for one in spaced for form in _encoded(one)}


def _encoded(text: str) -> set[bytes]:
    """Return a text in UTF-8, in Latin-1, and in UTF-8 read as Latin-1, as in headers."""
    raw = text.encode()
    latin = {text.encode("latin-1")} if all(ord(one) <= _LATIN for one in text) else set()
    return {raw, raw.decode("latin-1").encode(), *latin}


def _in_any_form(text: str) -> bytes:
    return b"".join(b"(?:" + b"|".join(_forms(character)) + b")" for character in text)


def _forms(character: str) -> list[bytes]:
    """Return patterns of a character; each begins with a literal, so that a search is fast."""
    cases = dict.fromkeys([character, character.lower(), character.upper()])
    forms = [form for one in cases for form in _forms_of_case(one)]
    return [*forms, re.escape(b"+")] if character == " " else forms


def _forms_of_case(text: str) -> list[bytes]:
    """Return patterns of a character, or of the two that its upper case may have."""
    encoded = sorted(_encoded(text))
    whole = [re.escape(one) for one in encoded]
    if not text.isalnum():
        whole += [rb"\\+" + one for one in whole]
    quoted = [b"".join(rb"%(?:25)*" + _hex(f"{byte:02x}") for byte in one) for one in encoded]
    units = text.encode("utf-16-be").hex()
    in_json = b"".join(rb"\\+u" + _hex(units[n : n + 4]) for n in range(0, len(units), 4))
    return [*whole, *quoted, in_json, b"".join(_entity(ord(one)) for one in text)]


def _hex(digits: str) -> bytes:
    """Return a pattern of hexadecimal digits in lower or upper case."""
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits).encode()


def _entity(code: int) -> bytes:
    """Return a pattern of a character in HTML."""
    name = "apos" if code == _APOSTROPHE else codepoint2name.get(code)
    named = [name.encode()] if name else []
    forms = [*named, f"#0*{code}".encode(), b"#[xX]0*" + _hex(f"{code:x}")]
    return rb"&(?:amp;)*(?:" + b"|".join(forms) + b");"
