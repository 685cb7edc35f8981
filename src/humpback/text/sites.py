"""The site of an address: its registered domain by the Public Suffix List, private section included."""

from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit


@lru_cache(maxsize=1 << 16)
def site(url: str | None) -> str | None:
    """The registered domain of `url`, or its host if it has none (a number, a suffix); None for what is no web address."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").rstrip(".") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return None
    return (host if _is_address(host) else _suffixes().privatesuffix(host) or host) or None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
