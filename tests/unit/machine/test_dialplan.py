"""The dial plan: what is sent for what is dialled, and what never changes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware.phone import commands as do
from firmware.phone.config import Config
from firmware.phone.config_types import Dial
from firmware.phone.display import screens
from firmware.phone.machine.dialplan import (
    DialPlan,
    Form,
    Pattern,
    Rule,
    canonical,
    chained,
    cuts_off,
    pattern,
    written,
)
from firmware.phone.machine.emergency import EVERYWHERE, NUMBERS, is_emergency
from firmware.phone.machine.rules import Rules
from tests.unit.machine.driver import ACCOUNT, Driver

ROOT = Path(__file__).parents[3]


def plan(*rules: Rule, form: Form = Form.DIALLED, country: str = "DE") -> DialPlan:
    return DialPlan(rules, form, country)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("0[1-9].", ["01", "0301234"], ["0", "00", "0049", "1", "01*"]),
        ("XX", ["12", "00"], ["1", "123", "1#"]),
        ("[147]X.", ["10", "1999"], ["20", "1"]),
        ("+49.", ["+49", "+4930"], ["49", "+48"]),
        ("*31#", ["*31#"], ["*31", "*31#1"]),
        ("[9-7]", ["7", "8", "9"], ["6"]),
    ],
)
def test_patterns(text: str, yes: list[str], no: list[str]) -> None:
    assert [number for number in yes + no if pattern(text).matches(number)] == yes


@pytest.mark.parametrize("text", ["", ".", "0..", "0+", "a", "[", "[]", "[1-]", "0[a-z]", "0 1", "X-"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|every number"):
        pattern(text)


def test_a_rule_takes_away_and_puts_before() -> None:
    here = plan(Rule(pattern("0[1-9]."), 1, "+49"), Rule(pattern("00."), 2, "+"))
    assert here.sent("030901820") == "+4930901820"
    assert here.sent("0033142685300") == "+33142685300"
    assert here.sent("204") == "204"


def test_the_first_rule_that_matches_counts() -> None:
    assert plan(Rule(pattern("2XX"), 0, "9"), Rule(pattern("20X"), 0, "8")).sent("204") == "9204"


@pytest.mark.parametrize(
    ("country", "dialled", "international", "national"),
    [
        ("DE", "030901820", "+4930901820", "030901820"),
        ("DE", "+4930901820", "+4930901820", "030901820"),
        ("DE", "0033142685300", "+33142685300", "0033142685300"),
        ("US", "2125550123", "+12125550123", "2125550123"),
        ("US", "011442079460000", "+442079460000", "011442079460000"),
        ("GB", "02079460000", "+442079460000", "02079460000"),
        ("IT", "0669812345", "+390669812345", "0669812345"),
        ("DE", "204", "204", "204"),
        ("DE", "11833", "11833", "11833"),
        ("", "030901820", "030901820", "030901820"),
        ("", "+4930901820", "+4930901820", "+4930901820"),
    ],
)
def test_forms(country: str, dialled: str, international: str, national: str) -> None:
    assert plan(form=Form.INTERNATIONAL, country=country).sent(dialled) == international
    assert plan(form=Form.NATIONAL, country=country).sent(dialled) == national
    assert plan(country=country).sent(dialled) == dialled


def test_people_read_it_in_groups() -> None:
    assert written("+4930901820") == "+49 30 901820"
    assert written("030901820") == "030901820"
    assert written("Bob") == "Bob"
    assert written("+0") == "+0"
    assert canonical("030901820", "DE") == canonical("+49 30 901820", "") == "+4930901820"
    assert canonical("12", "DE") == ""


# --- what always holds -------------------------------------------------------------------------------

countries = st.sampled_from(["", *sorted(NUMBERS)])
parts = st.sampled_from([*"0123456789", "X", "[1-9]", "[02]", "[5-9]"])
patterns = st.builds(
    lambda keys, more: pattern("".join(keys) + ("." if more else "")),
    st.lists(parts, min_size=1, max_size=4),
    st.booleans(),
)
rules = st.builds(
    Rule, patterns, strip=st.integers(0, 3), prefix=st.sampled_from(["", "0", "00", "9", "+49", "+1", "11"])
).filter(lambda rule: rule.strip <= len(rule.match.keys))
numbers = st.one_of(
    st.text("0123456789", min_size=1, max_size=14),
    st.sampled_from(sorted(EVERYWHERE.union(*NUMBERS.values()))),
    st.builds(
        "{}{}".format,
        st.sampled_from(["0", "9", "00", "0049", "+49", "+"]),
        st.sampled_from(["112", "30901820"]),
    ),
    st.sampled_from(["030901820", "+4930901820", "0033142685300", "2125550123", "*31#030", "#"]),
)
forms = st.sampled_from(Form)


@st.composite
def dialled(draw: st.DrawFn) -> tuple[DialPlan, str]:
    """A dial plan without chains, and a number: any, one of a rule, or help behind what a rule takes away."""
    country = draw(countries)
    some = draw(st.lists(rules, max_size=3))
    help_number = draw(st.sampled_from(sorted(EVERYWHERE | NUMBERS.get(country, frozenset()))))
    number = draw(numbers)
    matched, behind = draw(st.booleans()), draw(st.booleans())
    if some and matched:
        number = "".join(draw(st.sampled_from(sorted(keys))) for keys in some[0].match.keys)
        number += draw(st.text("0123456789", max_size=8)) if some[0].match.more else ""
    elif behind:
        size = draw(st.integers(0, 2))
        before = draw(st.text("0123456789", min_size=size, max_size=size))
        match = Pattern(tuple(frozenset(key) for key in before + help_number[:2]), more=True)
        some = [Rule(match, size, draw(st.sampled_from(["", "0", "9"]))), *some]
        number = before + help_number
    assume(chained(some) is None)
    return plan(*some, form=draw(forms), country=country), number


@given(dialled())
@settings(max_examples=400, deadline=None)
def test_once_changed_is_never_changed_again(there: tuple[DialPlan, str]) -> None:
    here, number = there
    assert here.sent(here.sent(number)) == here.sent(number)


@given(dialled())
@settings(max_examples=400, deadline=None)
def test_nothing_becomes_an_emergency_number_and_none_ceases_to_be_one(there: tuple[DialPlan, str]) -> None:
    here, number = there
    sent = here.sent(number)
    assert is_emergency(here.country, sent) == is_emergency(here.country, number)
    if is_emergency(here.country, number):
        assert sent == number


def test_help_stays_help_and_nothing_else_becomes_it() -> None:
    assert plan(Rule(pattern("1."), 1, "+491")).sent("110") == "110"
    assert plan(Rule(pattern("011X"), 1)).sent("0110") == "0110"
    assert plan(Rule(pattern("011X"), 1)).sent("0115") == "115"


def test_what_a_rule_made_goes_as_it_is() -> None:
    """Though it looks like a number of the country that has another form."""
    private = plan(Rule(pattern("7[1-9]."), 1), form=Form.NATIONAL)
    assert private.sent("730901820") == "30901820"
    assert plan(form=Form.NATIONAL).sent("30901820") == "030901820"
    assert private.sent("30901820") == "30901820"


@given(patterns, patterns, st.text("0123456789", max_size=5))
@settings(deadline=None)
def test_patterns_that_do_not_meet_have_no_number_in_common(one: Pattern, two: Pattern, number: str) -> None:
    if one.matches(number) and two.matches(number):
        assert one.meets(two)
        assert two.meets(one)


@given(rules, st.text("0123456789", min_size=1, max_size=6))
@settings(deadline=None)
def test_a_rules_results_match_its_result(rule: Rule, number: str) -> None:
    if rule.match.matches(number):
        assert rule.result.matches(rule.sent(number)) or not rule.sent(number)


def test_rules_in_a_chain_are_found() -> None:
    assert chained([Rule(pattern("0."), 1)]) == (0, 0)
    assert chained([Rule(pattern("X."), 0, "0")]) == (0, 0)
    assert chained([Rule(pattern("1XX"), 0, "2"), Rule(pattern("2."), 1, "3")]) == (0, 1)
    assert chained([Rule(pattern("0[1-9]."), 1, "+49"), Rule(pattern("00[1-9]."), 2, "+")]) is None


def test_help_is_never_cut_off() -> None:
    assert cuts_off("DE", Rule(pattern("11"), at_once=True)) == "110"
    assert cuts_off("", Rule(pattern("XX"), at_once=True)) == "112"
    assert cuts_off("DE", Rule(pattern("[2-8]X"), at_once=True)) == ""
    assert cuts_off("DE", Rule(pattern("11"))) == ""


# --- the telephone -----------------------------------------------------------------------------------


def phone(*dials: Dial, form: Form = Form.DIALLED, country: str = "DE") -> Driver:
    made = Rules.of(Config(dials=dials))
    plan = replace(made.dial_plan, form=form, country=country)
    driver = Driver(replace(ACCOUNT, country=country, dial_plan=plan))
    driver.lift()
    return driver


def shown(driver: Driver) -> screens.Dialling:
    assert isinstance(driver.screen, screens.Dialling)
    return driver.screen


def placed(commands: list[do.Command]) -> str:
    (command,) = commands
    assert isinstance(command, do.PlaceCall)
    return command.uri


def test_what_will_be_sent_is_shown_before_it_is() -> None:
    driver = phone(form=Form.INTERNATIONAL)
    driver.keys("03090182")
    driver.keys("0")
    assert (shown(driver).digits, shown(driver).target) == ("030901820", "+49 30 901820")
    assert placed(driver.keys("#")) == "sip:+4930901820@phone.test"
    assert isinstance(driver.screen, screens.Calling)
    assert driver.screen.peer == "+4930901820"


def test_a_speed_dial_is_no_matter_of_the_dial_plan() -> None:
    driver = phone(Dial("X", prefix="0"))
    driver.keys("2")
    assert shown(driver).target == "Bob"
    assert placed(driver.keys("#")) == "sip:bob@phone.test"


def test_a_star_code_stands_before_the_number() -> None:
    driver = phone(form=Form.INTERNATIONAL)
    driver.keys("*31#030901820")
    assert shown(driver).target == "+49 30 901820"
    assert placed(driver.keys("#")) == "sip:+4930901820@phone.test"


def test_a_complete_number_is_called_at_once() -> None:
    driver = phone(Dial("2XX", at_once=True))
    assert driver.keys("20") == []
    assert placed(driver.keys("4")) == "sip:204@phone.test"


def test_with_the_handset_down_nothing_is_called_at_once() -> None:
    driver = phone(Dial("2XX", at_once=True))
    driver.hang_up()
    assert driver.keys("204") == []
    assert placed(driver.lift()) == "sip:204@phone.test"


def test_help_is_called_as_it_is() -> None:
    driver = phone(Dial("1.", strip=1, prefix="+491"), form=Form.INTERNATIONAL)
    driver.keys("110")
    assert shown(driver).target == "Calls in 3 s"
    assert placed(driver.keys("#")) == "sip:110@phone.test"


def test_a_telephone_without_dial_plan_does_not_load_the_library() -> None:
    code = (
        "import sys; from firmware.phone.config import Config; "
        "from firmware.phone.machine.rules import Rules; "
        "Rules.of(Config()).dial_plan.sent('030901820'); print('phonenumbers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
