"""Whether a model can be trained, `python -m humpback.train.process.examine FOLDER`: its files are read, but no weights.

Its last line is JSON: {"turns": "own"} or "plain", whose template the model is asked in, or {"fault": [fact, hint]}.
"""

import json
import sys
from pathlib import Path
from typing import Any

import jinja2
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from humpback import store
from humpback.errors import UsageFault
from humpback.lm import chat

# What causal models are called, by their old names too.
CAUSAL = ("ForCausalLM", "LMHeadModel")
ANOTHER = "take another: --set base=transformers:PATH"


def examine(folder: Path) -> str:
    """own or plain: whose turns the model in `folder` is asked in; raises `UsageFault` where it cannot be trained."""
    try:
        config = transformers.AutoConfig.from_pretrained(folder)
    except (KeyError, OSError, ValueError) as error:
        known = f"transformers {transformers.__version__} cannot read the config of {folder}"
        raise UsageFault(f"{known}: {first_line(error)}", f"pip install -U transformers, or {ANOTHER}") from None
    check_causal(folder, config)
    check_weights(folder)
    tokenizer = tokenizer_of(folder)
    check_end(folder, tokenizer)
    check_tokens(folder, chat.ready(tokenizer), config.get_text_config())
    return "plain" if chat.has_plain_turns(tokenizer) else "own"


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def check_causal(folder: Path, config: Any) -> None:
    """transformers makes a causal model of others too, with a head that nobody trained, or that sees what comes after."""
    made = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type, ())
    classes = (made,) if isinstance(made, str) else tuple(made)
    named = config.architectures or classes[:1]
    if not classes or not any(each in classes or each.endswith(CAUSAL) for each in named):
        held, wanted = ", ".join(named) or config.model_type, ", ".join(classes) or "none of this kind is known"
        raise UsageFault(f"{folder} holds {held}, which is no causal language model ({wanted})", ANOTHER)


def check_weights(folder: Path) -> None:
    there = {path.name for path in folder.iterdir()}
    for index in folder.glob("*.index.json"):
        missing = sorted({*store.read_json(index)["weight_map"].values()} - there)
        if missing:
            raise UsageFault(f"{index} names {missing[0]}, which is not there ({len(missing)} such)", "copy it whole")
    if not any(name.endswith((".safetensors", ".bin")) for name in there):
        raise UsageFault(f"{folder} has no weights: no file *.safetensors or *.bin", f"copy it whole, or {ANOTHER}")


def tokenizer_of(folder: Path) -> Any:
    """Raises `UsageFault` where there is none, of which transformers makes one that knows no word."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        raise UsageFault(
            f"{folder} has no tokenizer that can be read: {first_line(error)}", "put tokenizer.json beside its weights"
        ) from None
    if not tokenizer.is_fast:
        raise UsageFault(
            f"the tokenizer of {folder} is {type(tokenizer).__name__}, which does not tell where its tokens lie in a text",
            "put a tokenizer.json beside its weights",
        )
    if not {*tokenizer.encode("How?", add_special_tokens=False)} - {tokenizer.unk_token_id}:
        raise UsageFault(
            f"the tokenizer of {folder} knows {len(tokenizer)} tokens, and none in 'How?'",
            "put tokenizer.json, or the files that it has in its place, beside its weights",
        )
    return tokenizer


def check_end(folder: Path, tokenizer: Any) -> None:
    """Raises `UsageFault` for a tokenizer without an end token, with the one that the model knows."""
    if tokenizer.eos_token_id is not None:
        return
    # As it is written: where it is not, transformers has one of its own for each kind of model.
    given = store.read_json(folder / "config.json").get("eos_token_id")
    known = given[0] if isinstance(given, list) else given
    token = tokenizer.convert_ids_to_tokens(known) if known is not None else None
    if token is None:
        told, hint = f"its config names {'none' if known is None else f'token {known}, which it has not'}", ANOTHER
    else:
        told = f"its config names token {known}, {token!r}"
        load = f"AutoTokenizer.from_pretrained({str(folder)!r}, eos_token={token!r}).save_pretrained({str(folder)!r})"
        hint = f'python -c "from transformers import AutoTokenizer; {load}"'
    raise UsageFault(f"the tokenizer of {folder} has no end token, without which no answer ends; {told}", hint)


def check_tokens(folder: Path, tokenizer: Any, config: Any) -> None:
    """Raises `UsageFault` for a template that fails, and for tokens that the model has no place for."""
    try:
        made = chat.render(tokenizer, "How?", "So.")
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise UsageFault(
            f"the chat template of {folder} renders no user turn: {first_line(error)}",
            "mend chat_template.jinja, or take it away: a base is then asked in turns of plain text",
        ) from None
    last = max(made.prompt + made.completion)
    if last >= config.vocab_size:
        raise UsageFault(
            f"the tokenizer of {folder} writes token {last}, {tokenizer.convert_ids_to_tokens(last)!r}, and its model knows "
            f"{config.vocab_size}",
            "put the tokenizer that the model was trained with beside its weights",
        )


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    try:
        said: dict[str, Any] = {"turns": examine(Path(sys.argv[1]))}
    except UsageFault as fault:
        said = {"fault": [fault.fact, fault.hint]}
    print(json.dumps(said))  # noqa: T201
