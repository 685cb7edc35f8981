"""Lines inside a main text that are no part of it: credits, datelines, "read also", "follow us", calls to click.

They stand in the same elements as the text and differ from it only by what they say and how much of it is a link. A line
is one of these if it is short and begins as they do, or if most of what it says is where to click. The words are ours, for
the languages of most pages; the navigation terms of 29 languages are asked too.
"""

import re

from humpback.corpus.cutting.navigation import navigation_term
from humpback.corpus.cutting.page import Block, Event

# Tables, code, definitions and quotes end without a stop.
_NO_PROSE = ("|", "`", ": ", ">")
# Tables and code are no lines of a page about itself, whatever word they begin with.
_NO_WORDS = ("|", "```")
_STOP = re.compile(r"[.!?…。！？।؟۔;)\]»”\"'“’」』*]\W*$")
_CALL_ANYWHERE = re.compile(
    r"\b(?:sign up|subscribe|newsletter|click here|klick(?:en)? (?:sie )?hier|read more|follow us|folgt? uns|"
    r"teilen|share)\b",
    re.IGNORECASE,
)
# A credit or a call is shorter; what begins alike and is longer is a sentence of the text.
LONGEST = 220
# In a paragraph this short, so large a share of links is a pointer to elsewhere ("More at example.org.").
POINTER_CHARS = 160
POINTER_SHARE = 0.3
LABEL_CHARS = 60
VERSE_LINES = 3
_LABEL = re.compile(
    r"""^\W*(?:
    # Credits and sources, with a colon, a slash or a copyright sign behind.
    (?:(?:titel|beitrags|header|artikel|vorschau)?(?:bild|foto|fotos|bilder)(?:nachweis|credit|quelle)?|quellen?
    |text|redaktion|autor(?:in)?
      |(?:featured\ |cover\ |header\ )?(?:image|photo|picture|photograph)s?(?:\ (?:credits?|by|courtesy
      |source))?|credits?|sources?|author|editor
      |illustrations?|grafik|video|crédits?(?:\ photos?)?|fuentes?|foto(?:grafía)?|imagen|fonte|źródło
      |zdjęci[ea]|fot\.|bron|beeld|kilde|källa)
      \s*[:/©]
    # What a blog says of its own entry.
    |(?:categor(?:y|ies)|tags?|schlagw(?:ort|orte|örter)|kategorien?|themen|topics|stand)\b(?=.{0,3}[:.])
    |(?:this\ (?:entry|post)\ was|posted\ (?:in|on|by)|filed\ under|published\ (?:in|on|by)|last\ (?:updated
    |modified)|updated\ on|tagged
      |dieser\ (?:eintrag|beitrag)\ wurde|veröffentlicht\ (?:am|in|von)|erstellt\ am|publiziert
      |zuletzt\ (?:aktualisiert|geändert)|letzte\ (?:aktualisierung|änderung)|publié\ (?:le|par|dans)
      |publicado\ (?:el|en|por)
      |pubblicato\ (?:il|in|da)|opublikowano|release\ date|erscheinungsdatum|lesezeit|reading\ time)\b(?=.{0,3}[:.]|\ .)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_CALL = re.compile(
    r"""^\W*(?:
    read\ (?:more|also|next|the\ full|this|on)|see\ also|also\ (?:read|see|on)|related|more\ (?:from|on|about
    |stories|information|info|details)|click\ here
    |watch\ (?:also|now|the)|listen\ (?:to|now)|download|subscribe|sign\ up|follow\ (?:us|me|him|her|@|the|our)
    |like\ us|join\ (?:us|our)|share\ (?:this|on)
    # What a page asks of its reader about itself.
    |(?:was|is|did)\ (?:this|the|our)\ (?:page|article|answer|post|guide|content|information)
      \ (?:help(?:ful|ed)?|useful|answer(?:ed)?|easy)
    |(?:was\ this|did\ this|is\ this)\ (?:help(?:ful)?|useful|answer)|did\ you\ (?:find|like)\ this|rate\ (?:this|our)
    |(?:war|ist|hat)\ (?:der|die|das|dieser|diese|dieses|ihnen|dir)\ (?:\w+\ )?(?:artikel|beitrag|seite|antwort|inhalt)
      \ (?:nützlich|hilfreich|gefallen|geholfen|interessant|informativ|verständlich)
    |möchte(?:n|st)\ (?:sie|du)\ (?:den|diesen|die|diese)\ (?:artikel|beitrag|seite)\ teilen
    |cet(?:te)?\ (?:article|page|réponse)\ (?:vous\ a|est|a)-t-(?:il|elle)|avez-vous\ trouvé
    |¿(?:te|le|les)\ (?:ha\ sido|resultó|fue|gustó|ha\ resultado)|¿(?:fue|es)\ útil|questo\ articolo\ ti|este\ artigo
    |get\ (?:the|our|more)|for\ more|find\ out\ more|learn\ more|visit\ (?:our|the|us)|buy|order\ now
    |support\ (?:us|our)|you\ can\ (?:keep\ up|follow|find)
    |lesen\ sie\ (?:auch|mehr|hier|dazu|weiter)|lies\ (?:auch|mehr|hier|dazu)|mehr\ (?:zu|zum|zur|von|aus|über
    |infos?|informationen|dazu|auf|kolumnen|artikel)
    |weitere\ (?:infos?|informationen|artikel|beiträge|themen|tipps|details|meldungen|nachrichten)
    |alle\ (?:infos|informationen|artikel|folgen)|hier\ (?:geht|gibt|finde|klick|kommt|gelang)
    |zum\ (?:weiterlesen|artikel|thema|video|download|original)|zur\ (?:website|webseite|übersicht|startseite)
    |zurück\ zu[mr]?|auch\ interessant|das\ könnte
    |schon\ gelesen|schon\ gewusst|kennt\ ihr\ schon|folge(?:n)?\ (?:sie|uns|mir)|liken?\ (?:sie|uns)
    |teile(?:n)?\ (?:sie|diesen)|abonnier|jetzt\ (?:abonnieren|anmelden|bestellen|lesen|kaufen|teilen|mitglied)
    |melde(?:n)?\ (?:sie|dich)|newsletter|anzeige\b|werbung\b|\*?\ ?werbung|enthält\ werbung|\*?\ ?affiliate
    |bei\ den\ verlinkungen|advertising\ disclosure|disclosure|advertisement
    |à\ lire|lire\ (?:aussi|la\ suite|également)|voir\ aussi|pour\ en\ savoir\ plus|en\ savoir\ plus|suivez
    |abonnez|inscrivez|partagez|retrouvez
    |lea\ (?:también|más)|lee\ (?:también|más)|leer\ (?:más|también)|ver\ también|más\ información
    |te\ puede\ interesar|síguenos|suscríbete|únete|¿ya\ sabías|mira(?::|\ (?:lo|también|el\ video))
    |relacionad[ao]s
    |leggi\ (?:anche|tutto)|vedi\ anche|seguici|iscriviti|leia\ (?:também|mais)|veja\ também|siga|inscreva
    |czytaj\ (?:także|też|więcej|dalej)|zobacz\ (?:także|też|również|więcej)|przeczytaj|obserwuj|lees\ (?:ook
    |meer|verder)|volg\ ons
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NETWORK = re.compile(
    r"\b(?:twitter|facebook|instagram|youtube|whatsapp|telegram|tiktok|linkedin|pinterest|xing|spotify)\b", re.IGNORECASE
)
_JOINING = re.compile(
    r"\b(?:follow|folge|folgen|abonnier|channel|kanal|canal|like|liken|join|suscr|sígue|seguici|segui|suivez|"
    r"abonne|obserwuj|subscri|fan|page|seite)",
    re.IGNORECASE,
)


def is_call(text: str) -> bool:
    """Whether `text` begins as calls to click and to follow do."""
    return _CALL.match(text) is not None


def leave_out_asides(events: list[Event], pointer_share: float = POINTER_SHARE) -> list[Event]:
    """`events` without such lines, which get their `fate`; a short one with more links than that points elsewhere."""
    for event in events:
        if type(event) is Block and len(event.text) < LONGEST and not event.fate and not event.text.startswith(_NO_WORDS):
            event.fate = _fate(event, pointer_share)
    rest = [event for event in events if not event.fate]
    end = len(rest)
    while end and _is_loose_end(rest[end - 1]):
        end -= 1
    # Where no line at all ends as sentences do (verse, Thai), that says nothing of the last ones.
    if len(rest) - end >= VERSE_LINES and not any(type(event) is Block for event in rest[:end]):
        return rest
    for event in rest[end:]:
        event.fate = "a loose end"
    return rest[:end]


def _is_loose_end(event: Event) -> bool:
    """Whether the last line of a page is a greeting, a signature or a last call, and not how a text ends."""
    if type(event) is not Block or event.list_id is not None or len(event.text) >= POINTER_CHARS:
        return False
    if event.text.startswith(_NO_PROSE):
        return False
    return not _STOP.search(event.text) or bool(event.link_chars) or _CALL_ANYWHERE.search(event.text) is not None


def _fate(block: Block, pointer_share: float) -> str:
    text = block.text
    if block.list_id is None and len(text) < POINTER_CHARS and block.link_chars > pointer_share * len(text):
        return "a pointer elsewhere"
    if _LABEL.match(text):
        return "a credit or date line"
    if _may_call(block) and is_call(text):
        return "a call to click"
    if _NETWORK.search(text) and _JOINING.search(text) and len(text) < POINTER_CHARS:
        return "a call to follow"
    if block.list_id is None and len(text) < LABEL_CHARS and navigation_term(text):
        return "a label"
    return ""


def _may_call(block: Block) -> bool:
    """Whether a block that begins as a call does may be one; "Download the file" in a list is a step of the text."""
    if block.link_chars or block.list_id is not None:
        return bool(block.link_chars)
    return len(block.text) < LABEL_CHARS or block.text.rstrip().endswith((":", "?", "!", "»", "…"))
