"""Which tags a walk treats alike."""

SKIPPED = (
    "script style noscript template svg math nav iframe object select input textarea head dialog title canvas audio "
    "video map menu figcaption optgroup option datalist embed applet"
)
# What is left out of a line parts its words; an icon, a script and a hidden word do not.
PARTING = frozenset("nav iframe object button select input textarea dialog canvas audio video map menu figcaption".split())
SOFT = "aside footer form"
ROOTS = "main article body html"
PLAIN = "i em u small big font abbr cite q s del ins mark time wbr picture source tt var"
BLOCKS = "p div section header address figure details fieldset center hgroup td th tr tbody thead tfoot caption hr dl search"
