"""Where requests go, and with which key: both are looked at before the first one is sent."""

import os
from urllib.parse import urlsplit

import httpx2

from humpback.errors import UsageFault
from humpback.lm.openai import OFFICIAL, Options


def checked(url: str) -> str:
    """`url` if it is a server's address; raises `UsageFault` if not, or if it holds a password."""
    wrong = UsageFault(f"{url!r} is no address of a server", "type it as: openai:MODEL@http://127.0.0.1:8000/v1")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and bool(httpx2.URL(url))
    except (ValueError, httpx2.InvalidURL):
        raise wrong from None
    if "@" in parts.netloc:
        raise UsageFault(
            "the address in OPENAI_BASE_URL holds a password", "put the key into the environment: OPENAI_API_KEY"
        )
    if not sound:
        raise wrong
    return url


def official(url: str) -> bool:
    """Whether OpenAI's own servers are asked: they refuse what others offer."""
    return urlsplit(url).hostname == urlsplit(OFFICIAL).hostname


def key(options: Options, url: str) -> str:
    """The key, from the environment alone; empty for a server of one's own. Its text is in no message."""
    found = os.environ.get(options.key_env, "").strip()
    if not found and official(url):
        raise UsageFault(f"{options.key_env} holds no key for {urlsplit(url).hostname}", f"export {options.key_env}=...")
    if not (found.isascii() and found.isprintable()) or " " in found:
        raise UsageFault(f"what {options.key_env} holds is no key: it has blanks or signs that no key has", "copy it again")
    return found
