"""Provinces and countries, however people write them; what nobody knows stays unknown."""

import pytest

from houblon.engine.core.places import country_code, province_code, region
from houblon.engine.core.taxes import Place, place_of


@pytest.mark.parametrize(
    ("code", "written"),
    [
        (
            "QC",
            "QC|qc|Québec|QUEBEC|Qué.|P.Q.|CA-QC|Québec, Canada|Québec (QC)|Quebec, CA|Province de Québec|QC H2X 1Y4",
        ),
        ("ON", "ON|Ont.|Ontario|Ontario, Canada|ontario (Canada)"),
        ("NL", "NL|Newfoundland & Labrador|Newfoundland and Labrador|Terre-Neuve-et-Labrador|T.-N.-L.|NFLD|NF"),
        ("NB", "N.-B.|Nouveau-Brunswick|New Brunswick|N.B."),
        ("NS", "N.-É.|Nouvelle-Écosse|Nova Scotia|N.S."),
        ("PE", "Î.-P.-É.|PEI|P.E.I.|Île-du-Prince-Édouard|Prince Edward Island"),
        ("BC", "C.-B.|B.C.|Colombie-Britannique|British Columbia"),
        ("AB", "Alb.|Alta.|Alberta"),
        ("MB", "Man.|Manitoba"),
        ("SK", "Sask.|Saskatchewan"),
        ("YT", "Yukon|Yn"),
        ("NT", "T.N.-O.|NWT|Territoires du Nord-Ouest|Northwest Territories"),
        ("NU", "Nunavut|Nun."),
    ],
)
def test_a_province_is_known_by_every_usual_spelling(code, written):
    for each in written.split("|"):
        assert province_code(each) == province_code(each, "CA") == region(each, None) == code, each
        assert place_of(each, "Canada") == Place(code)


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("CA", "CA|CAN|Canada|canada"),
        ("US", "US|USA|U.S.A.|United States|États-Unis|É.-U.|United States (US)"),
        ("FR", "FR|France|FRA"),
        ("GB", "GB|UK|Royaume-Uni|United Kingdom|England"),
        ("DE", "Allemagne|Germany"),
    ],
)
def test_a_country_is_known_in_both_languages(code, written):
    assert {country_code(each) for each in written.split("|")} == {code}


def test_ca_is_california_only_where_the_country_is_the_united_states():
    assert region("CA", "US") == "US-CA" and place_of("CA", "US") == Place(None, True)
    assert region("CA", None) is None and not place_of("CA", None).is_known
    assert not place_of("CA", "CA").is_known


def test_outside_canada_no_province_of_canada_is_read():
    assert region("NT", "AU") == "AU-NT" and province_code("NT", "AU") is None
    assert place_of(None, "France").abroad and place_of("Vermont, USA", None).abroad


@pytest.mark.parametrize("written", ["NY", "Montréal", "Zorkie", "Québec/Ontario", "?"])
def test_a_province_that_nobody_knows_is_not_replaced_by_another(written):
    assert not place_of(written, None, otherwise="QC").is_known


def test_the_installation_s_province_is_taken_only_where_none_is_said_and_it_says_one():
    assert place_of(None, None, "QC") == place_of(" ", "CA", "QC") == Place("QC")
    assert not place_of(None, None, None).is_known
    assert not place_of(None, "Zorkie", "QC").is_known
