"""Invoices and credit notes as people open them, in the evening when UTC is already tomorrow."""

from datetime import UTC, datetime

import pytest

from orders import lifecycle
from orders.links import invoice_link
from tests.web.houses import copy_of, open_place, order

EVENING = datetime(2021, 5, 13, 2, 7, 31, 734501, UTC)  # 12 May, 22:07 in Montréal


@pytest.fixture
def evening(template, tmp_path):
    folder, password = template
    opened = open_place(copy_of(folder, tmp_path / "data"), password, now=lambda: EVENING)
    yield opened
    opened.house.close()


def test_an_invoice_and_a_credit_note_open_as_pdf_for_the_house_and_for_the_buyer(evening):
    evening.send(order("PO-1"), "m-1")
    desk, client, buyer = evening.house.desk, evening.signed_in(), evening.client()
    lifecycle.cancel(desk, 1, was="accepted", by="anne", at=EVENING, why="")
    for key in (1, 2):
        address = invoice_link("", desk.secret, key)
        answers = [client.get(f"/factures/{key}.pdf"), buyer.get(f"{address}/facture.pdf")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.mimetype for answer in answers] == ["application/pdf"] * 2
        assert answers[0].data == answers[1].data and answers[0].data.startswith(b"%PDF-")
