"""The text of an expression → a function of a scope: Jinja's grammar for expressions, our own evaluation.

Jinja's lexer and parser read it; what runs are closures over JSON values. No attribute of a Python object is ever
looked up, nothing can be called but filters and four functions, and every value made is of bounded size.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tirage.engine.expressions import limits
from tirage.engine.expressions.limits import ExpressionError, finite, room, sized
from tirage.engine.expressions.scope import Scope, items, number, shown, text, truth

Run = Callable[[Scope], Any]
_FAULTS = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, AttributeError)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its text, and the names that it looks up."""

    source: str
    names: frozenset[str]
    run: Run = field(compare=False, repr=False)

    def value(self, scope: Scope) -> Any:
        """Its value, as JSON. Raises ExpressionError and nothing else."""
        try:
            return self.run(scope)
        except ExpressionError:
            raise
        except _FAULTS as error:
            raise ExpressionError(f"it cannot be worked out ({error})"[:200]) from None


@lru_cache(maxsize=2048)
def compile_expression(source: str) -> Expression:
    """Read an expression. Raises ExpressionError saying what is wrong with it."""
    from jinja2 import Environment, TemplateSyntaxError
    from jinja2.parser import Parser

    if len(source) > limits.MAX_CHARACTERS:
        raise ExpressionError(f"it is longer than {limits.MAX_CHARACTERS} characters")
    try:
        parser = Parser(Environment(), source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise ExpressionError(f"{str(parser.stream.current)[:40]!r} is not expected there")
        compiler = _Compiler()
        run = compiler.compile(tree, 0)  # which notes the names
        return Expression(source, frozenset(compiler.names), run)
    except TemplateSyntaxError as error:
        raise ExpressionError((error.message or "it is not complete").rstrip(".")[:200]) from None
    except RecursionError:
        raise ExpressionError(f"it is nested more than {limits.MAX_DEPTH} deep") from None
    except (ValueError, OverflowError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError("it holds a number that cannot be read") from None


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def decide(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            try:
                return compare(number(left), number(right))
            except ExpressionError:
                return compare(left, right)  # dates as ISO 8601 writes them, words
        return compare(number(left), number(right))

    return decide


def _equal(left: Any, right: Any) -> bool:
    if type(left) is type(right):
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return truth(left) == truth(right)
    if left is None or right is None:
        return left in (None, "") and right in (None, "")
    try:
        return number(left) == number(right)
    except ExpressionError:
        return False


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return text(left) in right
    if isinstance(right, dict):
        return text(left) in right
    return any(_equal(left, each) for each in items(right))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "lt": _order(operator.lt),
    "lteq": _order(operator.le),
    "gt": _order(operator.gt),
    "gteq": _order(operator.ge),
    "in": _within,
    "notin": lambda left, right: not _within(left, right),
}


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        room(left, len(left) + len(right))
        return left + right
    return finite(number(left) + number(right))


def _power(left: Any, right: Any) -> Any:
    made = float(number(left)) ** float(number(right))
    if isinstance(made, complex):
        raise ExpressionError("the root of a negative number is none")
    return finite(made)


def _divided(divide: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def work(left: Any, right: Any) -> Any:
        below = number(right)
        if below == 0:
            raise ExpressionError("it divides by zero")
        return finite(divide(number(left), below))

    return work


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": _add,
    "Sub": lambda left, right: finite(number(left) - number(right)),
    "Mul": lambda left, right: finite(number(left) * number(right)),
    "Div": _divided(operator.truediv),
    "FloorDiv": _divided(operator.floordiv),
    "Mod": _divided(operator.mod),
    "Pow": _power,
}


def _range(scope: Scope, *bounds: Any) -> list[int]:
    made = range(*(int(number(each)) for each in bounds[:3]))
    room([], len(made))
    return list(made)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def work(scope: Scope, *values: Any) -> Any:
        listed = items(values[0]) if len(values) == 1 else list(values)
        if not listed:
            raise ExpressionError("there is no value to choose from")
        return choose(listed, key=number)

    return work


def _now(scope: Scope) -> str:
    if scope.now is None:
        raise ExpressionError("there is no clock here; give the moment of the render")
    return scope.now.isoformat()


FUNCTIONS: dict[str, Callable[..., Any]] = {"range": _range, "min": _extreme(min), "max": _extreme(max), "now": _now}


class _Compiler:
    """Turns the parser's nodes into closures, and notes the names."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def compile(self, node: Any, depth: int) -> Run:
        if depth > limits.MAX_DEPTH:
            raise ExpressionError(f"it is nested more than {limits.MAX_DEPTH} deep")
        kind = type(node).__name__
        make = getattr(self, f"_{kind.lower()}", None)
        if make is None:
            if kind in _BINARY:
                return self._binary(node, _BINARY[kind], depth)
            raise ExpressionError(f"{_WORDS.get(kind, kind)} cannot be used here")
        made: Run = make(node, depth + 1)
        return made

    def _name(self, node: Any, depth: int) -> Run:
        name = str(node.name)
        self.names.add(name)
        return lambda scope: scope.values.get(name)

    def _const(self, node: Any, depth: int) -> Run:
        value = node.value
        if isinstance(value, str):
            sized(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = finite(value)
        elif not isinstance(value, bool) and value is not None:
            raise ExpressionError(f"{type(value).__name__} cannot be used here")
        return lambda scope: value

    def _list(self, node: Any, depth: int) -> Run:
        parts = [self.compile(each, depth) for each in node.items]
        return lambda scope: [part(scope) for part in parts]

    _tuple = _list

    def _dict(self, node: Any, depth: int) -> Run:
        parts = [(self.compile(each.key, depth), self.compile(each.value, depth)) for each in node.items]
        return lambda scope: {text(key(scope)): value(scope) for key, value in parts}

    def _and(self, node: Any, depth: int) -> Run:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)

        def work(scope: Scope) -> Any:
            first = left(scope)
            return right(scope) if truth(first) else first

        return work

    def _or(self, node: Any, depth: int) -> Run:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)

        def work(scope: Scope) -> Any:
            first = left(scope)
            return first if truth(first) else right(scope)

        return work

    def _not(self, node: Any, depth: int) -> Run:
        inner = self.compile(node.node, depth)
        return lambda scope: not truth(inner(scope))

    def _neg(self, node: Any, depth: int) -> Run:
        inner = self.compile(node.node, depth)
        return lambda scope: finite(-number(inner(scope)))

    def _pos(self, node: Any, depth: int) -> Run:
        inner = self.compile(node.node, depth)
        return lambda scope: number(inner(scope))

    def _binary(self, node: Any, work: Callable[[Any, Any], Any], depth: int) -> Run:
        left, right = self.compile(node.left, depth + 1), self.compile(node.right, depth + 1)
        return lambda scope: work(left(scope), right(scope))

    def _concat(self, node: Any, depth: int) -> Run:
        parts = [self.compile(each, depth) for each in node.nodes]
        return lambda scope: sized("".join(text(part(scope)) for part in parts))

    def _compare(self, node: Any, depth: int) -> Run:
        first = self.compile(node.expr, depth)
        rest = [(_COMPARE[each.op], self.compile(each.expr, depth)) for each in node.ops]

        def work(scope: Scope) -> bool:
            left = first(scope)
            for holds, operand in rest:
                right = operand(scope)
                if not holds(left, right):
                    return False
                left = right
            return True

        return work

    def _condexpr(self, node: Any, depth: int) -> Run:
        test, yes = self.compile(node.test, depth), self.compile(node.expr1, depth)
        no = self.compile(node.expr2, depth) if node.expr2 is not None else lambda scope: None
        return lambda scope: yes(scope) if truth(test(scope)) else no(scope)

    def _getattr(self, node: Any, depth: int) -> Run:
        inner, name = self.compile(node.node, depth), str(node.attr)
        return lambda scope: _member(inner(scope), name)

    def _getitem(self, node: Any, depth: int) -> Run:
        inner = self.compile(node.node, depth)
        if type(node.arg).__name__ == "Slice":
            bounds = [None if each is None else self.compile(each, depth)
                      for each in (node.arg.start, node.arg.stop, node.arg.step)]  # fmt: skip

            def cut(scope: Scope) -> Any:
                value = inner(scope)
                if not isinstance(value, str | list):
                    raise ExpressionError(f"{shown(value)} has no parts")
                return value[slice(*(None if each is None else int(number(each(scope))) for each in bounds))]

            return cut
        argument = self.compile(node.arg, depth)
        return lambda scope: _member(inner(scope), argument(scope))

    def _filter(self, node: Any, depth: int) -> Run:
        from tirage.engine.expressions.filters import FILTERS

        found = FILTERS.get(node.name)
        if found is None:
            raise ExpressionError(_unknown("filter", node.name, list(FILTERS)))
        if node.node is None:
            raise ExpressionError("a filter stands behind a value, as in {{ name | upper }}")
        inner = self.compile(node.node, depth)
        return self._applied(
            lambda scope, arguments, named: found.work(scope, inner(scope), *arguments, **named), node, depth
        )

    def _call(self, node: Any, depth: int) -> Run:
        name = getattr(node.node, "name", None) if type(node.node).__name__ == "Name" else None
        found = FUNCTIONS.get(name) if isinstance(name, str) else None
        if found is None:
            raise ExpressionError(
                _unknown("function", str(name), list(FUNCTIONS)) if name else "only functions by name can be called"
            )
        return self._applied(lambda scope, arguments, named: found(scope, *arguments, **named), node, depth)

    def _applied(self, work: Callable[[Scope, list[Any], dict[str, Any]], Any], node: Any, depth: int) -> Run:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise ExpressionError("* and ** cannot be used here")
        arguments = [self.compile(each, depth) for each in node.args]
        named = [(str(each.key), self.compile(each.value, depth)) for each in node.kwargs]

        def run(scope: Scope) -> Any:
            given = [each(scope) for each in arguments]
            made = work(scope, given, {key: each(scope) for key, each in named})
            if isinstance(made, str | list):
                room(made, len(made))
            return made

        return run

    def _test(self, node: Any, depth: int) -> Run:
        inner = self.compile(node.node, depth)
        test = TESTS.get(node.name)
        if test is None or node.args or node.kwargs:
            raise ExpressionError(_unknown("test", node.name, list(TESTS)))
        return lambda scope: test(inner(scope))


TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": lambda value: value not in (None, ""),
    "empty": lambda value: value in (None, "", [], {}),
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "even": lambda value: number(value) % 2 == 0,
    "odd": lambda value: number(value) % 2 == 1,
}
_WORDS = {"Slice": "a slice", "TemplateData": "text", "NSRef": "an assignment"}


def _member(value: Any, key: Any) -> Any:
    """A member of an object or an item of a list; what is not there is nothing."""
    if isinstance(value, dict):
        return value.get(text(key))
    if isinstance(value, list | str) and not isinstance(key, str):
        place = int(number(key))
        return value[place] if -len(value) <= place < len(value) else None
    if value is None:
        return None
    raise ExpressionError(f"{shown(value)} has no {text(key)[:40]!r}")


def _unknown(what: str, name: str, valid: list[str]) -> str:
    from tirage.engine.errors import closest

    near = closest(name, valid)
    return f"there is no {what} {name[:40]!r}" + (
        f"; did you mean {near!r}?" if near else f"; there are {', '.join(valid)}"
    )
