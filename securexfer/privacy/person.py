"""Names of people: lists of the commonest in the United Kingdom, and what marks a name in a text.

The lists are no proof by themselves: Stanley is a town and Baker a trade. A column is judged by how
many of its cells are names, a text by what stands near one.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter

import polars as pl

GIVEN = frozenset(
    """
aaron abdul abdullah abigail adam adrian agnes ahmed aisha alan albert alex alexander alexandra
alfie ali alice alison amanda amber amelia amina amy andrea andrew andrzej angela anita ann anna
anne annie anthony arthur asha ashley audrey ava barbara barry beatrice ben benjamin bernard beth
bethany betty beverley bilal bradley brenda brian bronwen bruce callum cameron carl carly carol
caroline catherine cerys charles charlie charlotte chloe chris christian christine christopher
ciaran claire clare clive colin connor craig cynthia dafydd daisy daniel darren dave david dawn
dean debbie deborah declan deepak delroy denise dennis derek desmond diana diane dominic donald
donna doreen doris dorothy douglas duncan dylan edith edward eileen elaine eleanor elizabeth ella
ellen ellie elsie emily emma eoin eric erin esther ethan eva evelyn evie ewan faith farah fatima
fiona florence frances francis frank frederick freya gareth gary gavin gemma geoffrey george
georgia gerald gillian glenn gloria gordon grace graeme graham grzegorz gwen hamish hannah harjit
harold harriet harry hassan hayley heather helen henry hilary holly hugh ian ibrahim imogen imran
ingrid irene isaac isabella isla ivan ivy jack jackie jacob jacqueline jade jaime jake james jamie
jan jane janet janice jasmine jason javed jayne jean jennifer jenny jeremy jessica jill jim joan
joanna joanne joe john jon jonathan jordan joseph josephine josh joshua joyce judith julia julian
julie june justin kamal karen karl kate katherine kathleen kathryn katie kayleigh keiran keith
kelly ken kenneth kerry kevin khalid kieran kim kimberley kirsty krzysztof kwame kyle laura lauren
laurence lawrence leah lee leo leon leonard lesley leslie lewis liam lillian lily linda lisa liz
logan lorraine louis louise lucas lucy luke lydia lynn maciej malcolm marcus margaret maria marian
marie marilyn marion mark marjorie martin mary mason matthew maureen max maxine megan melanie
melissa mia michael michelle mike millie miriam mohamed mohammad mohammed moira molly monica morag
muhammad muriel nadia naomi natalie natasha nathan neil nia niamh nicholas nicola nigel nina noah
norma norman oliver olivia olusegun omar oscar owen pamela patricia patrick paul paula pauline
peggy penny peter phil philip philippa phoebe phyllis poppy priya priyanka quentin rachael rachel
ralph raymond rebecca rhys richard rita robert robin rodney roger ron ronald rory rosa rose
rosemary rosie ross roy ruby russell ruth ryan sadia sally sam samantha samir samuel sandra sanjay
sara sarah scott sean sebastian shane shannon sharon shaun sheila shirley sian simon sinead
siobhan sophia sophie stacey stanley stella stephanie stephen steve steven stewart stuart sue
sunita susan suzanne sylvia tanya tara tariq teresa terry thelma theo theresa thomas tim timothy
tina toby todd tom tomasz toni tony tracey tracy trevor valerie vanessa vera vera victor victoria
vijay vincent violet vivienne walter wayne wei wendy will william winifred yasmin yusuf yvonne
zain zara zeynep zoe
""".split()
)
FAMILY = frozenset(
    """
abbott achebe adams adeyemi ahmed akhtar ali allen anderson andrews armstrong arnold ashton atkins
atkinson austin bailey baker baldwin ball banks barber barker barnes barnett barrett barry bates
baxter begum bell bennett berry bevan bibi bird bishop black blake bond booth bowen boyle bradley
bradshaw brady brennan brooks brown bryan bryant bull burgess burke burns burton butcher butler
byrne cameron campbell carr carroll carter chambers chapman chen chowdhury clark clarke clayton
clough cole coleman coles collins connolly connor cook cooke cooper cox craig crawford cross
cunningham curtis dale daly daniels davey davidson davies davis davison dawson day dean demir
dixon dobson doherty donnelly douglas doyle duffy duncan dunn edwards elliott ellis entwistle
evans farquharson farrell faulkner ferguson finch fisher fitzgerald fleming fletcher flynn forbes
ford foster fowler fox francis franklin fraser freeman french frost fuller gallagher gardiner
gardner george gibbons gibbs gibson gilbert giles gill glover goddard goodwin gordon gough graham
grant gray green greenhalgh greenwood gregory griffin griffiths hale hall hamilton hammond hancock
hardy harper harris harrison hart hartley harvey hawkins haynes hayward henderson henry herbert
hewitt hicks higgins hill hilton hodgson holland holloway holmes holt hooper hope hopkins horton
houghton howard howarth howe howell hudson hughes humphries hunt hunter hurst hussain hutchinson
iqbal jackson james jarvis jenkins jennings john johnson johnston johnstone jones jordan joyce
kaur kay kelly kemp kennedy kerr khan king kirby kirk knight knowles kowalski lamb lambert lane
lawrence lawson lee lees leonard lewis lloyd llewellyn long lord lowe lucas lynch lyons macdonald
mackay mackenzie macleod mahmood manning marsden marsh marshall martin mason matthews may mccarthy
mcdonald mcdonnell mcgrath mckenzie mclean mcmahon mellor mensah metcalfe middleton miller mills
mistry mitchell mohamed moore moran morgan morley morris morrison morton moss murphy murray myers
nash naylor nelson newman newton nicholls nicholson nicholls noble nolan norman norris north
norton nowak o'brien o'connor o'donnell o'neill o'reilly o'sullivan okafor okonkwo oliver osborne
osei owen owens palmer parker parkin parkinson parry parsons patel paterson patterson payne
peacock pearce pearson pemberton perkins perry peters phillips pickering pollard poole porter
potter powell power pratt price pritchard quinn rahman randall read reed rees reeves reid reynolds
rhodes richards richardson riley robbins roberts robertson robinson robson rogers rose ross rowe
rowley russell ryan sanders sanderson saunders schofield scott shah sharma sharp sharpe shaw
shepherd sheppard short simmons simpson sims sinclair singh singleton skinner slater smart smith
smithson spencer stanley steele stephens stephenson stevens stevenson stewart stokes stone storey
sullivan summers sutcliffe sutton swift sykes talbot taylor thomas thompson thomson thornton
thorpe todd tomlinson townsend tucker turnbull turner tyler vaughan vincent wade walker wallace
wallis walsh walters walton ward warner warren waters watkins watson watts webb webster welch
wells west weston wheeler white whitehead whitehouse whittaker wilkins wilkinson williams
williamson willis wilson winter wong wood woods woodward wright wyatt yates young zaman zielinski
""".split()
)
# What says that a name is that of a firm, a place or a thing.
_OTHERS = (
    "Avenue Bank Barn Bridge Building Canal Castle Centre Centres Chapel Church City Close Club "
    "College Company Cottage Council County Court Crescent Drive Estate Farm Foundation Garden "
    "Gardens Gate Group Grove Hall Hill Hospital Hotel House Infirmary Institute Island Junction "
    "Lake Lane Library Licence License Limited Lodge Ltd Mill Mills Museum Office Park Place "
    "Press Primary Quay Reservoir River Road School Services Society Solutions Sons Square "
    "Station Street Supplies Surgery Systems Terrace Theatre Tower Town Trust University View "
    "Village Walk Ward Way Works Yard Inc Plc LLP GmbH Corp And Of"
).split()
_OTHER = frozenset(word.lower() for word in _OTHERS)
_CAPITAL = r"(?:[A-Z][\w'\u2019-]*[a-z][\w'\u2019-]*|[A-Z][A-Z'\u2019-]{2,})"
_TITLED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|MR|MRS|MS|MISS)\.? (?:[A-Z]\.? |{_CAPITAL} ){{0,3}}{_CAPITAL}"
)
_PAIR = re.compile(
    rf"\b({_CAPITAL})(?: [A-Z]\.?| {_CAPITAL})?? ({_CAPITAL})(?! {_CAPITAL}| &| and Co)"
)
_LABELLED = re.compile(
    r"(?i:\b(?:full ?name|name|patient|client|tenant|defendant|cn|fn|n))(?i: of \w+)?"
    rf"[\"']?\s?[:=]\s?[\"']?{_CAPITAL}[ ,;]{{1,2}}{_CAPITAL}"
)
_BEFORE_NUMBER = re.compile(
    rf"^\W*{_CAPITAL}(?: {_CAPITAL}| [A-Z]\.?){{1,3}}[\s,:;|-]+\(?(?:\+ ?44|0)[0-9 ]{{3}}"
)
_OF_PERSON = re.compile(
    r"(?i)\s*[,(]?\s*(?:born|aged?|d\.?o\.?b|of \d|lives|lived|was born|has moved"
    r"|rang|called|wrote|said|asked|came|was|is|has|tel\b|mob)\b"
)
# Whatever may hold a name: most lines do not, and are not looked at again.
NAME_TRACE = (
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|MR|MRS|MS|MISS)\b"
    r"|\b[A-Z][A-Za-z'\x{2019}-]+ +(?:[A-Z][A-Za-z.'\x{2019}-]* +)?[A-Z]"
    r"|(?i)\b(?:name|patient|client|tenant|defendant|cn|fn|n)\b[^:=]{0,12}[:=]"
)
_CELL = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'\u2019\u2010-]){1,60}$")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-])*")
_TURNED = re.compile(r"[^,]+, ?[^\W\d_]")
# From so many on, a search over the column is quicker than a look at each cell.
_MANY = 2000
_TITLES = ("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "rev")


def has_name(line: str) -> bool:
    """Whether a line of text names a person, as far as its words and signs can tell."""
    if _BEFORE_NUMBER.search(line):
        return True
    if found := _LABELLED.search(line):
        return not set(re.findall(r"[a-z]+", found[0].lower())) & _OTHER
    for found in _TITLED.finditer(line):
        if found[0].split()[-1].lower() not in _OTHER:
            return True
    return any(
        _is_pair(found[1].lower(), found[2].lower(), line, found) for found in _PAIR.finditer(line)
    )


def _is_pair(first: str, last: str, line: str, found: re.Match[str]) -> bool:
    """Whether two words in a row are the name of a person."""
    if first in FAMILY and last in GIVEN:
        return True
    if first not in GIVEN or last in _OTHER:
        return False
    # A first name before a word that is no known last name may be a firm's.
    return last in FAMILY or _stands_alone(line, found)


def _stands_alone(line: str, found: re.Match[str]) -> bool:
    """Whether the rest of the line is nothing, or speaks of a person."""
    before, after = line[: found.start()], line[found.end() :]
    return not re.search(r"\w", before + after) or _OF_PERSON.match(after) is not None


def names_in_words(text: str) -> list[tuple[int, int]]:
    """Where a common given name stands right before a common family name; for names of files."""
    words = [
        (m[0].lower(), m.start(), m.end())
        for m in re.finditer(r"[^\W\d_][\w']*", text.replace("_", " "))
    ]
    return [
        (start, end)
        for (first, start, _), (last, _, end) in itertools.pairwise(words)
        if first in GIVEN and last in FAMILY
    ]


def count_names(cells: pl.Series) -> Counter[str]:
    """Of cells, how many are words, a given name, a family name, and a whole name of a person."""
    counted: Counter[str] = Counter()
    if cells.len() > _MANY:
        cells = cells.filter(cells.str.contains(r"^\p{L}"))
    for cell, n in Counter(cells.to_list()).items():
        for what in _kinds_of(cell):
            counted[what] += n
    return counted


@functools.lru_cache(maxsize=1 << 16)
def _kinds_of(cell: str) -> tuple[str, ...]:
    if not _CELL.match(cell):
        return ()
    words = _WORD.findall(cell.lower())
    if len(words) == 1:
        found = [
            what for what, known in (("given", GIVEN), ("family", FAMILY)) if words[0] in known
        ]
        return ("words", *found)
    if not 2 <= len(words) <= 5 or not _OTHER.isdisjoint(words):
        return ("words",)
    has_given = not GIVEN.isdisjoint(words)
    is_whole = (
        words[0] in GIVEN
        or words[0] in _TITLES
        or (has_given and words[-1] in FAMILY)
        or (has_given and _TURNED.match(cell) is not None)
    )
    return ("words", "whole") if is_whole else ("words",)
