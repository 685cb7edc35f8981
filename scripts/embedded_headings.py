"""Turn the heading of a section into instructions that the section answers.

The embedded model learns from these that a heading asks for its section. The rules are grammar, not content: gerunds
and imperatives become "how do I", noun phrases get the article that their own text gives them, and a heading that
means nothing without its page ("Tips", "Background") borrows the page's title. A heading that no rule reads safely
gives nothing: fewer examples are better than crooked English.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass

VERBS = """
    accept access achieve act activate adapt add address adjust adopt align allocate allow analyze answer apply
    approach arrange ask assemble assess assign attach attempt attend attract author automate avoid back bake
    balance be become begin blend boil book bookmark boost borrow brainstorm break brew bring browse brush budget
    build buy calculate call care carry catch celebrate change charge check choose clean clear climb close coach
    collaborate collect combine come commit communicate compare compile complete compose compute conduct configure
    connect consider construct consult contact continue contribute control convert cook cool copy correct cover
    create curate customize cut deal debug declare decide decline decorate define delete deliver democratize
    demonstrate deploy describe design detect determine develop diagnose digitize direct disable discover discuss
    display distribute divide document download draft draw dress drill drive dry dye earn edit embed embrace employ
    empower enable encourage encrypt engage enhance enjoy ensure enter establish estimate evaluate examine exercise
    expand explain explore export express extend extract facilitate feed file fill filter find finish fit fix flip
    focus fold follow format foster freeze fry fund gather generate get give go grow grill handle hang harden
    harvest help hide highlight hire hold host identify implement import improve incorporate include increase inform
    insert inspect inspire install integrate interact interpret interview introduce invest invite involve join judge
    keep knit label launch lay lead learn leave let leverage lift limit link listen load localize locate look lower
    maintain make manage map mark master match measure meet merge migrate minimize mix modify monitor motivate mount
    move mow name navigate negotiate note observe obtain offer open operate optimize order organize overcome own
    pack paint park participate pass paste patch pay perform pick pitch plan plant play polish post practice prepare
    present preserve press prevent print prioritize process produce program promote protect prove provide prune
    publish pull purchase push put raise reach read rebuild receive record recover recruit recycle redesign reduce
    refine register release remember remove rename render repair repeat replace report request require research
    resize resolve respond rest restore retain return reuse revert review rewrite ride rinse roast roll rotate run
    save say scale schedule score seal search season secure see select sell send serve set sew shape share sharpen
    shed shop show sign simmer simplify sing skip sleep solve sort sow speak speed spend split spread stack start
    stay steam steer stir stop store strengthen stretch structure study style submit subscribe succeed support swim
    switch tackle take talk target teach tell test thank think tie tighten time toast track trade train transform
    translate transplant travel treat trim troubleshoot try tune turn understand update upgrade upload use validate
    verify view visit visualize volunteer wait walk warm wash watch water wax wear weave weed weigh welcome whisk
    widen win wipe work wrap write zoom analyse bathe bleed board breathe caulk chop crimp curl customise darn
    descale digitise dive drain drape fasten ferment fetch fish float fold gargle glaze graft grate grease groom
    handwash heat hem hike insulate inflate iron juggle knead knot light loosen maximise memorise mend minimise
    moisten mulch nail nurture oil organise peel pickle plane pluck pour press prioritise pump query recognise
    reheat rehearse reproof repot revise sand saw scrub shave shovel sift simplify skate slice smoke soak soften
    solder spell spray sprout squeeze stain stitch strain stuff summarise tame thaw thin tidy tile till tow trace
    trap tuck twist undo unfold unlock unpack untangle vaccinate varnish ventilate wean whittle winterproof
    """.split()
VERBS = list(dict.fromkeys(VERBS))

# Words that are as often a noun at the head of a heading: an imperative is read only if a determiner follows.
ALSO_NOUNS = set(
    """
    access address approach answer author bake balance book boost break budget build call care carry catch change
    charge check climb coach contact control cook copy cover cut deal debug delivery design dress drill drive dry
    dye exercise export file fill filter find finish fit fix focus fold format freeze fund grill help hold host
    import increase influence install interview label launch lead leave lift limit link load look map mark master
    match measure meet merge mix monitor move name note offer open order own pack paint park pass paste patch pay
    pick pitch plan plant play polish post practice present press print process produce program progress pull
    purchase push raise reach record register release repair repeat report request research rest return review ride
    roast roll run sale save scale schedule score seal search season secure select serve set shape share shop show
    sign sleep sort spread stack start stay steam stop store stretch structure study style support swim switch
    target talk taste test time toast track trade train travel treat trim try tune turn update upgrade use view
    visit volunteer wait walk warm wash watch water wax wear weed welcome win work wrap back clean clear close cool
    correct complete direct document display draft experience express go let lower note number own perfect question
    ready right round second state well
    """.split()
)
DETERMINERS = set(
    """
    a an the your our my their its this that these those it them all any each every some more to with for from in on
    into up out off down over away back together how what where when whether who which as at by about and yourself
    yourselves people others us you new
    """.split()
)
GENERIC = set(
    """
    overview introduction summary conclusion background resources references agenda speakers presenters presenter
    footnotes examples example tips checklist directions ingredients notes note motivation purpose impact outcomes
    results considerations guidance recommendation recommendations approach security privacy testing methods method
    solution problem steps details history context usage use options description synopsis example questions
    activities requirements benefits challenges definition definitions goals objectives materials preparation
    instructions transcript slides contents more other general miscellaneous links appendix about contact team
    authors author syntax parameters return remarks updates update news events event location when where who why how
    accessibility budget research timeline costs recruiter
    """.split()
) | {
    "case studies",
    "related resources",
    "additional resources",
    "further reading",
    "additional reading",
    "see also",
    "about this session",
    "fun facts",
    "our goal",
    "our goals",
    "next steps",
    "key questions",
    "action items",
    "executive summary",
    "getting started",
    "related links",
    "how to do it",
    "up next",
    "looking ahead",
    "lessons learned",
    "learn more",
    "more information",
    "final thoughts",
    "key takeaways",
    "getting help",
}
GENERIC_TEMPLATES = {
    "overview": ["Give me an overview of {t}.", "What is {t} about?"],
    "introduction": ["Introduce me to {t}.", "Give me a short introduction to {t}."],
    "summary": ["Summarize what matters about {t}.", "What are the main points about {t}?"],
    "conclusion": ["What is the conclusion about {t}?", "Summarize {t}."],
    "background": ["What is the background of {t}?", "Give me some background on {t}."],
    "examples": ["Give me some examples of {t}.", "What are examples of {t}?"],
    "tips": ["Give me some tips on {t}.", "What are good tips for {t}?"],
    "checklist": ["Write a checklist for {t}.", "Give me a checklist for {t}."],
    "directions": [
        "How do I make {t}?",
        "Tell me how to make {t}.",
        "Give me the steps for making {t}.",
        "I want to make {t}. What do I have to do?",
        "How is {t} made?",
    ],
    "ingredients": [
        "What ingredients do I need for {t}?",
        "Which ingredients go into {t}?",
        "List the ingredients for {t}.",
    ],
    "history": ["What is the history of {t}?", "Tell me the history of {t}."],
    "benefits": ["What are the benefits of {t}?", "Why is {t} useful?"],
    "challenges": ["What are the challenges of {t}?", "What makes {t} difficult?"],
    "requirements": ["What are the requirements for {t}?", "What do I need for {t}?"],
    "purpose": ["What is the purpose of {t}?", "What is {t} for?"],
    "usage": ["How is {t} used?", "How do I use {t}?"],
    "definition": ["What does {t} mean?", "Define {t}."],
    "materials": ["What materials do I need for {t}?", "List the materials for {t}."],
    "accessibility": ["What should I know about accessibility when it comes to {t}?"],
    "security": ["What about the security of {t}?", "What should I know about security and {t}?"],
    "budget": ["What should I know about the budget for {t}?"],
    "considerations": ["What should I consider about {t}?", "What matters when it comes to {t}?"],
    "steps": ["What are the steps for {t}?", "Walk me through the steps for {t}."],
}
HOW = [
    "How do I {v}?",
    "How do I {v}?",
    "How can I {v}?",
    "How should I {v}?",
    "Explain how to {v}.",
    "Tell me how to {v}.",
    "Describe how to {v}.",
    "What is the best way to {v}?",
    "I want to {v}. How do I go about it?",
    "Can you explain how to {v}?",
    "Give me advice on how to {v}.",
    "What do I need to know to {v}?",
    "I need to {v}. What should I do?",
]
GERUND = ["What should I know about {g}?", "Give me some advice on {g}.", "What matters when {g}?"]
NOUN = [
    "What should I know about {n}?",
    "Tell me about {n}.",
    "Explain {n}.",
    "Tell me more about {n}.",
    "Give me an overview of {n}.",
    "What can you tell me about {n}?",
    "Describe {n}.",
    "Explain {n} to me.",
    "I would like to learn about {n}.",
]
NOUN_WITH_TITLE = [
    "What should I know about {n} when it comes to {t}?",
    "Tell me about {n} in connection with {t}.",
    "When it comes to {t}, what should I know about {n}?",
    "Explain {n} in the context of {t}.",
    "What role does {n} play in {t}?",
]
VERB_WITH_TITLE = [
    "When it comes to {t}, how do I {v}?",
    "How do I {v} for {t}?",
    "How do I {v} when it comes to {t}?",
]
QUESTION_WORDS = set(
    "what why how when where who which whose is are do does did can could should would will was were has have may".split()
)
CLAUSE_WORDS = {"how", "why", "what", "when", "where", "which", "who"}
AUXILIARIES = set(
    "is are do does did can could should would will was were has have had may must if about else not so we".split()
)
CLAUSE = [
    "Explain {c}.",
    "Tell me {c}.",
    "Can you explain {c}?",
    "I would like to know {c}.",
    "Describe {c}.",
    "Can you tell me {c}?",
]
FIRST_TO_USER = {"your": "my", "you": "I", "yourself": "myself", "yours": "mine", "our": "our", "yourselves": "ourselves"}


def gerunds_of(verb: str) -> set[str]:
    """Every spelling that the -ing form of `verb` may have."""
    forms = {verb + "ing"}
    if verb.endswith("ie"):
        forms.add(verb[:-2] + "ying")
    elif verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        forms = {verb[:-1] + "ing"}
    elif re.fullmatch(r".*[^aeiou][aeiou][bdgklmnprtv]", verb):
        forms.add(verb + verb[-1] + "ing")
    return forms


GERUNDS = {form: verb for verb in VERBS for form in gerunds_of(verb)}


@dataclass(frozen=True)
class CaseBook:
    """How often each word stands in lower case and capitalised inside sentences: proper nouns keep their capital."""

    lower: Counter
    upper: Counter

    @classmethod
    def read(cls, texts: list[str]) -> "CaseBook":
        lower: Counter = Counter()
        upper: Counter = Counter()
        for text in texts:
            for word in re.findall(r"(?<=[a-z,] )[A-Za-z][a-z'’]+", text):
                (lower if word[0].islower() else upper)[word.lower()] += 1
        return cls(lower, upper)

    def fold(self, phrase: str) -> str:
        """`phrase` in sentence case: words that are usually lower case in running text become so."""
        return " ".join(self._fold_word(word) for word in phrase.split())

    def _fold_word(self, word: str) -> str:
        bare = word.strip("“”\"'(),.;:!?’")
        if not re.fullmatch(r"[A-Z][a-z'’-]*(?:-[A-Z][a-z]+)*", bare) or bare == "I":
            return word
        key = bare.lower()
        known = self.lower[key] + self.upper[key]
        if known and self.lower[key] * 2 < self.upper[key]:
            return word
        return word.replace(bare, key)


def clean_heading(heading: str) -> str:
    heading = re.sub(r"&#8217;|’", "'", heading)
    heading = re.sub(r"&#822[01];|[“”]", '"', heading)
    heading = re.sub(r"&\w+;|&#\d+;|\{[^}]*\}|[*`_\[\]®™]", " ", heading)
    heading = re.sub(r"\(.*?\)", " ", heading)
    heading = re.sub(
        r"^(step|part|tip|lesson|chapter|section|#)?\s*\d+([.:)]|\s-)[\d.]*\s*", "", heading, flags=re.IGNORECASE
    )
    return re.sub(r"\s+", " ", heading).strip(" .:-–—")


def to_user(phrase: str) -> str:
    """The verb phrase as the asker says it: "water your plants" becomes "water my plants"."""
    return " ".join(FIRST_TO_USER.get(word, word) for word in phrase.split())


def article(noun: str, text: str) -> str:
    """`noun` with the article that `text` mostly gives it."""
    if re.match(r"(the|a|an|your|our|my)\b", noun, re.IGNORECASE):
        return to_user(noun[0].lower() + noun[1:])
    found = Counter(
        m.lower() for m in re.findall(rf"\b(a|an|the|your|our)\s+{re.escape(noun)}\b", text, flags=re.IGNORECASE)
    )
    bare = len(re.findall(rf"\b{re.escape(noun)}\b", text, flags=re.IGNORECASE)) - sum(found.values())
    if not found or bare > sum(found.values()):
        return noun
    best = found.most_common(1)[0][0]
    return f"{to_user(best)} {noun}"


def verb_phrase(heading: str) -> str | None:
    """The bare infinitive phrase of a how-to, gerund or imperative heading, else None."""
    words = heading.split()
    first = words[0].lower()
    if heading.lower().startswith("how to ") and len(words) > 2:
        return " ".join(words[2:])
    if first in GERUNDS and len(words) > 1:
        return re.sub(r"\b(and|or) (\w+ing)\b", _plain_after, " ".join([GERUNDS[first], *words[1:]]))
    if first in VERBS and len(words) > 1:
        second = words[1].lower()
        plain = first not in ALSO_NOUNS and not second.endswith("ing")
        if plain or second in DETERMINERS:
            return " ".join([first, *words[1:]])
    return None


def _plain_after(match: re.Match) -> str:
    """The second verb of "choosing and planting" follows the first into the infinitive."""
    return f"{match[1]} {GERUNDS.get(match[2].lower(), match[2])}"


def gerund_of(verb: str) -> str:
    """One spelling of the -ing form of `verb`."""
    return max(gerunds_of(verb), key=len) if re.fullmatch(r"[^aeiou]*[aeiou][bdgkmnprt]", verb) else min(gerunds_of(verb))


def vary(heading: str, rng: random.Random) -> str:
    """The heading in another form that pages use, sometimes with another verb, so that forms are learnt and not words."""
    words = clean_heading(heading).split()
    phrase = verb_phrase(" ".join(words)) if words else None
    if not phrase or re.search(r"[!?:]|\b(we|our|us|I|is|are)\b", heading) or len(words) > 8:
        return heading
    verb, *rest = phrase.split()
    if rng.random() < 0.2 and len(rest) > 1:
        verb = rng.choice(VERBS)
    kind = rng.random()
    made = " ".join([verb, *rest])
    if kind < 0.12:
        return f"How do I {to_user(made)}?" if rng.random() < 0.7 else f"How can I {to_user(made)}?"
    if kind < 0.22:
        return f"How to {made}"
    if kind < 0.6:
        return " ".join([gerund_of(verb).capitalize(), *rest])
    return " ".join([verb.capitalize(), *rest])


def clause(heading: str, book: "CaseBook") -> str | None:
    """A heading that is an indirect question ("Why bread rises", "What the numbers mean"), in sentence case."""
    words = heading.split()
    if len(words) < 3 or words[0].lower() not in CLAUSE_WORDS or words[1].lower() in AUXILIARIES | {"to"}:
        return None
    if re.search(r"[!?;|]|\b(we|our|us|I|I'm|did)\b", heading) or len(words) > 11:
        return None
    folded = to_user(book.fold(heading))
    return folded[0].lower() + folded[1:]


def is_phrase(heading: str) -> bool:
    """Short, with no finite verb and no first person: what a noun phrase looks like without a parser."""
    words = [w.lower().strip(",").split("'")[0] for w in heading.split()]
    finite = {
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "will",
        "can",
        "should",
        "must",
        "do",
        "does",
        "did",
        "we",
        "i",
        "us",
        "let's",
        "it's",
        "isn't",
        "don't",
        "can't",
        "we're",
        "you",
        "get",
        "gets",
        "makes",
        "not",
        "provides",
        "helps",
        "offers",
        "wins",
        "announces",
        "shows",
        "launches",
        "takes",
        "brings",
        "delivers",
        "goes",
        "gives",
        "uses",
        "says",
        "wants",
    }
    if words and (
        words[0] in QUESTION_WORDS or (words[0].endswith("ing") and words[0] not in {"building", "meeting", "string"})
    ):
        return False
    return (
        0 < len(words) <= 7
        and not finite & set(words)
        and bool(re.search("[a-z]", heading))
        and not re.search(r"[!?;|/@#=<>\\]|\d{4}|\.\w", heading)
        and words[0]
        not in {"to", "and", "but", "or", "when", "if", "because", "from", "by", "for", "with", "in", "on", "at"}
    )


def question(heading: str, book: CaseBook) -> str | None:
    words = heading.split()
    if len(words) < 4 or words[0].lower() not in QUESTION_WORDS or not heading.endswith("?"):
        return None
    folded = book.fold(heading)
    return folded[0].upper() + folded[1:]


def plural(noun: str) -> bool:
    if " and " in noun:
        return True
    head = re.split(r" (?:of|for|in|on|to|with|from|and|at|by|about) ", noun)[0].split()[-1].lower()
    return head.endswith("s") and not head.endswith(("ss", "us", "is", "ics", "news"))


def topic(title: str, text: str, book: CaseBook) -> str | None:
    """The page's title as a noun phrase that a sentence can take up, or None."""
    title = clean_heading(title).split(": ")[0].split(" - ")[0].split(" | ")[0]
    title = re.sub(r"^(?:basic|my|the best|easy) (?=\w)|\s+recipe$", "", title, flags=re.IGNORECASE)
    if not title or not is_phrase(title):
        return None
    words = title.split()
    if words[0].lower() in GERUNDS:
        return to_user(book.fold(title))
    if verb_phrase(title):
        return None
    return article(book.fold(title), text)


def instructions(title: str, heading: str, text: str, book: CaseBook, rng: random.Random) -> list[str]:
    """Instructions for which `text` is an answer, best first choice random; empty if no rule reads the heading."""
    head = clean_heading(heading) or clean_heading(title)
    if not head:
        return []
    if ": " in head:
        before, after = head.split(": ", 1)
        head = after if verb_phrase(after) or question(after, book) else before
    if re.search(r"^\d|https?:|@|\b(Tuesday|Monday|Friday)\b|—", head) or len(head) > 90:
        return []
    same = head == clean_heading(title) or not title
    about = None if same else topic(title, text, book)
    if asked := question(head + ("?" if heading.rstrip().endswith("?") and not head.endswith("?") else ""), book):
        return [asked]
    if told := clause(head, book):
        return [_sentence(rng.choice(CLAUSE), c=told)]
    key = head.lower()
    if key in GENERIC:
        templates = GENERIC_TEMPLATES.get(key, []) if about else []
        return [_sentence(rng.choice(templates), t=about)] if templates else []
    if phrase := verb_phrase(head):
        if re.search(r"[!?]|\b(we|our|us|I|you|is|are)\b", head) or len(head.split()) > 10:
            return []
        return _from_verb(head, to_user(book.fold(phrase)), about, book, rng)
    if not is_phrase(head):
        return []
    noun = article(book.fold(head), text)
    if len(head.split()) == 1 and not plural(noun) and noun.lower() not in text.lower():
        return []
    return _from_noun(noun, head, about if about != noun else None, rng)


def _from_verb(head: str, phrase: str, about: str | None, book: CaseBook, rng: random.Random) -> list[str]:
    made = [_sentence(rng.choice(HOW), v=phrase)]
    if head.split()[0].lower() in GERUNDS:
        made.append(_sentence(rng.choice(GERUND), g=to_user(book.fold(head))))
    if about and len(phrase.split()) <= 3:
        made.append(_sentence(rng.choice(VERB_WITH_TITLE), v=phrase, t=about))
    rng.shuffle(made)
    return made


def _from_noun(noun: str, head: str, about: str | None, rng: random.Random) -> list[str]:
    made = []
    if len(head.split()) > 1 or not about:
        made.append(_sentence(rng.choice(NOUN), n=noun))
        verb = "are" if plural(noun) else "is"
        made.append(_sentence(f"What {verb} {{n}}?", n=noun))
    if about and len(head.split()) <= 3:
        made.append(_sentence(rng.choice(NOUN_WITH_TITLE), n=noun, t=about))
    rng.shuffle(made)
    return made


def _sentence(template: str, **slots: str | None) -> str:
    made = template.format(**slots)
    return made[0].upper() + made[1:]
