"""Edits of a tree of conditions, each a pure function: the new tree, and the path of what to look at next.

A path is the indexes that lead from the root to a node; the root's own is empty.
"""

from collections.abc import Callable, Mapping

import msgspec

from houblon.engine.conditions.parsing import MAX_NESTING
from houblon.web.rule_editor.form import NEW_TEST, Block, Node, Test

Path = tuple[int, ...]
Edited = tuple[Node, Path]


def apply(root: Node, what: str, path: Path) -> Edited:
    """The edit named `what` at `path`; what can't be done there leaves the tree as it is."""
    edit = EDITS.get(what)
    if edit is None or node_at(root, path) is None:
        return root, path
    made, focus = edit(root, path)
    return (made, focus) if depth(made) <= MAX_NESTING else (root, path)


def node_at(root: Node, path: Path) -> Node | None:
    for index in path:
        if not isinstance(root, Block) or index >= len(root.members):
            return None
        root = root.members[index]
    return root


def depth(node: Node) -> int:
    """How many blocks stand inside one another."""
    if isinstance(node, Test):
        return 0
    return 1 + max((depth(member) for member in node.members), default=0)


def add_condition(root: Node, path: Path) -> Edited:
    return _append(root, path, NEW_TEST)


def add_block(root: Node, path: Path) -> Edited:
    block = node_at(root, path)
    word = _other(block.word) if isinstance(block, Block) else "any"
    made, focus = _append(root, path, Block(word, (NEW_TEST,)))
    return made, (*focus, 0)


def remove(root: Node, path: Path) -> Edited:
    """Take a node out, with the blocks that it leaves empty; the root stays, as an empty block."""
    if not path:
        return Block("all"), ()
    parent = _block(root, path[:-1])
    left = (*parent.members[: path[-1]], *parent.members[path[-1] + 1 :])
    if not left and path[:-1]:
        return remove(root, path[:-1])
    made = _put(root, path[:-1], Block(parent.word, left))
    return made, (*path[:-1], min(path[-1], len(left) - 1)) if left else path[:-1]


def duplicate(root: Node, path: Path) -> Edited:
    node = node_at(root, path)
    assert node is not None
    if not path:
        return Block("all", (node, node)), (1,)
    return _insert(root, path[:-1], path[-1] + 1, node)


def up(root: Node, path: Path) -> Edited:
    return _move(root, path, -1)


def down(root: Node, path: Path) -> Edited:
    return _move(root, path, 1)


def nest(root: Node, path: Path) -> Edited:
    """Put a node into a block of its own, of the other word."""
    node = node_at(root, path)
    assert node is not None
    word = _other(_block(root, path[:-1]).word) if path else "all"
    return _put(root, path, Block(word, (node,))), (*path, 0)


def unnest(root: Node, path: Path) -> Edited:
    """Let a block's members stand in its place."""
    block = node_at(root, path)
    if not path or not isinstance(block, Block) or not block.members:
        return root, path
    parent = _block(root, path[:-1])
    members = (*parent.members[: path[-1]], *block.members, *parent.members[path[-1] + 1 :])
    return _put(root, path[:-1], Block(parent.word, members)), path


EDITS: Mapping[str, Callable[[Node, Path], Edited]] = {
    "condition": add_condition,
    "block": add_block,
    "remove": remove,
    "duplicate": duplicate,
    "up": up,
    "down": down,
    "nest": nest,
    "unnest": unnest,
}


def _move(root: Node, path: Path, by: int) -> Edited:
    """One step up or down: a condition goes into the block it meets, and whatever stands at an end goes out."""
    if not path:
        return root, path
    parent, index = _block(root, path[:-1]), path[-1]
    node, target = parent.members[index], index + by
    if 0 <= target < len(parent.members):
        neighbour = parent.members[target]
        if isinstance(node, Test) and isinstance(neighbour, Block):
            inside = 0 if by > 0 else len(neighbour.members)
            entered = Block(neighbour.word, (*neighbour.members[:inside], node, *neighbour.members[inside:]))
            members = list(parent.members)
            members[target] = entered
            del members[index]
            place = target - 1 if by > 0 else target
            return _put(root, path[:-1], Block(parent.word, tuple(members))), (*path[:-1], place, inside)
        members = list(parent.members)
        members[index], members[target] = neighbour, node
        return _put(root, path[:-1], Block(parent.word, tuple(members))), (*path[:-1], target)
    if len(path) == 1:
        return root, path
    return _leave(root, path, node, by)


def _leave(root: Node, path: Path, node: Node, by: int) -> Edited:
    """Out of its block: before it or after it; a block that is left empty goes."""
    parent = _block(root, path[:-1])
    left = (*parent.members[: path[-1]], *parent.members[path[-1] + 1 :])
    outer, place = path[:-2], path[-2]
    grand = _block(root, outer)
    kept = (Block(parent.word, left),) if left else ()
    pair = (node, *kept) if by < 0 else (*kept, node)
    members = (*grand.members[:place], *pair, *grand.members[place + 1 :])
    focus = place if by < 0 else place + len(kept)
    return _put(root, outer, Block(grand.word, members)), (*outer, focus)


def _append(root: Node, path: Path, node: Node) -> Edited:
    block = node_at(root, path)
    if isinstance(block, Block):
        return _put(root, path, Block(block.word, (*block.members, node))), (*path, len(block.members))
    # A lone comparison as the root: it makes a block with its new neighbour.
    assert block is not None
    return _put(root, path, Block("all", (block, node))), (*path, 1)


def _insert(root: Node, path: Path, index: int, node: Node) -> Edited:
    block = _block(root, path)
    members = (*block.members[:index], node, *block.members[index:])
    return _put(root, path, Block(block.word, members)), (*path, index)


def _put(root: Node, path: Path, node: Node) -> Node:
    if not path:
        return node
    assert isinstance(root, Block)
    members = list(root.members)
    members[path[0]] = _put(members[path[0]], path[1:], node)
    return msgspec.structs.replace(root, members=tuple(members))


def _block(root: Node, path: Path) -> Block:
    block = node_at(root, path)
    assert isinstance(block, Block)
    return block


def _other(word: str) -> str:
    return "any" if word == "all" else "all"
