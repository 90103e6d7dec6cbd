# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The talk over the serial line: whole boots of different userlands, and everything that gets in its way."""

import pytest

from lab.console import MAX_QUESTIONS, MAX_REFUSALS, Dialogue
from lab.probe import Expected, Probe

PROBE = Probe(2012, 5009)
ANSWER = """\
<lab10078108 hostname slave21>\r
<lab10078108 address 192.168.1.21>\r
<lab10078108 root 192.168.1.1:/diskless/192.168.1.21 nfs4 rw,vers=4.2 0 0>\r
<lab10078108 cmdline ip=dhcp root=/dev/nfs>\r
<lab10078108 kernel 6.1.192>\r
<lab10078108 machine x86_64>\r
<lab10078108 modules none>\r
<lab10078108 init systemd>\r
<lab10078108 firmware bios>\r
<lab10078108 machine-id 0123456789abcdef0123456789abcdef>\r
<lab10078108 ssh-key >\r
<lab10078108 end 7021>\r
"""
SCRIPT = PROBE.script().replace("\n", "\r")
EXPECTED = Expected("slave21", "192.168.1.21", "192.168.1.1:/diskless/192.168.1.21")


def dialogue(state: str = "boot") -> Dialogue:
    """A talk with known numbers, at a state of its own choice."""
    talk = Dialogue("secret", EXPECTED, lambda: PROBE)
    talk.state = state
    return talk


BUSYBOX = (
    ("\r\r\nslave21 login: ", "root\r"),
    ("root\r\nPassword: ", "secret\r"),
    ("\r\nlogin[47]: root login on 'ttyS0'\r\n\r\n\r\nBusyBox v1.35.0 built-in shell (ash)\r\n", ""),
    ("Enter 'help' for a list of built-in commands.\r\n\r\n~ # \x1b[6n", SCRIPT),
    (ANSWER, "exit\r"),
)
SHADOW_AND_BASH = (
    ("\r\nThis is slave21.mydomain.com (Linux x86_64 6.1.192) 10:17:01\r\n\r\nslave21 login: ", "root\r"),
    ("root\r\n", ""),
    ("Password: ", "secret\r"),
    ("\r\nLast login: Mon Nov 23 06:20:24 UTC 2026 on ttyS0\r\n", ""),
    ("\x1b[?2004hslave21 ~ # ", SCRIPT),
    (ANSWER + "\x1b[?2004hslave21 ~ # ", "exit\r"),
)
NO_PASSWORD = (("slave21 login: ", "root\r"), ("root\r\n~ # ", SCRIPT), (ANSWER, "exit\r"))
KERNEL_TALKS_OVER_THE_PROMPTS = (
    ("slave21 login: [    9.1] random: crng init done\r\n", "root\r"),
    ("root\r\nPassword: [    9.3] clocksource: Switched to clocksource tsc\r\n", "secret\r"),
    ("\r\nslave21 ~ # ", SCRIPT),
    (ANSWER, "exit\r"),
)


SYSTEMD = (
    ("[  OK  ] Reached target \x1b[0;1;39mmulti-user.target\x1b[0m - Multi-User System.\r\n", ""),
    ("\r\r\nDebian GNU/Linux 13 slave21 ttyS0\r\n\r\nslave21 login: ", "root\r"),
    ("root\r\nPassword: ", "secret\r"),
    ("\r\nLinux slave21 6.1.192-slave #2 SMP Mon Nov 23 07:29:22 UTC 2026 x86_64\r\n\r\nMessage of the day\r\n", ""),
    ("[   58.1] systemd[1]: Started session-1.scope - Session 1 of User root.\r\n\x1b[?2004hroot@slave21:~# ", SCRIPT),
    ("\x1b[?2004l\r" + ANSWER.replace("\n", "\n\x1b[?2004hroot@slave21:~# \x1b[?2004l\r"), "exit\r"),
)


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(SYSTEMD, id="systemd"),
        pytest.param(BUSYBOX, id="busybox"),
        pytest.param(SHADOW_AND_BASH, id="bash"),
        pytest.param(NO_PASSWORD, id="no password"),
        pytest.param(KERNEL_TALKS_OVER_THE_PROMPTS, id="kernel messages"),
    ],
)
@pytest.mark.parametrize("portion", [1, 7, 10000])
def test_whole_talks(talk: tuple[tuple[str, str], ...], portion: int) -> None:
    one = dialogue()
    now = 0.0
    for heard, typed in talk:
        said = ""
        for at in range(0, len(heard), portion):
            one.hear(heard[at : at + portion], now)
            said += one.say(now)
            now += 0.01
        if portion == 10000:
            assert said == typed
    assert one.state == "done"
    assert one.facts is not None
    assert one.facts.hostname == "slave21"
    assert one.login_seen


def test_nothing_is_typed_while_a_boot_loader_may_listen() -> None:
    one = dialogue()
    one.hear("boot: ", 0.0)
    assert one.say(1000.0) == ""


def test_a_prompt_in_pieces_is_asked_for_again() -> None:
    one = dialogue()
    one.init_runs = True
    one.hear("slave21 lo[    5.0] e1000: eth0 NIC Link is Up\r\ngin: ", 0.0)
    assert one.say(10.0) == ""
    assert one.say(16.0) == "\r"
    assert one.say(16.1) == ""
    one.hear("\r\nslave21 login: ", 17.0)
    assert one.say(17.0) == "root\r"


def test_last_login_is_not_a_prompt() -> None:
    one = dialogue()
    one.hear("Last login: Mon Nov 23 on ttyS0\r\n", 0.0)
    assert one.say(0.0) == ""


def test_a_name_that_the_getty_dropped_is_typed_again() -> None:
    one = dialogue("password")
    assert one.say(0.0) == ""
    assert one.say(16.0) == "\r"
    assert one.state == "boot"


def test_a_wrong_password_is_said_to_be_wrong() -> None:
    one = dialogue()
    now = 0.0
    for _attempt in range(MAX_REFUSALS):
        for heard, typed in (("slave21 login: ", "root\r"), ("root\r\nPassword: ", "secret\r")):
            one.hear(heard, now)
            assert one.say(now) == typed
        one.hear("\r\nLogin incorrect\r\n", now)
        assert one.say(now) == ""
    assert one.state == "failed"
    assert "password" in one.problems[0]
    assert one.say(now) == ""


def test_the_next_prompt_may_come_with_the_refusal() -> None:
    one = dialogue("shell")
    one.hear("\r\nLogin incorrect\r\nslave21 login: ", 0.0)
    assert one.say(0.0) == ""
    assert one.say(0.1) == "root\r"


def test_an_unknown_prompt_is_taken_for_a_shell_after_a_while() -> None:
    one = dialogue("shell")
    one.hear("\r\nWelcome!\r\nslave21> ", 0.0)
    assert one.say(9.0) == ""
    assert one.say(11.0) == SCRIPT


def test_a_mangled_answer_is_asked_for_again() -> None:
    one = dialogue("answer")
    one.hear(ANSWER.replace("hostname slave21", "hostname sla[   9.1] random: crng init done\r\nve21"), 0.0)
    assert one.say(0.0) == ""
    assert one.say(11.0) == SCRIPT
    one.hear(ANSWER, 12.0)
    assert one.say(12.0) == "exit\r"


def test_a_wrong_value_is_asked_for_again_before_it_is_believed() -> None:
    one = dialogue("answer")
    for _question in range(MAX_QUESTIONS):
        assert not one.over
        one.hear(ANSWER.replace("slave21>", "slave22>"), 0.0)
        one.say(0.0)
    one.hear(ANSWER.replace("slave21>", "slave22>"), 0.0)
    one.say(0.0)
    assert one.state == "failed"
    assert one.problems == ("host name is 'slave22', not 'slave21'",)


def test_a_silent_shell() -> None:
    one = dialogue("answer")
    now = 0.0
    while not one.over:
        one.say(now)
        now += 11.0
        assert now < 200.0
    assert one.problems == ("the shell does not answer",)
