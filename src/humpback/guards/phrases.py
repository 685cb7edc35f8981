"""What refusals, questions that fit any text, and plain statements sound like, in the languages named at each list."""

import re

from humpback.guards.pair import PairTexts
from humpback.text.sentences import sentences, terms

# Refusals of assistants. People are sorry too, so what is refused counts.
_HELP = (
    "assist|help (?:you|with)|fulfil|comply|provide|generate|answer (?:this|that|your|the)|create|produce|engage|support"
    "|complete (?:this|that|your)|continue with|write (?:an?|the|that|this|about)"
)
_CANNOT = "(?:can't|cannot|can not|am unable to|'m unable to|am not able to|'m not able to|won't|will not)(?: be able to)?"
_REFUSAL = re.compile(
    "|".join(
        (
            # en
            rf"(?:i'?m |i am )?(?:\w+ )?(?:sorry|afraid|unfortunately|i apologi[sz]e)\b[^.\n]{{0,30}}?"
            rf"\bi ?{_CANNOT} (?:{_HELP})",
            rf"i ?{_CANNOT} (?:{_HELP})[^?]{{0,300}}\Z",
            r"as an? (?:ai|artificial intelligence|large language model|language model|llm)(?: \w+){0,3}, "
            r"i(?:'m| am| do| don't| can| have| cannot| was| must)\b",
            # de
            r"(?:es )?tut mir (?:sehr )?leid,? (?:aber |doch )?(?:(?:das|dabei) kann ich|ich kann)\b"
            r"[^.\n]{0,80}\b(?:nicht|kein)",
            r"leider kann ich [^.\n]{0,60}\bnicht (?:helfen|beantworten|erfüllen|bereitstellen)",
            r"als (?:ki|künstliche intelligenz|(?:großes )?sprachmodell)\b[^.\n]{0,30}\b(?:kann|habe|bin) ich",
            # fr
            r"(?:je suis )?(?:vraiment )?désolée?,? (?:mais )?je ne (?:peux|suis|puis)",
            r"je ne (?:peux|suis|puis) pas (?:en mesure )?(?:de )?(?:vous |t')?(?:répondre|aider|fournir|générer)\b",
            r"en tant (?:qu'|que )(?:ia|intelligence artificielle|modèle de langage|assistant)[^.\n]{0,30}, je ",
            # es, pt
            r"lo (?:siento|lamento)(?: mucho)?,? (?:pero )?no (?:puedo|me es posible|estoy)",
            r"como (?:una? )?(?:ia|intelig[eê]ncia artificial|modelo de l[ei]ngua\w+)[^.\n]{0,30}, (?:no|não|eu|yo) ",
            r"(?:sinto muito|lamento|desculpe),? (?:mas )?(?:eu )?não (?:posso|consigo)",
            # it
            r"mi dispiace,? (?:ma )?non (?:posso|sono)",
            r"come (?:ia|intelligenza artificiale|modello linguistico)[^.\n]{0,30}, (?:io|non)",
            # nl
            r"(?:het )?spijt me,? (?:maar )?(?:ik )?kan (?:ik )?[^.\n]{0,60}niet",
            r"als (?:ai-|taalmodel)[^.\n]{0,20} (?:kan|heb|ben) ik",
            # pl
            r"przykro mi,? (?:ale )?nie mogę|jako (?:model językowy|sztuczna inteligencja)[^.\n]{0,20},? nie",
            # ru
            r"(?:извините|простите|к сожалению),? (?:но )?я не (?:могу|мог)",
            r"как (?:языковая модель|искусственный интеллект)[^.\n]{0,20}, я",
            # zh
            r"(?:很?抱歉|对不起|對不起)[，,]?(?:但是?)?我(?:无法|不能|無法)",
            r"作为(?:一个|一名)?(?:ai|人工智能|语言模型)[^。\n]{0,12}，我",
            # ja
            r"申し訳(?:ありません|ございません)[がけ、]?[^。\n]{0,40}(?:できません|できかねます)",
            r"(?:ai|言語モデル)(?:として|なので)、?私",
        )
    )
)

# What a text calls itself that the reader of the instruction alone cannot see.
_TEXT = (
    "(?:text|passage|article|paragraph|document|excerpt|extract|essay|blog post|snippet|sentences?|statements?|transcript|"
    "response|answer|reply)"
)
_FR_TEXT = "(?:texte|article|passage|paragraphe|document|extrait)"
_ES_TEXT = "(?:texto|artículo|artigo|pasaje|párrafo|parágrafo|documento)"
_UNSEEN = re.compile(
    "|".join(
        (
            # en
            r"\b(?:the|these|those|this)(?: \w+)? (?:above|following|given|provided|preceding|attached)(?: \w+)? "
            rf"{_TEXT}\b",
            rf"\bthe {_TEXT} (?:above|below|provided|given)\b",
            rf"\b(?:this|these)(?: (?:two|three|short|long))? {_TEXT}\b",
            r"\baccording to the (?:text|passage|article|author|document|writer|excerpt|paragraph)\b(?! of)",
            r"\b(?:in|of|from|by|about) the (?:passage|article|excerpt|text|paragraph|document)\W*\Z",
            r"\bwhat (?:does|did|is) the (?:author|passage|article|excerpt|text|writer|document)(?:'s)? (?!of)\w+",
            r"\A\W{0,20}(?:please )?"
            r"(?:summari[sz]e|paraphrase|translate|explain|rewrite|describe|analy[sz]e|read|answer|discuss)"
            rf"(?: (?:the|this|that|it|following|above|given|main|key|points?|ideas?|of|question|{_TEXT})){{0,6}}\W*\Z",
            r"\A\W{0,20}(?:so,? )?what(?:'s| is| are| was)? (?:the |its |this |that |it |all ){0,2}"
            r"(?:(?:main|key|central|primary|overall) )?"
            r"(?:about|idea|point|topic|theme|message|subject|argument|purpose|title|takeaways?)"
            rf"(?: of (?:the|this|that) ?{_TEXT}?)?\W*\Z",
            # de
            r"\b(?:diese[rmns]|der folgende|de[nms] folgenden|im (?:obigen|folgenden)|der obige|de[nms] obigen) "
            r"(?:text|artikel|absatz|abschnitt|dokument|auszug|satz)e?s?\b",
            # fr
            rf"\bcet? {_FR_TEXT}\b|\b(?:du|le|au|l')(?: |\b){_FR_TEXT} (?:suivant|ci-dessus|ci-dessous|donné)\b",
            # es, pt
            rf"\b(?:d?este|neste|ese|d?[eo]l? (?:siguiente|seguinte|anterior)) {_ES_TEXT}\b",
            rf"\b(?:el|o|al?|ao|del?|do) {_ES_TEXT} (?:siguiente|seguinte|anterior|acima|abaixo|dado)\b",
            # it
            r"\b(?:questo|(?:il|del|nel|al) seguente) (?:testo|articolo|brano|paragrafo|documento)\b",
            # nl
            r"\b(?:deze|dit|de volgende|het volgende|bovenstaande) (?:tekst|artikel|alinea|passage|document)\b",
            # ru
            r"\b(?:это[тм]|этого|следующ(?:ий|его)|данн(?:ый|ого)) (?:текст|отрывок|абзац|документ)[аеуо]?\b",
            r"\bэт(?:у|ой) стать",
            # zh, ja
            "(?:这篇|这段|以下|上述|上面的?|本)(?:文章|文字|文本|段落|内容|短文)",
            "(?:この|以下の|上記の)(?:文章|テキスト|記事|文|段落|内容)",
        )
    )
)
# A list, a quotation, code, or what follows a colon: the instruction has its text with it.
_BRINGS_TEXT = re.compile(r"\n|[:：]\s*\S|[\"“”„«»「『`]|(?<!\w)'|\d\W{1,9}\d\W{1,9}\d")
_NEXT_SENTENCE = re.compile(r"[.?!。？！]\s*(?=\w)")
_UNSEEN_WORDS = 60
# Whoever asks nothing in so many characters asks nothing after them.
_READ_CHARS = 5_000

# Verbs for what is done to a text that is there: en, de, fr, es, it, pt, nl.
_EDIT = re.compile(
    r"\b(?:"
    + "|".join(
        """
        edit correct rewrite fix improve complet(?:e|ion) replace fill convert paraphrase proofread rephrase extract
        identify add remove reformat format polish shorten continue change summari[sz]e find select output_of translat
        transl verbesser korrigier ersetz ergänz vervollständig überarbeit kürz corrig complét remplac amélior réécri
        reformul complet reemplaz mejor reescrib sostitu miglior riscriv melhor substitu reescrev verbeter vervang vul
        herschrijf
        """.split()
    ).replace("_", " ")
    + ")"
)
# Translating in the languages of most of the web, and the names of languages in English and in themselves.
_TRANSLATING = """
    translat übersetz tradui traduc traduz tradurr tradu[çz] vertaal vertal tłumacz översätt oversæt oversett přelož
    překl перев[её][дс] перевод переклад 翻译 翻譯 翻訳 訳し 번역 çevir ترجم अनुवाद dịch terjemah μετάφρα fordít tradu
""".split()
_LANGUAGES = """
    english german french spanish italian portuguese dutch polish russian ukrainian chinese mandarin cantonese
    japanese korean arabic hebrew turkish persian farsi hindi urdu bengali punjabi tamil telugu thai vietnamese
    indonesian malay tagalog filipino swedish danish norwegian finnish icelandic estonian latvian lithuanian czech
    slovak slovenian hungarian romanian bulgarian serbian croatian bosnian albanian greek latin esperanto catalan
    basque galician irish welsh gaelic swahili yoruba zulu afrikaans somali hausa armenian georgian kazakh mongolian
    nepali sinhala khmer lao burmese sanskrit deutsch englisch französisch spanisch français anglais allemand
    español inglés italiano inglese português inglês nederlands engels polski angielski svenska engelska türkçe
    ingilizce
""".split()
_TRANSLATION = re.compile(
    rf"{'|'.join(_TRANSLATING)}|\b(?:{'|'.join(_LANGUAGES)})\b"
    "|[а-я]{2,12}ийск|[中英日韩法德俄]文|[英日德法韩俄汉]语|[英日中韓]語|영어|한국어"
)

_ENGLISH = frozenset(
    "the of and to in a is that for it as was with be by on not are this have from at or which an but has were their they "
    "its can will more most also one been there these many some other into than when".split()
)
_PERSON = re.compile(r"\b(?:i|i'm|i've|i'd|me|my|we|our|us|you|your|you're|you'll|let's)\b")
_VERBS = "|".join(
    """
    add advise bring analy[sz]e answer argue arrange assess assume brainstorm break_down build calculate
    categori[sz]e change check choose cite clarify classify code come_up compare compile complete compose compute
    consider construct continue contrast convert correct count craft create criticize critique debate debug decide
    define demonstrate derive describe design detail detect determine develop differentiate discuss distinguish
    draft draw edit elaborate enumerate estimate evaluate examine expand explain explore express extend extract fact
    fill find fix format generate give guess highlight identify illustrate imagine implement improve include infer
    interpret introduce invent judge justify label list locate make match mention modify name offer optimi[sz]e
    order organi[sz]e outline output paraphrase perform pick plan predict prepare present pretend propose prove
    provide put quote rank rate read recommend refactor rephrase replace reply report research respond retell review
    revise rewrite say search select share shorten show simplify simulate sketch solve sort speculate split start
    state study suggest summari[sz]e suppose take teach tell think trace translate turn update use using verify
    visuali[sz]e walk write
    """.split()
).replace("_", " ")
_REQUEST = re.compile(
    rf"(?:\A|[.!:;,\n(\"“-]|\bthen|\band|\bto|\bplease|\bnow|\bmust|\bshould)\W{{0,6}}(?:{_VERBS})\b"
    r"|\b(?:please|help|how to|need|needs|want|wants|would like|looking for|wonder\w*|advice|tips|versus|vs|error|exception|"
    r"difference between|trying|tried|task|goal|question|instead|writ(?:e|es|ing)|re-write|given|story|poem|essay|prompt)\b"
    r"|(?:\A|[.!:;\n])\W{0,6}(?:how|what|why|when|where|which|who|whose|can|could|should|is|are|do|does|did)\b"
)
_OPENS_ANSWER = re.compile(
    r"\A\W{0,20}(?:(?:sure|certainly|of course|absolutely|great question|good question)[,!.]|here (?:is|are) [^.\n]{3,80}:|"
    r"the answer (?:is|to)\b|in (?:conclusion|summary),|i'm (?:so |very )?(?:sorry|glad|happy) to (?:hear|help)|yes, |no, )"
)
_LEADS_LIKE_ANSWER = re.compile(r"\A\s*(?:#{1,6} \w|1[.)] \w|\*\*\w)")
_FINITE = re.compile(r"\b(?:is|are|was|were|has|have|had|can|will|would|may|does|did|became|began|made|said|led)\b")
_SUBJECT = re.compile(r"\A\W{0,20}(?:the|this|these|those|there|it|he|she|they|its|their|his|her|many|most|some|a|an) ")


def refusal_in(folded: str) -> str | None:
    """The words with which an assistant declines at the beginning of `folded`."""
    match = _REFUSAL.match(folded[:_READ_CHARS].lstrip(" \t\n\"'“*#-"))
    return match[0][:80] if match else None


def unseen_text_in(folded: str, words: int) -> str | None:
    """The words with which an instruction of `words` words points at a text that does not come with it."""
    if words > _UNSEEN_WORDS:
        return None
    text = folded[:_READ_CHARS].strip()
    match = _UNSEEN.search(text)
    if match is None or brings_text(text):
        return None
    # "Is this sentence right? I goed home": what comes next asks nothing, so it is the text.
    following = _NEXT_SENTENCE.search(text, match.end())
    brought = following is not None and "?" not in text[following.end() :] and not _REQUEST.search(text, following.start())
    return None if brought else match[0].strip()


def is_translation(folded: str) -> bool:
    """Whether `folded` asks for a translation or names a language: then two languages are meant."""
    return any(_TRANSLATION.search(part) for part in (folded[:_READ_CHARS], folded[_READ_CHARS:][-_READ_CHARS:]))


def brings_text(folded: str) -> bool:
    """Whether a list, a quotation, code, or what follows a colon stands in `folded`."""
    return _BRINGS_TEXT.search(folded.strip()) is not None


def is_edit(pair: PairTexts) -> bool:
    """Whether the instruction tells to edit a text that stands below it, and only that text is in the answer again."""
    head, _, material = pair.folded.partition("\n")
    if not material.strip() or not _EDIT.search(head):
        return False
    said = len(terms(head))
    return not any(pair.copied[:said])


def asks(pair: PairTexts) -> bool:
    """Whether the English of the instruction asks or tells to do something."""
    return "?" in pair.instruction or _REQUEST.search(pair.folded[:_READ_CHARS]) is not None


def statement_in(pair: PairTexts) -> str | None:
    """What shows that an English instruction neither asks nor tells to do anything; None for other languages."""
    folded = pair.folded[:_READ_CHARS]
    opening = _OPENS_ANSWER.match(folded)
    if "?" in folded or _REQUEST.search(folded, opening.end() if opening else 0):
        return None
    if opening:
        return f"opens like an answer: {opening[0].strip()[:40]}"
    if not is_english(pair.words):
        return None
    if _LEADS_LIKE_ANSWER.match(folded):
        return f"begins like an answer: {folded.strip()[:20]}"
    return None if _PERSON.search(folded) else _prose(pair)


def is_english(words: list[str]) -> bool:
    return sum(word in _ENGLISH for word in words) >= 0.2 * len(words) > 0


def _prose(pair: PairTexts) -> str | None:
    said = [_FINITE.search(part) is not None for part in sentences(pair.instruction[:_READ_CHARS])]
    # A request that is not known as one stands at either end.
    if len(said) >= 2 and len(pair.words) >= 12:
        plain = said[0] and said[-1] and 2 * sum(said) >= len(said)
        return f"{len(said)} sentences, no question or request" if plain else None
    ends = pair.folded.rstrip().endswith(".")
    single = said == [True] and len(pair.words) >= 6 and ends and _SUBJECT.match(pair.folded)
    return "a statement, no question or request" if single else None
