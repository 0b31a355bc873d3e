"""Files of banks as they are exported: what came in, by every bank's form; what is not certain is asked."""

from datetime import date

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.bank.columns import Columns
from houblon.orders.bank.statement_file import MAX_BYTES, MAX_LINES, Asked, Unclear, read_file, text_of

TODAY = date(2021, 6, 30)
DAY = date(2021, 5, 20)
DESJARDINS = (
    '"Caisse des Patriotes","123456","EOP","2021/05/20",00001,"Virement Interac de /ÉPICERIE DU COIN","",,745.04,,,,,12345.67\r\n'
    '"Caisse des Patriotes","123456","EOP","2021/05/21",00002,"Achat /MALTERIE","",200.00,"","","","","",12145.67\r\n'
)
BNC = (
    "\ufeffDate;Description;Catégorie;Débit;Crédit;Solde\r\n"
    "2021-05-20;VIREMENT INTERAC ÉPICERIE DU COIN;Dépôt;;1 745,04;12 345,67\r\n"
    "2021-05-21;HYDRO-QUÉBEC;Facture;200,00;;12 145,67\r\n"
)
RBC = (
    '"Account Type","Account Number","Transaction Date","Cheque Number","Description 1","Description 2","CAD$","USD$"\n'
    "Chequing,01234-1234567,5/20/2021,,E-TRANSFER,Epicerie du Coin,1745.04,,\n"
    "Chequing,01234-1234567,5/21/2021,17,CHEQUE,,-200.00,,\n"
)
RBC_FRENCH = (
    '"Type de compte","Numéro du compte","Date de l\'opération","Numéro du chèque","Description 1","Description 2","CAD","USD"\n'
    "Chèques,01234-1234567,5/20/2021,,VIREMENT,Épicerie du Coin,1745.04,\n"
    "Chèques,01234-1234567,5/21/2021,17,CHÈQUE,,-200.00,\n"
)
TD = "05/20/2021,E-TRANSFER EPICERIE DU COIN,,1745.04,12345.67\n05/21/2021,HYDRO,200.00,,12145.67\n"
CIBC = '2021-05-20,"E-TRANSFER EPICERIE DU COIN",,1745.04\n2021-05-21,HYDRO,200.00,\n'
SCOTIA_OLDER = '5/20/2021,1745.04,-,"Deposit","EPICERIE DU COIN"\n5/21/2021,-200.00,-,"Bill Payment","HYDRO"\n'
SCOTIA = (
    "Filter,Date,Description,Sub-description,Type of Transaction,Amount,Balance\n"
    '"","2021-05-20","Deposit","EPICERIE DU COIN","Credit","$1,745.04","12345.67"\n'
    '"","2021-05-21","Bill Payment","HYDRO","Debit","$200.00","12145.67"\n'
)
BMO = (
    "Following data is valid as of 20210601120000 (Year/Month/Day/Hour/Minute/Second)\n\n"
    "First Bank Card,Transaction Type,Date Posted, Transaction Amount,Description\n\n"
    "'5007','CREDIT',20210520,1745.04,[DN]EPICERIE DU COIN\n"
    "'5007','DEBIT',20210521,-200.00,[PR]HYDRO\n"
)
TABBED = (
    "Date de l’opération\tLibellé\tRetrait\tDépôt\n20 mai 2021\tÉPICERIE DU COIN\t\t1\u00a0745,04 $\n"
    "21 mai 2021\tHYDRO\t200,00 $\t\n"
)


def read(text, **asked):
    return read_file(text, Asked(**asked), TODAY, "CAD")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (BNC, "utf-8"),
        (BNC.lstrip("\ufeff"), "cp1252"),
        (RBC, "utf-8"),
        (RBC_FRENCH, "cp1252"),
        (TD, "utf-8"),
        (CIBC, "utf-8"),
        (SCOTIA_OLDER, "utf-8"),
        (SCOTIA, "utf-8-sig"),
        (BMO, "utf-8"),
        (TABBED, "cp1252"),
        (DESJARDINS.replace("745.04", "1745.04"), "cp1252"),
    ],
)
def test_what_came_in_is_read_of_every_bank_s_file(text, encoding):
    found = read(text_of(text.encode(encoding)))
    [line] = found.lines
    assert (line.on, line.amount) == (DAY, 174_504)
    assert "picerie du coin" in line.text.lower()
    assert (found.faults, found.out) == ((), 1)


def test_whether_the_day_or_the_month_comes_first_is_asked_where_nothing_proves_it():
    uncertain = "05/06/2021,EPICERIE DU COIN,,745.04,1.00\n"
    with pytest.raises(Unclear) as caught:
        read(uncertain)
    assert [each.code for each in caught.value.problems] == ["day_order"]
    assert read(uncertain, days="dmy").lines[0].on == date(2021, 6, 5)
    assert read(uncertain, days="mdy").lines[0].on == date(2021, 5, 6)
    # One line of the file is enough to prove it for all.
    assert read(uncertain + "05/20/2021,AUTRE,,1.00,2.00\n").lines[0].on == date(2021, 5, 6)


def test_which_mark_stands_before_the_cents_is_asked_where_nothing_proves_it():
    uncertain = "Date;Libellé;Montant\n2021-05-20;ÉPICERIE;1,745\n"
    with pytest.raises(Unclear) as caught:
        read(uncertain)
    assert [each.code for each in caught.value.problems] == ["decimal"]
    assert read(uncertain, decimal=".").lines[0].amount == 174_500
    # Said the wrong way round, no bank's amount has three digits after the mark: nobody pays 1.75 for it.
    wrong = read(uncertain, decimal=",")
    assert (wrong.lines, [each.problem.code for each in wrong.faults]) == ((), ["number"])


def test_what_came_in_may_be_written_with_a_plus():
    signed = "Date,Description,Amount\n2021-05-20,ÉPICERIE,+745.04\n2021-05-21,HYDRO,-200.00\n"
    assert [(line.amount, line.line) for line in read(signed).lines] == [(74_504, 2)]
    without_header = "05/20/2021,+745.04,-,Deposit,ÉPICERIE\n05/21/2021,-200.00,-,Bill,HYDRO\n"
    assert [line.amount for line in read(without_header).lines] == [74_504]


def test_a_form_that_nobody_knows_is_asked_and_read_as_a_person_says():
    text = "x,y\nÉPICERIE,20/05/2021,oui,745.04\n"
    with pytest.raises(Unclear) as caught:
        read(text)
    assert [each.code for each in caught.value.problems] == ["columns"]
    found = read(text, columns=Columns(date=1, signed=3, texts=(0,)))
    assert [(line.text, line.amount) for line in found.lines] == [("ÉPICERIE", 74_504)]
    assert [each.line for each in found.faults] == [1]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("hier;A;;10,00", "date"),
        ("2021-07-01;A;;10,00", "date"),
        ("2021-02-30;A;;10,00", "date"),
        ("2021-05-20;A;;dix", "number"),
        ("2021-05-20;A;;10,005", "number"),
        ("2021-05-20;A;5,00;10,00", "amount"),
        ("2021-05-20;Total;;", "amount"),
        ("2021-05-20;A;;99999999999999,00", "too_large"),
    ],
)
def test_a_line_that_can_t_be_read_is_told_by_its_number_and_the_others_are_read(row, code):
    found = read(f"Date;Description;Débit;Crédit\n2021-05-19;B;;1,25\n{row}\n2021-05-21;C;;2,25\n")
    assert [(each.line, each.problem.code) for each in found.faults] == [(3, code)]
    assert [line.amount for line in found.lines] == [125, 225]


def test_what_is_in_another_currency_is_left_out():
    found = read("Date,Description,Amount,Currency\n2021-05-20,A,10.00,USD\n2021-05-20,B,5.00,CAD\n")
    assert [(each.line, each.problem.code) for each in found.faults] == [(2, "currency")]
    assert [line.amount for line in found.lines] == [500]


def test_a_line_has_the_same_hash_in_every_file_that_has_it_and_twins_have_two():
    [one] = read(text_of(BNC.encode())).lines
    again = BNC.lstrip("\ufeff").replace("ÉPICERIE DU COIN", "EPICERIE  du coin").encode("cp1252")
    assert read(text_of(again)).lines[0].hash == one.hash
    row = BNC.splitlines()[1]
    twins = read(f"{BNC.splitlines()[0]}\n{row}\n{row}\n").lines
    assert twins[0].hash == one.hash != twins[1].hash


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\x00\x01", "text"),
        (b'a,"b\nc', "csv"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (b"a,b\n" * (MAX_LINES + 1), "too_large"),
    ],
)
def test_what_is_no_file_of_a_bank_or_too_much_of_one_is_refused(data, code):
    with pytest.raises(Invalid) as caught:
        read(text_of(data))
    assert [each.code for each in caught.value.problems] == [code]
