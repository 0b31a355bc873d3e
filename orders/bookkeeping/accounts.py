"""The accounts that the journal posts to: the installation's own, each a number, a name, or both."""

from typing import NewType

import msgspec

from houblon.engine.core.problem import Text

LONGEST = 100  # characters of an account
# The member of Accounts that an amount goes to.
Account = NewType("Account", str)


class Accounts(msgspec.Struct, frozen=True):
    """Where each part of an invoice goes, and of a payment; unless somebody says otherwise, to accounts that are
    numbered as the charts of small businesses are: 1 is what is owned, 2 what is owed, 4 what is earned.
    """

    receivables: str = "1100 Comptes clients"
    bank: str = "1010 Banque"
    credits: str = "1190 Crédits portés d’une facture à une autre"
    revenue: str = "4000 Ventes"
    discounts: str = "4090 Escomptes et rabais sur ventes"
    charges: str = "4200 Livraison et autres frais facturés"
    deposits: str = "2300 Consignes à rembourser"
    taxed_deposits: str = "2305 Consignes taxables à rembourser"
    gst: str = "2310 TPS à payer"
    qst: str = "2320 TVQ à payer"
    hst: str = "2315 TVH à payer"

    def name_of(self, account: Account) -> str:
        """What the installation calls it."""
        name: str = getattr(self, account)
        return name


NAMES: dict[Account, Text] = {
    Account("receivables"): Text("Comptes clients", "Accounts receivable"),
    Account("bank"): Text("Banque", "Bank"),
    Account("credits"): Text("Crédits portés", "Applied credits"),
    Account("revenue"): Text("Ventes", "Revenue"),
    Account("discounts"): Text("Escomptes et rabais", "Discounts"),
    Account("charges"): Text("Livraison et frais", "Shipping and charges"),
    Account("deposits"): Text("Consignes", "Deposits"),
    Account("taxed_deposits"): Text("Consignes taxables", "Taxable deposits"),
    Account("gst"): Text("TPS", "GST"),
    Account("qst"): Text("TVQ", "QST"),
    Account("hst"): Text("TVH", "HST"),
}
