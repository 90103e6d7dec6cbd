# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why conf did not grant a symbol: found in the tree's Kconfig expressions, and told with what one can set.

Kconfig has three values: n, m and y, as numbers 0, 1 and 2. A symbol with a prompt can be set up to its visibility, the
value of the conditions of its prompt; one without a prompt follows from defaults and from what selects it. A bool has
no m: any condition but n lets it be y.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.netboot.diskless.plugins.module_utils._kconfig_values import Refusal

NUMBER = {"n": 0, "m": 1, "y": 2}
LETTER = "nmy"
# More than any way that can be gone costs: something in it can never be had.
_IMPOSSIBLE = 1000
# How many expressions one search may look at; the longest of Linux 6.1 takes some hundreds.
_BUDGET = 50_000
_LISTED = 4
# What a selector costs whose name has nothing in common with what it selects.
_STRANGER = 3


@dataclass(frozen=True)
class Link:
    """A symbol that is not as it has to be.

    Args:
        name: the symbol, or an expression.
        value: its present value.
        setting: what to set it to; empty when it cannot be set itself.
        how: what stands between it and the links below, as "needs"; or what there is to say when there are none.
        below: what has to change first.
    """

    name: str
    value: str
    setting: str = ""
    how: str = ""
    below: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Way:
    """What it takes to make an expression true: nothing when there are no links.

    Args:
        cost: how many symbols have to be set; from _IMPOSSIBLE on it cannot be done.
        links: what is missing.
    """

    cost: int = 0
    links: tuple[Link, ...] = ()

    def __add__(self, other: Way) -> Way:
        return Way(self.cost + other.cost, (*self.links, *other.links))


class Explainer:
    """Explains refusals of one configuration.

    Args:
        kconfiglib: the library.
        kconf: the tree's symbols with the values that conf gave.
        wanted: all symbols that were asked, with their values as a user writes them.
    """

    def __init__(self, kconfiglib: Any, kconf: Any, wanted: Mapping[str, str]) -> None:
        self._lib, self._kconf, self._wanted = kconfiglib, kconf, wanted
        self._known: dict[tuple[int, int], Way] = {}
        self._path: list[tuple[int, int]] = []
        self._cut = False
        self._budget = _BUDGET

    def explain(self, refusal: Refusal) -> Refusal:
        """The refusal with its kind, reason and advice; as it is when it has a reason already."""
        if refusal.kind:
            return refusal
        self._budget = _BUDGET
        symbol = self._kconf.syms[refusal.symbol]
        if symbol.orig_type not in (self._lib.BOOL, self._lib.TRISTATE):
            return self._explain_text(symbol, refusal)
        wanted, actual = NUMBER[refusal.wanted], NUMBER[refusal.actual]
        if wanted > actual:
            return self._with_modules(self._explain_too_low(symbol, refusal, wanted))
        return self._explain_too_high(symbol, refusal, wanted)

    def _with_modules(self, refusal: Refusal) -> Refusal:
        """The refusal of an m, with what else an m takes."""
        modules = self._kconf.modules
        if refusal.wanted != "m" or modules.tri_value:
            return refusal
        asked = ", as you ask" if self._wanted.get(modules.name) == "n" else ""
        reason = f"{refusal.reason}, and as a module {modules.name} (is n{asked})"
        return replace(refusal, reason=reason, advice={modules.name: "y", **refusal.advice})

    # What is asked is more than what came out.

    def _explain_too_low(self, symbol: Any, refusal: Refusal, wanted: int) -> Refusal:
        if not _prompts(symbol):
            return self._hidden(symbol, refusal, self._sources(symbol), self._without_prompt(symbol, wanted))
        if symbol.visibility == 0:
            return self._unmet(refusal, "dependency", "it needs", self._visible(symbol, self._level(symbol, wanted)))
        if symbol.choice and symbol.choice.selection not in (symbol, None):
            return self._choice_taken(symbol, refusal)
        if symbol.visibility < wanted:
            way = self._visible(symbol, wanted)
            return self._unmet(refusal, "module", "it can be no more than m because of", way)
        return self._other(symbol, refusal)

    def _choice_taken(self, symbol: Any, refusal: Refusal) -> Refusal:
        other, title = symbol.choice.selection, _title(symbol.choice)
        if self._wanted.get(other.name) == "y":
            reason = f"{other.name}=y is asked too, but of the choice {title} only one can be y: ask only one of them"
        else:
            reason = f"{other.name} is chosen of {title}"
        return replace(refusal, kind="choice", reason=reason)

    # What is asked is less than what came out.

    def _explain_too_high(self, symbol: Any, refusal: Refusal, wanted: int) -> Refusal:
        if wanted == 1 and self._kconf.modules.tri_value == 0:
            name = self._kconf.modules.name
            asked = ", as you ask" if self._wanted.get(name) == "n" else ""
            reason = f"there are no modules because {name} is n{asked}; ask y, or modules"
            return replace(refusal, kind="modules", reason=reason, advice={name: "y"})
        selectors = [term for term in self._terms(symbol.rev_dep) if self._lib.expr_value(term) > wanted]
        if selectors:
            return self._selected(refusal, selectors, wanted)
        if symbol.choice and symbol.choice.selection is symbol:
            return self._choice_left(symbol, refusal)
        if not _prompts(symbol):
            way = self._lower(symbol)
            return self._hidden(symbol, refusal, "follows", Way(way.cost, way.links[0].below))
        if symbol.visibility <= wanted:
            way = self._visible(symbol, 1)
            return self._unmet(refusal, "dependency", "it can be changed only with", way)
        return self._other(symbol, refusal)

    def _selected(self, refusal: Refusal, selectors: list[Any], wanted: int) -> Refusal:
        names = []
        for term in selectors[:_LISTED]:
            selector = self._first(term)
            names.append(f"{selector.name} (is {LETTER[selector.tri_value]})")
        more = len(selectors) - _LISTED
        text = " and ".join(names) + (f" and {more} more" if more > 0 else "")
        way = Way()
        for term in selectors:
            # To come down to m it is enough that a selector is m; n is the surer advice.
            way = way + self._lower(term)
        links, advice = self._told(way)
        chain = f"; {'; '.join(links)}" if any(link.below for link in way.links) else ""
        many = "select" if len(selectors) > 1 else "selects"
        return replace(refusal, kind="selected", reason=f"{text} {many} it{chain}", advice=advice)

    def _choice_left(self, symbol: Any, refusal: Refusal) -> Refusal:
        others = [one.name for one in symbol.choice.syms if one is not symbol and one.visibility]
        title = _title(symbol.choice)
        if not others:
            return replace(refusal, kind="choice", reason=f"nothing else of the choice {title} can be had here")
        listed = ", ".join(others[:_LISTED]) + (", ..." if len(others) > _LISTED else "")
        reason = f"of the choice {title} one has to be y; ask another one for y: {listed}"
        return replace(refusal, kind="choice", reason=reason)

    # Numbers and strings.

    def _explain_text(self, symbol: Any, refusal: Refusal) -> Refusal:
        if not _prompts(symbol):
            reason = f"it has no prompt, so it cannot be set; {_place(symbol)} computes it"
            return replace(refusal, kind="hidden", reason=reason)
        if symbol.visibility == 0:
            return self._unmet(refusal, "dependency", "it needs", self._visible(symbol, 1))
        base = 16 if symbol.orig_type is self._lib.HEX else 10
        for low, high, condition in symbol.ranges:
            if not self._lib.expr_value(condition):
                continue
            try:
                inside = int(low.str_value, base) <= int(refusal.wanted, base) <= int(high.str_value, base)
            except ValueError:
                break
            if not inside:
                reason = f"it takes {low.str_value} to {high.str_value}{self._under(condition)}"
                return replace(refusal, kind="range", reason=reason)
            break
        return self._other(symbol, refusal)

    def _under(self, condition: Any) -> str:
        text = self._text(condition)
        return "" if text == "y" else f" with {text}"

    # Putting a way into words.

    def _unmet(self, refusal: Refusal, kind: str, words: str, way: Way) -> Refusal:
        links, advice = self._told(way)
        reason = f"{words} {' and '.join(links)}" if links else "its dependencies are not met"
        if way.cost >= _IMPOSSIBLE:
            reason += f"; see {_place(self._kconf.syms[refusal.symbol])}"
        return replace(refusal, kind=kind, reason=reason, advice=advice)

    def _hidden(self, symbol: Any, refusal: Refusal, how: str, way: Way) -> Refusal:
        links, advice = self._told(way)
        follows = f"; it {how} {' and '.join(links)}" if links else ""
        follows += "" if advice else f"; see {_place(symbol)}"
        return replace(refusal, kind="hidden", reason=f"it has no prompt to set it by{follows}", advice=advice)

    def _other(self, symbol: Any, refusal: Refusal) -> Refusal:
        return replace(refusal, kind="other", reason=f"the tree's conf gave it that value; see {_place(symbol)}")

    def _told(self, way: Way) -> tuple[list[str], dict[str, str]]:
        """The links as words, and the settings in the order in which they become possible; each symbol once."""
        seen: set[str] = set()
        advice: dict[str, str] = {}
        texts = [text for text in (self._tell(link, seen, advice) for link in way.links) if text]
        if way.cost >= _IMPOSSIBLE:
            # Settings that do not lead there help nobody.
            return texts, {}
        return texts, {name: value for name, value in advice.items() if self._wanted.get(name) != value}

    def _tell(self, link: Link, seen: set[str], advice: dict[str, str]) -> str:
        if link.name in seen:
            return ""
        seen.add(link.name)
        below = [text for text in (self._tell(one, seen, advice) for one in link.below) if text]
        if link.setting:
            advice[link.name] = link.setting
        asked = ", as you ask" if self._wanted.get(link.name) == link.value else ""
        details = [f"is {link.value}{asked}"] if link.value else []
        if below:
            details.append(f"{link.how} {' and '.join(below)}")
        elif link.how and not link.below:
            details.append(link.how)
        return f"{link.name} ({'; '.join(details)})" if details else link.name

    # Looking for a way up: what makes an expression at least m or y.

    def _reach(self, expression: Any, level: int) -> Way:
        lib = self._lib
        self._budget -= 1
        if lib.expr_value(expression) >= level:
            return Way()
        if expression.__class__ is not tuple:
            return self._raise(expression, level)
        operator = expression[0]
        if operator is lib.AND:
            return self._reach(expression[1], level) + self._reach(expression[2], level)
        if operator is lib.OR:
            return _best([self._reach(expression[1], level), self._reach(expression[2], level)])
        if operator is lib.NOT:
            return self._lower(expression[1])
        return self._relation(expression)

    def _raise(self, symbol: Any, level: int) -> Way:
        if symbol.__class__ is self._lib.Choice:
            return self._visible(symbol, level)
        return self._once(symbol, level, self._raise_symbol)

    def _raise_symbol(self, symbol: Any, level: int) -> Way:
        value = symbol.str_value
        if symbol.is_constant:
            return _dead("something that is n here for good, such as a feature that the compiler lacks", "")
        if not symbol.nodes:
            return _dead(symbol.name, "n", "this tree does not define it")
        if symbol.orig_type not in (self._lib.BOOL, self._lib.TRISTATE):
            return _dead(symbol.name, value)
        need = self._level(symbol, level)
        if symbol.visibility >= need:
            setting = "y" if level == 2 or symbol.visibility == 2 else "m"
            return Way(1, (Link(symbol.name, value, setting),))
        if not _prompts(symbol):
            way = self._without_prompt(symbol, level)
            return Way(way.cost, (Link(symbol.name, value, "", self._sources(symbol), way.links),))
        way = self._visible(symbol, need)
        if way.cost >= _IMPOSSIBLE:
            selected = self._without_prompt(symbol, level)
            if selected.cost < way.cost:
                return Way(selected.cost, (Link(symbol.name, value, "", self._sources(symbol), selected.links),))
        return Way(way.cost + 1, (Link(symbol.name, value, "y", "needs", way.links),))

    def _without_prompt(self, symbol: Any, level: int) -> Way:
        """The cheapest way by which a select or a default gives a symbol a value."""
        need = self._level(symbol, level)
        family = symbol.name.split("_")[0]
        ways = []
        for term in self._terms(symbol.rev_dep):
            way = self._reach(term, need)
            # VIRTIO is selected by remote processors too, but who wants it means VIRTIO_PCI.
            ways.append(way if self._first(term).name.startswith(family) else replace(way, cost=way.cost + _STRANGER))
        ways += [self._reach(condition, need) + self._reach(value, need) for value, condition in symbol.defaults]
        ways = [way for way in ways if way.links]
        return _best(ways) if ways else Way(_IMPOSSIBLE, (Link("nothing that could set it", ""),))

    def _sources(self, symbol: Any) -> str:
        """How a symbol without a prompt comes by its value, before the link that can give it one."""
        names = dict.fromkeys(self._first(term).name for term in self._terms(symbol.rev_dep))
        if len(names) + len(symbol.defaults) < 2:
            return "follows"
        family = symbol.name.split("_")[0]
        listed = sorted(names, key=lambda name: not name.startswith(family))[:_LISTED]
        more = ", ..." if len(names) > _LISTED else ""
        return f"is selected by {', '.join(listed)}{more}; the least it takes is" if names else "follows"

    def _visible(self, item: Any, level: int) -> Way:
        """The cheapest way to where the prompt of a symbol or choice lets it have a value."""
        return _best([self._reach(condition, level) for condition in _prompts(item)] or [Way(_IMPOSSIBLE)])

    # Looking for a way down: what makes an expression n.

    def _lower(self, expression: Any) -> Way:
        lib = self._lib
        self._budget -= 1
        if lib.expr_value(expression) == 0:
            return Way()
        if expression.__class__ is not tuple:
            if expression.__class__ is lib.Choice:
                return _dead(f"the choice {_title(expression)}", "y")
            return self._once(expression, -1, self._lower_symbol)
        operator = expression[0]
        if operator is lib.AND:
            return _best([self._lower(expression[1]), self._lower(expression[2])])
        if operator is lib.OR:
            return self._lower(expression[1]) + self._lower(expression[2])
        if operator is lib.NOT:
            return self._reach(expression[1], 2)
        return self._relation(expression, turned=True)

    def _lower_symbol(self, symbol: Any, _level: int) -> Way:
        value = symbol.str_value
        if symbol.is_constant or not symbol.nodes:
            return _dead("something that is y here for good", "")
        selectors = [term for term in self._terms(symbol.rev_dep) if self._lib.expr_value(term)]
        if selectors:
            way = Way()
            for term in selectors:
                way = way + self._lower(term)
            # Without a prompt it follows by itself.
            setting = "n" if _prompts(symbol) else ""
            return Way(way.cost + 1, (Link(symbol.name, value, setting, "is selected by", way.links),))
        if symbol.choice and symbol.visibility:
            others = [one for one in symbol.choice.syms if one is not symbol and one.visibility]
            if not others:
                return _dead(symbol.name, value, "is all that can be chosen")
            other = Link(others[0].name, others[0].str_value, "y")
            return Way(1, (Link(symbol.name, value, "", "is chosen instead of", (other,)),))
        if _prompts(symbol):
            way = Way() if symbol.visibility else self._visible(symbol, 1)
            how = "can be changed only with" if way.links else ""
            return Way(way.cost + 1, (Link(symbol.name, value, "n", how, way.links),))
        for default, condition in symbol.defaults:
            if self._lib.expr_value(condition):
                way = _best([self._lower(condition), self._lower(default)])
                return Way(way.cost, (Link(symbol.name, value, "", "follows", way.links),))
        return _dead(symbol.name, value)

    # What both need.

    def _relation(self, expression: Any, turned: bool = False) -> Way:
        """A comparison that does not hold (or, turned, must not): A=y, A!=n and the like can be brought about."""
        lib = self._lib
        operator, left, right = expression
        if left.is_constant and not right.is_constant:
            left, right = right, left
        equal = (operator is lib.EQUAL) is not turned
        if operator in (lib.EQUAL, lib.UNEQUAL) and right.is_constant and right.name in NUMBER and left.nodes:
            number = NUMBER[right.name]
            if equal and number:
                return self._raise(left, number) if left.tri_value < number else self._down_to(left, number)
            if equal or number:
                return self._lower(left)
            return self._raise(left, 1)
        values = ", ".join(f"{one.name} is {one.str_value or 'not set'}" for one in (left, right) if one.nodes)
        words = f"{'not ' if turned else ''}{self._text(expression)}"
        return Way(_IMPOSSIBLE, (Link(f"{words} ({values})", ""),))

    def _down_to(self, symbol: Any, number: int) -> Way:
        return Way(1, (Link(symbol.name, symbol.str_value, LETTER[number]),))

    def _once(self, symbol: Any, level: int, search: Any) -> Way:
        """One search for each symbol and level; a search that meets itself has found no way."""
        key = (id(symbol), level)
        if key in self._known:
            return self._known[key]
        if key in self._path or self._budget <= 0:
            self._cut = True
            return _dead(symbol.name, symbol.str_value)
        outer, self._cut = self._cut, False
        self._path.append(key)
        way: Way = search(symbol, level)
        self._path.pop()
        # What was found inside of a circle holds only there.
        if not self._cut or not self._path:
            self._known[key] = way
        self._cut = (self._cut or outer) if self._path else False
        return way

    def _level(self, symbol: Any, level: int) -> int:
        """What a condition has to be for a symbol to reach a level."""
        return level if symbol.type is self._lib.TRISTATE else 1

    def _terms(self, expression: Any) -> Iterator[Any]:
        """The parts of what selects a symbol: each selector with its condition."""
        return (term for term in self._lib.split_expr(expression, self._lib.OR) if term is not self._kconf.n)

    def _first(self, term: Any) -> Any:
        """The selector of a term."""
        while term.__class__ is tuple:
            term = term[1]
        return term

    def _text(self, expression: Any) -> str:
        text: str = self._lib.expr_str(expression)
        return text


def _prompts(item: Any) -> list[Any]:
    """The conditions of all prompts of a symbol or choice."""
    return [node.prompt[1] for node in item.nodes if node.prompt]


def _title(choice: Any) -> str:
    """What menuconfig calls a choice."""
    for node in choice.nodes:
        if node.prompt:
            return f"'{node.prompt[0]}'"
    return choice.name or "without a name"


def _place(symbol: Any) -> str:
    """Where a symbol is defined first."""
    return f"{symbol.nodes[0].filename}:{symbol.nodes[0].linenr}"


def _dead(name: str, value: str, why: str = "nothing here can change it") -> Way:
    return Way(_IMPOSSIBLE, (Link(name, value, "", why if value else ""),))


def _best(ways: Iterable[Way]) -> Way:
    return min(ways, key=lambda way: way.cost)
