"""How a model is named: `backend:model`, with an address after `@` and settings after `?`, all in one string.

embedded    transformers:runs/a/10-forward-0    transformers:org/name?adapter=runs/b/lora
vllm:org/name?max_model_len=4096    openai:gpt-6-luna    openai:qwen@http://127.0.0.1:8000/v1?concurrency=32&max_cost=5
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator

from humpback.config import Planned, build, planned
from humpback.errors import UsageFault
from humpback.lm import backend, backends
from humpback.lm.identity import identify
from humpback.lm.options import BackendOptions

_ADDRESS = re.compile(r"@(?=https?://)")


@dataclass(frozen=True)
class Spec:
    """A model's name in parts. `options` are those of its backend."""

    backend: str
    model: str
    url: str
    options: Any

    @property
    def folder(self) -> Path | None:
        """The folder that holds the weights, if they are on this disk; what is packed is unpacked for it."""
        weights: Path | None = self.options.weights(self.model)
        return weights


def parse(text: str) -> Spec:
    """`text` in parts; raises `UsageFault` for an unknown backend, an unknown setting, or a key in the address.

    A folder without a backend is a transformers model.
    """
    name, _, query = text.partition("?")
    name, *address = _ADDRESS.split(name, maxsplit=1)
    url = address[0] if address else ""
    named, _, model = name.partition(":")
    if "/" in named or named in (".", ".."):
        named, model = "transformers", name
    module = backend(named)
    if module is None:
        raise UsageFault(
            f"there is no model backend {named!r} (in {text!r})", f"type backend:model; backends: {', '.join(backends())}"
        )
    try:
        secret = "@" in urlsplit(url).netloc
    except ValueError as error:
        raise UsageFault(f"the address {url} is none: {error}", "type it as: @http://127.0.0.1:8000/v1") from None
    if secret:
        raise UsageFault("the address of the model holds a password", "put the key into the environment: OPENAI_API_KEY")
    return Spec(named, model, url.rstrip("/"), _options(module.Options, query))


def _options(kind: type[BackendOptions], query: str) -> BackendOptions:
    given = dict(parse_qsl(query, keep_blank_values=True))
    if any("key" in name.lower() and name != "key_env" for name in given):
        raise UsageFault(
            "the name of the model holds a key", "put it into the environment: OPENAI_API_KEY, or ?key_env=NAME"
        )
    return build(kind, [given])


def fingerprint(spec: str) -> str:
    """What identifies the model in plans and journals: backend, content of its files (or its name), host, and the settings
    that change answers and are not the default.

    A server is known by its host: the same model behind another port is the same model.
    """
    parsed = parse(spec)
    options: BackendOptions = parsed.options
    files = options.files(parsed.model)
    name = identify(files) if files and files.exists() else parsed.model
    host = urlsplit(options.address(parsed.url)).hostname
    usual = {name for name, field in type(options).model_fields.items() if getattr(options, name) == field.default}
    changed = sorted((name, value) for name, value in planned(options).items() if name not in usual)
    told = "?" + "&".join(f"{name}={value}" for name, value in changed) if changed else ""
    return f"{parsed.backend}{':' if name else ''}{name}{f'@{host}' if host else ''}{told}"


def checked(text: str) -> str:
    """`text` if it names a model, or nothing; raises `UsageFault`, before anything is written down or trained."""
    if text:
        parsed = parse(text)
        files = parsed.options.files(parsed.model)
        if files and not files.exists():
            raise UsageFault(f"there is no folder or file {files}", "check the path of the model")
    return text


# What settings name models with: a plan has the fingerprint of what the name stands for.
ModelName = Annotated[str, AfterValidator(checked), Planned(fingerprint)]


def role_of(spec: Spec) -> str:
    """forward, backward or base, as is said beside the model; empty where nobody said."""
    return str(said(spec).get("role", ""))


def recommended(spec: str) -> dict[str, object]:
    """The settings that the model `spec` asks for, nested as in a recipe; empty if it has none."""
    settings: dict[str, object] = said(parse(spec)).get("recommended", {})
    return settings


def said(spec: Spec) -> dict[str, Any]:
    """What is said beside the model: role, base, recommended settings; empty where nothing is."""
    path: Path | None = spec.options.said(spec.model)
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    return told
