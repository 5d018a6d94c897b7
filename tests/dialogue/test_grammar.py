"""Names that nobody has worded become questions that a stranger can read, whatever field they come from."""

import pytest

from dialogue.grammar import generated
from dialogue.wordings import Direction, fill


def asked(relation: str, head: str, tail: str, direction: Direction = "tail", several: bool = False) -> str:
    worded = generated(f"ex:{relation}", None, [head], [tail], several)
    return fill((worded.tail if direction == "tail" else worded.head).forms[0], "X")


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("poachingIncidentIn", "Incident", "Zone", "Which zone is X in?"),
        ("bugFoundIn", "Bug", "Chip", "Which chip is X found in?"),
        ("permit_issued_by", "Permit", "Office", "Which office was X issued by?"),
        ("managerOf", "Manager", "Team", "Which team is X a manager of?"),
        ("symptomOf", "Symptom", "Disease", "Which disease is X a symptom of?"),
    ],
)
def test_heads_own_noun_in_a_name_is_not_asked_for(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(relation, head, tail) == text


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("foremanOfJury", "Person", "Jury", "Which jury is X a foreman of?"),
        ("translationOfWork", "Book", "Book", "Which book is X a translation of?"),
        ("candidacyInElection", "Person", "Election", "Which election does X have a candidacy in?"),
        ("countryOfOrigin", "Film", "Country", "What is the country of origin of X?"),
        ("chairOfBoard", "Trust", "Person", "Who is the chair of the board of X?"),
        ("yieldRateOf", "Factory", "Rate", "What is the yield rate of X?"),
        ("authorOf", "Book", "Person", "Who is the author of X?"),
        ("authorOf", "Person", "Book", "Which book is X an author of?"),
    ],
)
def test_tails_own_noun_in_a_name_is_what_is_asked_for(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(relation, head, tail) == text


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("yearBuilt", "Building", "Year", "In which year was X built?"),
        ("datePublished", "Book", "Date", "On which date was X published?"),
        ("issued", "Book", "Year", "In which year was X issued?"),
        ("appointedInYear", "Judge", "Year", "In which year was X appointed?"),
        ("closedIn", "Station", "Year", "In which year was X closed?"),
        ("scheduledOn", "Course", "Date", "On which date is X scheduled?"),
        ("wonScienceFairIn", "Student", "Year", "In which year did X win a science fair?"),
        ("ownedSince", "Vineyard", "Year", "Since which year has X been owned?"),
        ("foundingYear", "Club", "Year", "What is the founding year of X?"),
    ],
)
def test_time_is_asked_for_with_its_preposition_first(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(relation, head, tail) == text


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("coaches", "Person", "Team", "Which team does X coach?"),
        ("coaches", "Team", "Person", "Who are the coaches of X?"),
        ("tutors", "Student", "Student", "Which student does X tutor?"),
        ("houses", "Building", "Department", "Which department does X house?"),
        ("sponsors", "Event", "Company", "What are the sponsors of X?"),
        ("worksOnProject", "Employee", "Project", "Which project does X work on?"),
        ("reviewsFor", "Critic", "Magazine", "Which magazine does X review for?"),
        ("ranksAbove", "Animal", "Animal", "Which animal does X rank above?"),
        ("playsRoleOf", "Actor", "Character", "Which character does X play the role of?"),
        ("servesSentenceIn", "Person", "Prison", "Which prison does X serve a sentence in?"),
        ("landedOn", "Spacecraft", "Moon", "Which moon did X land on?"),
        ("coStarredWith", "Actor", "Actor", "Which actor did X co-star with?"),
        ("discoveredMoonOf", "Spacecraft", "Planet", "Which planet did X discover the moon of?"),
        ("completedAheadOf", "Project", "Project", "Which project was X completed ahead of?"),
        ("admittedToWard", "Patient", "Ward", "Which ward was X admitted to?"),
        ("verifiedUsing", "Chip", "Tool", "Which tool was X verified using?"),
        ("ceasedPublicationIn", "Newspaper", "Year", "In which year did X cease publication?"),
        ("crownedKingIn", "Person", "Year", "In which year was X crowned king?"),
        ("worksAsBrokerFor", "Person", "Company", "Which company does X work as a broker for?"),
        ("boardsAtGate", "Flight", "Gate", "Which gate does X board at?"),
        ("nearestTo", "Airport", "City", "Which city is X nearest to?"),
        ("onLoanTo", "Cello", "Museum", "Which museum is X on loan to?"),
        ("isToxicIn", "Compound", "Species", "Which species is X toxic in?"),
        ("writesColumnFor", "Journalist", "Paper", "Which paper does X write a column for?"),
        ("holdsPowerIn", "Person", "City", "Which city does X hold power in?"),
        ("followUpTo", "Article", "Article", "Which article is X a follow-up to?"),
        ("openToVisitorsSince", "Castle", "Year", "Since which year has X been open to visitors?"),
        ("isPinCompatibleWith", "Chip", "Chip", "Which chip is X pin-compatible with?"),
    ],
)
def test_verb_is_told_from_a_noun_by_what_stands_around_it(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(relation, head, tail) == text


@pytest.mark.parametrize(
    ("relation", "head", "tail", "text"),
    [
        ("runtimeMinutes", "Film", "Number", "What is the runtime in minutes of X?"),
        ("heightInMetres", "Tower", "Number", "What is the height in metres of X?"),
        ("agingMonths", "Wine", "Number", "What is the aging in months of X?"),
        ("annualVisitors", "Castle", "Number", "What is the number of annual visitors of X?"),
        ("employees", "Company", "Number", "What is the number of employees of X?"),
        ("CASNumber", "Compound", "Identifier", "What is the CAS number of X?"),
        ("openingHours", "Museum", "Time", "What are the opening hours of X?"),
        ("iucnStatus", "Species", "Status", "What is the IUCN status of X?"),
        ("HQ", "Company", "City", "What is the headquarters of X?"),
        ("PIof", "Person", "Mission", "Which mission is X a PI of?"),
        ("officeHeldByMayor", "City", "Office", "What is the office held by the mayor of X?"),
        ("timeOfDiscoveryOrInvention", "Comet", "Year", "What is the time of discovery or invention of X?"),
        ("doctoralAdvisor", "human", "human", "Who is the doctoral advisor of X?"),
    ],
)
def test_name_is_not_quoted_where_english_has_words_for_it(relation: str, head: str, tail: str, text: str) -> None:
    assert asked(relation, head, tail) == text


def test_several_of_a_kind_have_the_plural_that_english_gives_them() -> None:
    assert asked("terminus", "Line", "Station", several=True) == "What are the termini of X?"
    assert asked("rollingStock", "Company", "Train", several=True) == "What is the rolling stock of X?"
    assert asked("flewOn", "Astronaut", "Spacecraft", several=True) == "Which spacecraft did X fly on?"


def test_noun_that_repeats_the_heads_is_not_made_its_possession() -> None:
    forms = generated("ex:stationCode", None, ["Station"], ["Code"]).head.forms
    assert [fill(form, "X") for form in forms[:2]] == [
        "Which station has X as its station code?",
        "Do you know a station with X as its station code?",
    ]
