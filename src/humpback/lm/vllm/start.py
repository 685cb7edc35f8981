"""Starting an engine of vLLM: its settings, its memory, and adapters kept apart from the model."""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any, get_args

import vllm
from vllm.config.lora import MaxLoRARanks
from vllm.exceptions import VLLMError
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform

from humpback.errors import UsageFault
from humpback.lm.spec import Spec, role_of
from humpback.lm.vllm import Options
from humpback.lm.vllm.engine import Vllm, fact, held

GIB = 1 << 30


def start(spec: Spec) -> Vllm:
    """An engine with the model that `spec` names; raises `UsageFault` where it cannot be had, or is a second one here."""
    if not spec.model:
        raise UsageFault("the vllm backend needs a model", "type it as: vllm:PATH")
    model, options = str(spec.folder or spec.model), spec.options
    named = options.files(spec.model)
    if named and not (Path(model) / "config.json").is_file():
        raise UsageFault(f"{model} is not the folder of a model: it has no config.json", "check the path of the model")
    adapter = _adapter(options)
    if held:
        raise UsageFault(
            f"this process holds {held[0]} already, and vLLM runs one model in a process",
            "give each its own: ?processes=1",
        )
    try:
        engine = _engine(model, options, adapter)
    except (OSError, ValueError, RuntimeError, VLLMError) as error:
        raise UsageFault(
            f"cannot load the model {model}: {fact(error)}",
            "check its name, or change: ?max_model_len=4096, ?gpu_memory_utilization=0.8, ?kv_cache_gib=2, ?enforce_eager=1",
        ) from None
    # Rows carry the name, and the same rows must come out wherever the run's folder stands.
    name = f"vllm:{named.name if named else model}" + (f"+{adapter.lora_name}" if adapter else "")
    return Vllm(engine, name, role_of(spec), adapter)


def _engine(model: str, options: Options, adapter: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = vllm.LLM(model, **_settings(options))
    # A failing engine would print every request that it holds before it says why.
    logging.getLogger("vllm.logging_utils.dump_input").setLevel(logging.CRITICAL)
    if adapter:
        engine.llm_engine.add_lora(adapter)
    return engine


def _settings(options: Options) -> dict[str, Any]:
    given = options.model_dump(
        include={"dtype", "max_model_len", "gpu_memory_utilization", "tensor_parallel_size", "max_num_seqs", "enforce_eager",
                 "trust_remote_code"},
        exclude_none=True,
    )  # fmt: skip
    # On a processor a fifth of the machine's memory, and at most 8 GiB.
    fifth = min(8.0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB / 5)
    cache = options.kv_cache_gib or (fifth if current_platform.is_cpu() else None)
    return {
        **given,
        # vLLM 0.32 on a processor stops at a prompt read in two steps whose row has a seed: it would turn the seed back.
        "enable_chunked_prefill": not current_platform.is_cpu(),
        "tokenizer_mode": "hf",
        "enable_prefix_caching": True,
        "logprobs_mode": "raw_logprobs",
        "language_model_only": True,
        "use_tqdm_on_load": False,
        "kv_cache_memory_bytes": int(cache * GIB) if cache else None,
        **_lora(options.adapter),
    }


def _lora(adapter: str | None) -> dict[str, Any]:
    if adapter is None:
        return {}
    settings = json.loads((Path(adapter) / "adapter_config.json").read_text(encoding="utf-8"))
    rank, targets = int(settings["r"]), settings.get("target_modules")
    ranks = [each for each in get_args(MaxLoRARanks) if each >= rank]
    if not ranks:
        raise UsageFault(
            f"{adapter} has rank {rank}, and vllm takes {max(get_args(MaxLoRARanks))} at most",
            "take the transformers backend, which merges it",
        )
    # Without the list vLLM makes room in every layer, also in the last, which then cannot score a prompt (0.32, processor).
    named = {"lora_target_modules": targets} if isinstance(targets, list) else {}
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": ranks[0], **named}


def _adapter(options: Options) -> Any:
    if options.adapter is None:
        return None
    folder = Path(options.adapter)
    if not (folder / "adapter_config.json").is_file():
        raise UsageFault(f"{folder} is not the folder of an adapter: it has no adapter_config.json", "check ?adapter=")
    return LoRARequest(folder.name, 1, str(folder.resolve()))
