"""YAML nodes → values: dictionaries, lists and scalars of YAML 1.2, and what is wrong on the way.

In: the root node of a file. Out: the value, plus the faults found (duplicate keys, tags, keys that are no text,
limits, YAML 1.1 words). Positions cost nothing here: they stay in the nodes and are looked up (positions.py) only
for what has to be reported. Rules: fine print, "YAML"; aliases count in full against the limit, which ends alias
and merge bombs early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from windlass.loading.faults import Fault, Faults
from windlass.loading.scalars import MAX_DIGITS, NUMBER_STARTS, WORDS, WORDS_1_1, Scalar, plain_scalar
from windlass.loading.yaml_nodes import MERGE, Node
from windlass.loading.yaml_reader import MAX_DEPTH, MAX_NODES, span_of_marks, tag_fault, too_deep, too_many_nodes

if TYPE_CHECKING:
    from windlass.problems import Span

MOST = 200  # errors or warnings of one file: nobody reads more


def build(root: Node, *, tagged: bool) -> tuple[Any, list[Fault]]:
    """The value of a document and its warnings. `tagged`: the text holds a `!`, so look for tags.

    Raises Faults with every error of the file; a limit ends the walk at once.
    """
    builder = _Builder()
    try:
        if tagged:
            builder.refuse_tags(root)
        value = builder.value(root, 1)
    except Fault as limit:
        raise Faults([*builder.errors, limit]) from None
    except RecursionError:  # the caller's own stack was nearly used up
        raise Faults([too_deep(span_of_node(root))]) from None
    if builder.errors:
        raise Faults(builder.errors)
    return value, builder.warnings


def span_of_node(node: Node) -> Span:
    return span_of_marks(node.start_mark, node.start_mark)


def span_of_key(node: Node) -> Span:
    return span_of_marks(node.start_mark, node.end_mark)


class _Builder:
    def __init__(self) -> None:
        self.left = MAX_NODES
        self.errors: list[Fault] = []
        self.warnings: list[Fault] = []

    def value(self, node: Node, depth: int) -> Any:
        if node.__class__ is ScalarNode:
            return node.value if node.style else self._plain(node)
        if depth > MAX_DEPTH:
            raise _too_deep_or_recursive(node)
        self._count(node, len(node.value))
        if node.__class__ is MappingNode:
            return self._mapping(node, depth)
        return [self.value(item, depth + 1) for item in node.value]

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merges: list[Node] | None = None
        for key, item in node.value:
            if key.__class__ is not ScalarNode:
                self._refuse_key(key)
                continue
            name = key.value
            if name == MERGE and not key.style:
                if merges is not None:
                    self._refuse(_duplicate(node, key))
                merges = [*(merges or ()), item]
            elif name in out:
                self._refuse(_duplicate(node, key))
            elif item.__class__ is ScalarNode:  # inlined: nine values of ten
                text = item.value
                out[name] = text if item.style else self._plain(item)
            else:
                out[name] = self.value(item, depth + 1)
        for merge in merges or ():
            self._merge(out, merge, depth + 1)
        return out

    def _merge(self, out: dict[str, Any], node: Node, depth: int) -> None:
        """`<<: *anchor` or a list of them: keys that stand already win, earlier mappings before later ones."""
        sources = node.value if node.__class__ is SequenceNode else [node]
        for source in sources:
            if source.__class__ is not MappingNode:
                self._refuse(_wrong_merge(source))
                continue
            merged = self.value(source, depth)
            for name, item in merged.items():
                out.setdefault(name, item)

    def _plain(self, node: Node) -> Scalar:
        text: str = node.value
        if text in WORDS:
            return WORDS[text]
        if text[0] not in NUMBER_STARTS and text not in WORDS_1_1:
            return text
        try:
            value, theirs = plain_scalar(text)
        except ValueError:
            message = f"a number of more than {MAX_DIGITS} digits"
            self._refuse(Fault("number-too-long", message, span=span_of_key(node), node=node, hint="quote it"))
            return None
        if theirs is not None and len(self.warnings) < MOST:
            self.warnings.append(_read_otherwise(node, value, theirs))
        return value

    def _refuse(self, fault: Fault) -> None:
        if len(self.errors) >= MOST:
            raise Fault("more-problems", f"there are more problems: the first {MOST} are shown")
        self.errors.append(fault)

    def _count(self, node: Node, children: int) -> None:
        self.left -= 2 * children if node.__class__ is MappingNode else children
        if self.left < 0:
            raise _with_node(too_many_nodes(span_of_node(node)), node)

    def _refuse_key(self, key: Node) -> None:
        message = "a key must be text, not a list or a mapping"
        hint = "quote ${{ … }} where a value begins with it" if key.flow_style else None
        self._refuse(Fault("key-not-text", message, span=span_of_node(key), node=key, hint=hint))

    def refuse_tags(self, root: Node) -> None:
        """Every tag of the file. Iterative, each node once, so that aliases cost nothing."""
        waiting, seen = [root], {id(root)}
        while waiting:
            node = waiting.pop()
            if node.tag is not None:
                span = span_of_marks(node.start_mark, node.start_mark)
                self._refuse(_with_node(tag_fault(node.tag, span), node))
            if node.__class__ is ScalarNode:
                continue
            children = node.value
            if node.__class__ is MappingNode:
                children = [child for pair in node.value for child in pair]
            for child in children:
                if id(child) not in seen:
                    seen.add(id(child))
                    waiting.append(child)


def _read_otherwise(node: Node, value: Scalar, theirs: str) -> Fault:
    text = node.value
    is_text = isinstance(value, str)
    return Fault(
        "yaml-1.1",
        f"{text} is the {'text' if is_text else 'number'} {value}; a YAML 1.1 reader would make it {theirs}",
        span=span_of_key(node),
        severity="warning",
        node=node,
        hint=f'write "{text}" for text' if is_text else f'write {value} for the number, "{text}" for text',
    )


def _with_node(fault: Fault, node: Node) -> Fault:
    fault.node = node
    return fault


def _duplicate(mapping: Node, key: Node) -> Fault:
    first = next(k for k, _ in mapping.value if k.__class__ is ScalarNode and k.value == key.value)
    return Fault(
        "duplicate-key",
        f"the key {key.value} stands in this mapping already, in line {first.start_mark.line + 1}",
        span=span_of_key(key),
        node=key,
        hint="merge the two, or delete one",
    )


def _wrong_merge(node: Node) -> Fault:
    return Fault(
        "wrong-merge",
        "the merge key << takes a mapping or a list of mappings",
        span=span_of_node(node),
        node=node,
        hint="write `<<: *anchor`; for a key that is called <<, quote it",
    )


def _too_deep_or_recursive(node: Node) -> Fault:
    if _contains_itself(node):
        message = "an alias refers to a value that holds it"
        return Fault("recursive-alias", message, span=span_of_node(node), node=node)
    return _with_node(too_deep(span_of_node(node)), node)


def _contains_itself(node: Node) -> bool:
    waiting, seen = [node], set()
    while waiting:
        current = waiting.pop()
        if current.__class__ is ScalarNode:
            continue
        pairs = current.__class__ is MappingNode
        for child in [c for pair in current.value for c in pair] if pairs else current.value:
            if child is node:
                return True
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)
    return False
