"""A hundred editors at once: whoever was overtaken is refused, whatever was answered is there."""

import threading
from collections import Counter
from datetime import timedelta

from houblon.rules.model.statements import Edit, Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.proposals import Stale
from houblon.rules.publishing.publish import Conflict, publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, group, published, tous

EDITORS, EDITS = 100, 100


def all_at_once(work):
    """Run `work(editor)` in every editor's own thread; what it raises fails the test."""
    faults, ready = [], threading.Barrier(EDITORS)

    def run(editor):
        ready.wait()
        try:
            work(editor)
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(editor,)) for editor in range(EDITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_no_publication_is_lost_and_every_stale_one_is_refused(tmp_path):
    store = open_store(tmp_path)
    published(store, tous())
    made, refused, looked = {}, Counter(), threading.Barrier(EDITORS)

    def edit(editor):
        for number in range(EDITS):
            base = store.newest().number
            looked.wait()  # everybody has the same version before them: one can be first
            document = group(f"g-{editor}", editor + 1, acceptance_minimum_items=number + 1)
            note = f"{editor}/{number}"
            try:
                version = publish(
                    store,
                    [Edit("group", f"g-{editor}", document)],
                    author=str(editor),
                    note=note,
                    at=START + timedelta(hours=1),
                    base=base,
                )
            except Conflict as conflict:
                assert conflict.newest > base
                refused[editor] += 1
            else:
                assert version.number == base + 1
                made[version.number] = (editor, number)
            looked.wait()

    all_at_once(edit)
    assert len(made) == EDITS
    assert len(made) + refused.total() == EDITORS * EDITS
    history = open_store(tmp_path).versions()
    assert [(each.number, each.note) for each in history[1:]] == [
        (number, f"{editor}/{edit}") for number, (editor, edit) in sorted(made.items())
    ]
    last = {editor: edit for _, (editor, edit) in sorted(made.items())}
    kept = {
        id: found.settings["acceptance.minimum_items"] for id, found in content(store).groups.items() if id != "tous"
    }
    assert kept == {f"g-{editor}": edit + 1 for editor, edit in last.items()}


def test_no_statement_of_a_shared_proposal_is_lost(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(), *(group(f"g-{editor}", editor + 1) for editor in range(EDITORS)))
    shared = begin(store, "À plusieurs", by="anne", at=START)
    made, refused = {}, Counter()

    def edit(editor):
        for number in range(EDITS // 10):
            seen = store.history().proposal(shared.id).revision
            said = [Statement("group", f"g-{editor}", "acceptance.minimum_items", number + 1)]
            try:
                revised = revise(store, shared.id, said, by=str(editor), at=START, seen=seen)
            except Stale as stale:
                assert stale.proposal.revision > seen
                refused[editor] += 1
            else:
                made[revised.revision] = (editor, number)

    all_at_once(edit)
    found = store.history().proposal(shared.id)
    assert sorted(made) == list(range(2, found.revision + 1))
    last = {editor: edit for _, (editor, edit) in sorted(made.items())}
    kept = {edit.id: edit.document["settings"]["acceptance.minimum_items"] for edit in found.edits}
    assert kept == {f"g-{editor}": edit + 1 for editor, edit in last.items()}
    assert set(found.editors) == {"anne", *(str(editor) for editor in last)}
