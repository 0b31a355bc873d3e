"""Who may do what: a ladder of roles, what each endpoint needs, and a gate that is shut by default.

Each role may do what those before it may, and what is added on its line. An endpoint that no table
names is read by every role and changed by administrators only, so that a forgotten route is closed.
"""

from houblon.engine.core.problem import Text

# What a permission lets one do; a row of `docs/access.md` each.
PERMISSIONS: dict[str, Text] = {
    "view": Text("voir les pages", "see the pages"),
    "review": Text(
        "accepter, refuser, facturer des commandes, en replanifier la livraison, renvoyer un message",
        "accept, refuse and invoice orders, reschedule their delivery, send a message again",
    ),
    "try": Text("essayer une commande dans « Et si… »", "try an order in “What if…”"),
    "simulate": Text("simuler un brouillon sur les commandes passées", "simulate a draft over past orders"),
    "comment": Text("commenter un brouillon", "comment on a draft"),
    "edit": Text("écrire dans des brouillons", "write in drafts"),
    "retailers": Text(
        "tenir les fiches des détaillants et les ranger dans des groupes ; tenir les produits",
        "keep retailers and sort them into groups; keep products",
    ),
    "approve": Text("approuver un brouillon", "approve a draft"),
    "publish": Text(
        "publier, planifier, revenir à une version antérieure", "publish, schedule, go back to an earlier version"
    ),
    "hurry": Text("revenir en arrière d’urgence, sans approbation", "go back in an emergency, without approval"),
    "users": Text(
        "inviter, changer un rôle, désactiver, fermer des sessions", "invite, change a role, deactivate, end sessions"
    ),
    "keys": Text("gérer les clés d’API", "manage API keys"),
    "sources": Text("gérer les sources et les points de livraison de webhooks", "manage webhook sources and endpoints"),
    "settings": Text("changer les réglages de l’installation", "change the installation’s settings"),
    "privacy": Text(
        "remettre ou effacer les renseignements d’un détaillant", "hand out or erase what is kept of a retailer"
    ),
    "audit": Text("lire et exporter le journal", "read and export the audit log"),
    "administer": Text("tout ce qui n’est nommé nulle part", "whatever is named nowhere"),
}

# From the least to the most; each line says what the role adds to the one before.
LADDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("viewer", ("view",)),
    ("operator", ("review", "try", "simulate", "comment")),
    ("editor", ("edit", "retailers")),
    ("approver", ("approve", "publish")),
    ("administrator", ("hurry", "users", "keys", "sources", "settings", "privacy", "audit", "administer")),
)
ROLES = tuple(role for role, _ in LADDER)
ROLE_NAMES: dict[str, Text] = {
    "viewer": Text("Lecture", "Viewer"),
    "operator": Text("Opérations", "Operator"),
    "editor": Text("Rédaction", "Editor"),
    "approver": Text("Approbation", "Approver"),
    "administrator": Text("Administration", "Administrator"),
}

# Marks that are no permission: anybody at all, a door for machines with its own lock, whoever is signed in, nobody.
OPEN, DOOR, OWN, CLOSED = "open", "door", "own", "closed"

# What anybody may open: the signed links of buyers, what pages are made of, and the way in.
_OPEN = {
    "static",
    "api_docs.show",
    "api_docs.problems",
    "invoices.shared",
    "invoices.shared_pdf",
    "shared_statements.show",
    "shared_statements.as_pdf",
    "language.switch",
    "invitation.show",
    "invitation.accept",
    "security.login",
    "security.forgot_password",
    "security.reset_password",
    "security.two_factor_token_validation",
    "security.mf_recovery",
}
_DOORS = {"webhooks", "api", "health"}  # blueprints
# A person's own account: no role is asked for.
_OWN = {
    "account.show",
    "account.speak",
    "account.end_sessions",
    "security.logout",
    "security.verify",
    "security.change_password",
    "security.two_factor_setup",
    "security.two_factor_setup_validate",
    "security.mf_recovery_codes",
}
# flask-security's other addresses: no page leads there, and a newer one of them adds none unseen.
_CLOSED = {"security"}  # blueprints

# Pages that not every role opens.
PAGES: dict[str, str] = {
    "whatif.show": "try",
    "simulations.index": "simulate",
    "simulations.show": "simulate",
    "simulation_files.upload": "simulate",
    "simulation_files.export": "simulate",
    "entry.show": "review",
    "planned_delivery.show": "review",
    "delivery.show": "review",
    "payments.show_import": "review",
    "rules.show": "edit",
    "history.ask_back": "edit",
    "group_identity.show": "edit",
    "group_identity.ask": "edit",
    "retailers.new": "retailers",
    "products.new": "retailers",
    "product_files.show": "retailers",
    "joining.show": "retailers",
    "membership_files.show": "retailers",
    "users.index": "users",
    "users.show": "users",
    "keys.index": "keys",
    "sources.index": "sources",
    "mappings.show": "sources",
    "endpoints.index": "sources",
    "endpoints.show": "sources",
    "journal.index": "audit",
    "journal.export": "audit",
    "profile.show": "settings",
    "privacy.show": "privacy",
    "privacy.export": "privacy",
}

# What changes something.
ACTS: dict[str, str] = {
    "review.accept": "review",
    "review.refuse": "review",
    "review.issue_invoice": "review",
    "review.decide_again": "review",
    "bulk.preview": "review",
    "bulk.confirm": "review",
    "entry.enter": "review",
    "entry.preview": "review",
    "planned_delivery.change": "review",
    "deliveries.save": "edit",
    "deliveries.preview": "view",
    "deliveries.remove": "edit",
    # A person's own saved filters.
    "views.keep": "view",
    "views.forget": "view",
    "refused_calls.retry_one": "review",
    "refused_calls.retry_all": "review",
    "refused_calls.dismiss": "review",
    "outbox.again": "review",
    "outbox.all_again": "review",
    "invoices.pay": "review",
    "invoices.replace_link": "review",
    "invoices.send_link": "review",
    "delivery.deliver": "review",
    "settling.enter": "review",
    "statements.send": "review",
    "payments.read": "review",
    "payments.undo": "review",
    "settling.reverse": "review",
    "settling.apply": "review",
    "settling.credit": "review",
    "disputes.dispute": "review",
    "disputes.close": "review",
    "reminders.of_invoice": "review",
    "reminders.of_retailer": "review",
    "changes.accept": "review",
    "changes.dismiss": "review",
    "lifecycle.undo_move": "review",
    "lifecycle.cancel": "review",
    "lifecycle.settle_called_off": "review",
    "lifecycle.make_available": "review",
    "lifecycle.remove_line": "review",
    "lifecycle.keep_address": "review",
    "whatif.try_order": "try",
    "simulations.start": "simulate",
    "simulations.cancel": "simulate",
    "simulations.again": "simulate",
    "simulation_files.upload": "simulate",
    "groups.create": "edit",
    "groups.change_setting": "edit",
    "groups.show_reach": "view",
    "rules.change": "edit",
    "rules.act": "edit",
    "rules.preview": "edit",
    "group_identity.change": "edit",
    "group_identity.archive": "edit",
    "group_identity.bring_back": "edit",
    "retailers.create": "retailers",
    "products.create": "retailers",
    "products.edit": "retailers",
    "products.archive": "retailers",
    # A clerk's daily word: it only holds orders, or has them decided again.
    "products.set_available": "review",
    "product_files.read": "retailers",
    "retailers.edit": "retailers",
    "joining.join": "retailers",
    "joining.part": "retailers",
    "memberships.add": "retailers",
    "memberships.remove": "retailers",
    "membership_files.read": "retailers",
    "membership_files.undo": "retailers",
    "ranks.change": "edit",
    "scenarios.keep": "edit",
    "scenarios.remove": "edit",
    "proposals.create": "edit",
    "proposals.enter": "edit",
    "proposals.leave": "edit",
    "proposals.rename": "edit",
    "proposals.take_back": "edit",
    "proposals.resolve_conflicts": "edit",
    "proposals.discard": "edit",
    "proposals.take_up": "edit",
    "proposals.comment": "comment",
    "exchange.import_": "edit",
    "proposals.ask_approval": "edit",
    "proposals.approve": "approve",
    "proposals.publish": "publish",
    "proposals.put_on_a_date": "publish",
    "proposals.take_off_its_date": "publish",
    # Where a second person must approve it makes a proposal; where not, the view asks for `publish`.
    "history.bring_back": "edit",
    "users.invite": "users",
    "users.invite_again": "users",
    "users.change_role": "users",
    "users.deactivate": "users",
    "users.reactivate": "users",
    "users.end_sessions": "users",
    "users.remove_two_factor": "users",
    "keys.create": "keys",
    "keys.revoke": "keys",
    "sources.add_secret": "sources",
    "sources.retire": "sources",
    "mappings.change": "sources",
    "endpoints.add": "sources",
    "endpoints.change": "sources",
    "endpoints.pause": "sources",
    "endpoints.resume": "sources",
    "endpoints.resend": "sources",
    "endpoints.rotate": "sources",
    "endpoints.test": "sources",
    "endpoints.remove": "sources",
    "journal.verify": "audit",
    "profile.change": "settings",
    "privacy.erase": "privacy",
}


def permissions_of(role: str) -> frozenset[str]:
    """All that a role may do; nothing for one that does not exist."""
    found: set[str] = set()
    for each, added in LADDER:
        found.update(added)
        if each == role:
            return frozenset(found)
    return frozenset()


def needs(endpoint: str, method: str) -> str:
    """The permission that a request needs, or OPEN, DOOR, OWN or CLOSED."""
    blueprint = endpoint.partition(".")[0]
    if endpoint in _OPEN:
        return OPEN
    if blueprint in _DOORS:
        return DOOR
    if endpoint in _OWN:
        return OWN
    if blueprint in _CLOSED:
        return CLOSED
    if method in ("GET", "HEAD", "OPTIONS"):
        return PAGES.get(endpoint, "view")
    return ACTS.get(endpoint, "administer")


def least_role(permission: str) -> str:
    """The first role of the ladder that has the permission."""
    return next(role for role, added in LADDER if permission in added)
