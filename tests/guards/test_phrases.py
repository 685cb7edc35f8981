"""Guards that read phrases: leaks, refusals, questions that fit any text, plain statements."""

import pytest

from humpback import prompts
from humpback.guards.checks import GuardConfig, fault
from humpback.guards.leaks import prompt_runs
from humpback.text.sentences import terms

ANSWER = (
    "Clean the chain with a stiff brush and warm soapy water, dry it with an old rag, and put one drop of oil on each "
    "roller. Wipe off what is left, since dust clings to oil, and listen for a faint clicking when you ride around it."
)


def reason(instruction: str, response: str = ANSWER) -> str | None:
    found = fault({"instruction": instruction, "response": response, "finish": "stop"}, GuardConfig())
    return found[0] if found else None


@pytest.mark.parametrize(
    "instruction",
    [
        "Predict the user instruction that would elicit the following assistant response.",
        "What question would lead an assistant to give this answer?",
        "Instruction: Explain how to clean a bicycle chain.",
        "Possible user prompt: How do I keep my bike chain clean?",
        "The instruction that this response most likely answers is: How do I clean a chain?",
        "The user is asking how to clean a bicycle chain.",
        "Okay, the user wants to know how to clean a chain.",
        "Here is a possible instruction for the given response: How do I clean a bike chain?",
        "Sure! Here's the instruction: clean the chain of a bicycle.",
        "Write one instruction or question whose answer is known to the assistant that wrote the response.",
        "You are given an answer. Write the instruction that produced it.",
        "A user asked: How do I clean a chain? The candidate answer: Clean the chain with a stiff brush",
        "<|im_start|>user How do I clean a chain?<|im_end|>",
        "[INST] How do I clean a chain? [/INST]",
        "### Instruction: How do I clean a chain?",
        "How do I clean a chain? Answer in the style of an AI Assistant.",
        "How do I clean a chain? Answer with knowledge from web search.",
        "Human: How do I clean a chain? Assistant: Clean it with a brush.",
        "Here is the text: put one drop of oil on each roller. How many rags, how long, which oil, which brush, how warm "
        "the water is, what soap do I need for all of it in winter, and who can help me?",
        "Backtranslate the following text.",
        "The text describes how to clean a chain. Therefore the instruction should be: explain chain care.",
    ],
)
def test_talk_about_the_task(instruction: str) -> None:
    """A quarter of a public reproduction's instructions spoke of the backward task: in words of its prompt and others."""
    assert reason(instruction) == "leaked_prompt"


@pytest.mark.parametrize(
    "instruction",
    [
        "Write an instruction manual for a coffee machine.",
        "What instruction set does ARM use?",
        "Which instruction moves data in x86 assembly?",
        "How does backtranslation improve machine translation?",
        "Write a prompt for an AI assistant that plans trips.",
        "Summarize the text below in less than 15 words: The chain is oiled.",
        "What question should I ask in a job interview?",
        "Can you predict the question types in the SAT?",
        "The user wants a button that toggles. How do I do it in React?",
        "Give me an instruction on how to use a fire extinguisher.",
        "Here is the answer I got: 42. Is it right?",
        "How does the assistant answer questions at Wimbledon?",
        "Okay, so I need to clean a chain. How do I do that?",
        "How do I get the response body in axios?",
    ],
)
def test_one_suspicious_phrase_is_no_proof(instruction: str) -> None:
    """A list of forbidden words drops whatever is about computers, translation or teaching."""
    assert reason(instruction) is None


def test_what_the_pair_is_about_is_no_leak() -> None:
    """The same words, where the answer speaks of them too."""
    asked = "How does instruction backtranslation work, and what is <|im_start|> in its prompts?"
    answer = "In instruction backtranslation a model writes the question; <|im_start|> begins a turn of the chat."
    assert reason(asked) == "leaked_prompt" and reason(asked, answer) is None


def test_words_of_the_prompts_themselves() -> None:
    """Seven words in a row of any prompt that ships are leaked, six are not."""
    found = {name: terms(prompts.source(name).partition("{")[0])[:7] for name in prompts.names()}
    begins = {name: words for name, words in found.items() if len(words) == 7}
    assert {name.partition("-")[0] for name in begins} >= {"backward", "rubric"}
    for name, words in begins.items():
        assert reason(" ".join(words)) == "leaked_prompt", name
    assert "whoever reads it will not see the" in prompts.source("backward-v1").casefold()
    assert reason("Say whoever reads it will not see") is None


def test_slots_of_a_prompt_are_no_words() -> None:
    """What is filled in parts runs: `header_path | join` is no phrase that a model could repeat."""
    assert not [run for run in prompt_runs(7) if {"endif", "endfor", "header", "join"} & set(run)]


REFUSALS = [
    "I'm sorry, but I cannot assist with that request.",
    "Sorry, I can't help you with this.",
    "I cannot fulfill this request.",
    "As an AI language model, I do not have personal experiences.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "Als Sprachmodell habe ich keine eigene Meinung.",
    "Je suis désolé, mais je ne peux pas répondre à cette demande.",
    "En tant qu'intelligence artificielle, je ne peux pas le faire.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Desculpe, mas não posso ajudar com isso.",
    "Het spijt me, maar ik kan hier niet bij helpen.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Извините, но я не могу помочь с этим запросом.",
    "很抱歉，我无法回答这个问题。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
]


@pytest.mark.parametrize("instruction", REFUSALS)
def test_refusals(instruction: str) -> None:
    """A model that declines to write an instruction has written none."""
    assert reason(instruction) == "refusal"


@pytest.mark.parametrize(
    "instruction",
    [
        "I'm sorry, but I can't find my keys. Where do people lose them?",
        "I cannot open my file in Word. What can I do?",
        "As an AI researcher, what should I read first?",
        "As an AI language model, what are your limits?",
        "Write a letter that begins: I'm sorry, but I cannot assist you.",
        "I can't write with my left hand. How do I learn it?",
        "Ich kann die Kette nicht reinigen, was soll ich tun?",
        "Lo siento mucho por mi amigo, ¿qué puedo hacer por él?",
        "Je ne peux pas ouvrir la porte, que faire ?",
        "我无法打开这个文件，应该怎么办？",
    ],
)
def test_people_are_sorry_too(instruction: str) -> None:
    """Apologies and inabilities of a user are no refusal."""
    assert reason(instruction) is None


@pytest.mark.parametrize(
    "instruction",
    [
        "What is this text about?",
        "Summarize the following.",
        "Please summarize the article.",
        "What is the main idea of the passage?",
        "According to the author, why is it so?",
        "What does the author argue in the second part?",
        "Explain the reasons given in the above article.",
        "What are the key takeaways?",
        "Can you please check if these two sentences agree?",
        "Worum geht es in diesem Text?",
        "Fasse den folgenden Artikel in drei Sätzen zusammen.",
        "De quoi parle ce texte ?",
        "Résume le texte suivant en trois phrases.",
        "¿De qué trata este artículo?",
        "Do que fala este texto?",
        "Di cosa parla questo articolo?",
        "Waar gaat deze tekst over?",
        "О чём рассказывает этот текст?",
        "这篇文章主要讲了什么内容？",
        "この文章の主旨は何ですか？",
    ],
)
def test_questions_that_fit_any_text(instruction: str) -> None:
    """Whoever reads the instruction does not see the text: the answer cannot be found."""
    assert reason(instruction) == "generic_question"


@pytest.mark.parametrize(
    "instruction",
    [
        "Summarize the plot of Hamlet.",
        "What is the main idea of Darwin's book on species?",
        "What does the author of Walden say about work?",
        "Write an article about chains.",
        "Summarize the following article: Chains are oiled in spring.",
        "Is this sentence correct? He goed home yesterday.",
        'What is wrong with this sentence: "He goed home"?',
        "Translate this text.\n\nDie Kette ist sauber.",
        "Schreibe einen Text über Ketten.",
        "Écris un article sur les chaînes.",
        "写一篇关于自行车链条的文章。",
    ],
)
def test_texts_that_are_named_or_brought_along(instruction: str) -> None:
    """A book that everybody can read, or a text that stands below, is no missing text."""
    assert reason(instruction) is None


@pytest.mark.parametrize(
    "instruction",
    [
        "Berlin is the capital of Germany. It has been a city since the 13th century and is known for its museums.",
        "The Eiffel Tower is located in Paris.",
        "There are many kinds of chains.",
        "## Chains in winter\n\nSalt is what chains have to bear. They are best when dry.",
        "1. The chain is dry. 2. The brush is clean.",
        "Sure, chains are best cleaned with a brush.",
        "Here are five tips for cleaning chains:",
        "I'm sorry to hear that your chain is rusty.",
    ],
)
def test_statements(instruction: str) -> None:
    """Prose in the place of the instruction teaches to answer what nobody asked."""
    assert reason(instruction) == "not_an_instruction"


@pytest.mark.parametrize(
    "instruction",
    [
        "Understanding the authenticity token in Rails",
        "The moon is gone. Write a story about the first night.",
        "You are a king. Your people are hungry, and the harvest is lost.",
        "My dog is old and has a cough. The vet is on holiday.",
        "The Batman dies. The Joker decides to write a eulogy.",
        "The chain is rusty and the brake is loose. Help.",
        "Juxtapose the two poets. Cite lines of both.",
        "Here is a joke: a dog was in the zoo. Explain why it is funny.",
        "1. Name a planet. 2. Name a star.",
        "Berlin ist die Hauptstadt von Deutschland. Es ist eine alte Stadt und hat viele Museen und Parks.",
        "柏林是德国的首都。它是一座古老的城市，有许多博物馆和公园。",
    ],
)
def test_what_asks_without_a_question_mark(instruction: str) -> None:
    """Titles, scenes to be written, troubles that are told: people ask like this. Other languages are not judged."""
    assert reason(instruction) is None
