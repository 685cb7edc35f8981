"""A model from its folder or a hub's name: weights in the type that is fast here, adapters merged."""

import warnings
from pathlib import Path
from typing import Any

import torch
import transformers

from humpback.errors import UsageFault
from humpback.lm.memory import keep_freed_memory
from humpback.lm.spec import Spec, role_of
from humpback.lm.transformers import Options
from humpback.lm.transformers.model import Transformers
from humpback.lm.transformers.precision import is_bfloat16_fast
from humpback.lm.transformers.vector_math import settle_vector_math


def load(spec: Spec) -> Transformers:
    """The model that `spec` names, on the GPU if there is one; raises `UsageFault` where it cannot be had."""
    model, options = str(spec.folder or spec.model), spec.options
    if not model:
        raise UsageFault("the transformers backend needs a model", "type it as: transformers:PATH")
    named = options.files(spec.model)
    if named and not (Path(model) / "config.json").is_file():
        raise UsageFault(f"{model} is not the folder of a model: it has no config.json", "check the path of the model")
    keep_freed_memory()
    settle_vector_math()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        loaded, tokenizer = _pretrained(model, options)
    except (OSError, ValueError) as error:
        raise UsageFault(f"cannot load the model {model}: {str(error).splitlines()[0]}", "check its name") from None
    loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    # Rows carry the name, and the same rows must come out wherever the run's folder stands.
    shown = f"{spec.backend}:{named.name if named else model}" if spec.model else spec.backend
    name = shown + (f"+{Path(options.adapter).name}" if options.adapter else "")
    return Transformers(loaded, tokenizer, name, role_of(spec), options)


def _pretrained(model: str, options: Options) -> tuple[Any, Any]:
    code = options.trust_remote_code
    tokenizer = transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=code)
    if options.adapter is None:
        loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=_dtype(options), trust_remote_code=code)
        return loaded, tokenizer
    whole = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, trust_remote_code=code)
    # Merged in float32: merging in bfloat16 loses what the adapter learnt in its last bits.
    return _adapted(whole, options.adapter).to(_dtype(options)), tokenizer


def _adapted(model: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError:
        raise UsageFault("adapters need peft, which is not installed", "pip install 'humpback[local]'") from None
    if not (Path(adapter) / "adapter_config.json").is_file():
        raise UsageFault(f"{adapter} is not the folder of an adapter: it has no adapter_config.json", "check ?adapter=")
    with warnings.catch_warnings():  # peft asks transformers by a name that it will drop
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()


def _dtype(options: Options) -> Any:
    """What `dtype` asks for; `auto` is bfloat16 where it is multiplied faster than float32."""
    if options.dtype != "auto":
        return getattr(torch, options.dtype)
    return torch.bfloat16 if is_bfloat16_fast(torch.cuda.is_available()) else torch.float32
