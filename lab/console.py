# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The talk with a slave over its serial line: log in, ask, read the answer, log out. A state machine without I/O.

Kernel messages may fall into the middle of a prompt, a getty may drop what is typed too early, and an emulated
machine may be slow: so a prompt is looked for anywhere in what came since the last thing typed, and after a silence
the last thing is tried again, a limited number of times.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from lab.probe import Expected, Facts, Probe
from lab.terminal import plain

USER = "root"

_LOGIN = re.compile(r"(?<!Last )\blogin: *")
_PASSWORD = re.compile(r"[Pp]assword: *")
_REFUSED = re.compile(r"Login incorrect|Authentication failure|Permission denied|This account is", re.I)
_SHELL = re.compile(r"[#$] *\Z")

_LOGIN_SILENCE = 15.0
_SHELL_SILENCE = 10.0
_ANSWER_SILENCE = 10.0
"""Seconds without a byte after which a step is tried again. Under systemd some five pass between the message of the day
and the first prompt of a session, when the machine is slow."""

_PROMPT_WINDOW = 1000
"""Characters of the boot's output in which a login prompt is looked for."""

MAX_REFUSALS = 3
MAX_QUESTIONS = 5


def new_probe() -> Probe:
    """A question with fresh random numbers; their product fits any shell's 32 bit arithmetic."""
    chance = random.SystemRandom()
    return Probe(chance.randint(1000, 30000), chance.randint(1000, 30000))


@dataclass
class Dialogue:
    """One conversation.

    Call `hear` with every piece of text as it came, `say` often (it returns what to type now, if anything), until
    `state` is `done` or `failed`. Times are in seconds of any one clock.

    :ivar state: boot, password, shell, answer, done or failed
    :ivar login_seen: whether a login prompt ever came
    :ivar init_runs: set it when the machine's init is known to run; before that nothing is typed unasked, since a
        boot loader would take it for a command
    :ivar facts: the answer
    :ivar problems: how the answer differs from what was expected, or why the talk failed
    """

    password: str
    expected: Expected
    make_probe: Callable[[], Probe] = new_probe
    state: str = "boot"
    login_seen: bool = False
    init_runs: bool = False
    facts: Facts | None = None
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._raw = ""
        self._heard_at: float | None = None
        self._refusals = 0
        self._questions = 0
        self._probe = self.make_probe()

    @property
    def over(self) -> bool:
        """Whether there is nothing more to hear."""
        return self.state in ("done", "failed")

    def hear(self, text: str, now: float) -> None:
        """Take what the console printed, escape sequences and all."""
        self._raw += text
        if self.state == "boot":
            self._raw = self._raw[-_PROMPT_WINDOW:]
        self._heard_at = now

    @property
    def _text(self) -> str:
        """What came since the last thing typed. Made plain as a whole: a sequence may come in two pieces."""
        return plain(self._raw)

    def say(self, now: float) -> str:
        """What to type now; often nothing."""
        if self.over:
            return ""
        if self._heard_at is None:
            self._heard_at = now
        step = {
            "boot": self._at_boot,
            "password": self._at_password,
            "shell": self._at_shell,
            "answer": self._at_answer,
        }[self.state]
        typed = step(now - self._heard_at)
        if typed:
            self._heard_at = now
        return typed

    def _go(self, state: str, typed: str) -> str:
        self.state, self._raw = state, ""
        return typed

    def _at_boot(self, silence: float) -> str:
        if _LOGIN.search(self._text):
            self.login_seen = True
            return self._go("password", f"{USER}\r")
        if self.init_runs and silence > _LOGIN_SILENCE:
            return "\r"  # the prompt may have come in pieces, between kernel messages: ask for another
        return ""

    def _at_password(self, silence: float) -> str:
        if _PASSWORD.search(self._text):
            return self._go("shell", f"{self.password}\r")
        if _REFUSED.search(self._text):
            return self._refused()
        if _SHELL.search(self._text):
            return self._ask()  # no password was wanted
        if silence > _LOGIN_SILENCE:
            return self._go("boot", "\r")
        return ""

    def _refused(self) -> str:
        self._refusals += 1
        if self._refusals < MAX_REFUSALS:
            # Whatever came after the refusal may hold the next prompt already.
            self.state, self._raw = "boot", _REFUSED.split(self._text)[-1]
            return ""
        self.problems = (f"{USER} was refused {self._refusals} times: the password is not the lab's",)
        return self._go("failed", "")

    def _at_shell(self, silence: float) -> str:
        if _REFUSED.search(self._text):
            return self._refused()
        if _SHELL.search(self._text) or (self._text.strip() and silence > _SHELL_SILENCE):
            return self._ask()
        if silence > _LOGIN_SILENCE:
            return self._go("boot", "\r")
        return ""

    def _ask(self) -> str:
        self._questions += 1
        self._probe = self.make_probe()
        return self._go("answer", self._probe.script().replace("\n", "\r"))

    def _at_answer(self, silence: float) -> str:
        facts = self._probe.read(self._text)
        if facts is not None:
            self.facts = facts
            self.problems = tuple(facts.problems(self.expected))
            if not self.problems:
                return self._go("done", "exit\r")
        if facts is None and silence <= _ANSWER_SILENCE:
            return ""
        # Incomplete or wrong: a kernel message may have fallen into the answer. The end of the text says if this is
        # still a shell.
        if self._questions < MAX_QUESTIONS:
            return self._ask()
        self.problems = self.problems or ("the shell does not answer",)
        return self._go("failed", "")
