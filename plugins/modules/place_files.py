#!/usr/bin/python
# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: place_files
short_description: Place a part's files on the master as one change
version_added: 0.1.0
description:
  - Renders templates on the controller and places them, and copies of files that the master already has, as one change.
  - Every file is complete and accepted by its checker before the first one is swapped in by rename.
    When a step fails, all files are as they were.
  - A ledger on the master remembers what was placed. A file that is neither in it nor as its package shipped it is
    somebody else's and is refused, and a file that is in it but no longer wanted is removed.
  - The former version of each replaced or removed file is kept below C(state_directory)/former.
  - The files are swapped in by M(netboot.diskless.swap_files), which sees them finished.
  - When O(render_directory) is set, the rendered files are written below that directory on the controller and no
    master is asked.
extends_documentation_fragment:
  - netboot.diskless.attributes
  - netboot.diskless.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  part:
    description: Name of the part whose files these are. It names the ledger.
    type: str
    required: true
  templates:
    description: Files made from templates.
    type: list
    elements: dict
    default: []
    suboptions:
      src:
        description: The template, looked up as M(ansible.builtin.template) does.
        type: str
        required: true
      path:
        description:
          - Where the file goes on the master.
          - Fields of the site, and with O(templates[].each_slave) of the slave, stand in braces, as in
            C({tftp_root}/pxelinux.cfg/{mac_name}).
        type: str
        required: true
      each_slave:
        description: Render the template once for each slave, which it sees as C(slave).
        type: bool
        default: false
      only_loaders:
        description: With O(templates[].each_slave), take only slaves with one of these boot loaders; without any, all.
        type: list
        elements: str
        default: []
      mode:
        description: The file's mode in octal digits.
        type: str
        default: "0644"
      owner:
        description: The file's owner.
        type: str
        default: root
      group:
        description: The file's group.
        type: str
        default: root
      validate:
        description: The command that judges the file; C(%s) is the path of the file to judge.
        type: str
        default: ""
      validate_as:
        description: The user that O(templates[].validate) runs as; empty for the one who runs the task.
        type: str
        default: ""
      validate_within:
        description:
          - A file that includes this one. Where it does, O(templates[].validate) judges a copy of it, with this file's
            new version in it.
        type: str
        default: ""
  copies:
    description: Files copied from another place on the master.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description: The file to copy.
        type: str
        required: true
      path:
        description: Where the copy goes. Fields of the site stand in braces.
        type: str
        required: true
      unpack:
        description: Whether the copy is the unpacked text of a source that gzip may have compressed.
        type: bool
        default: false
      mode:
        description: The copy's mode in octal digits.
        type: str
        default: "0644"
  directories:
    description: Directories to make.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory. Fields of the site stand in braces.
        type: str
        required: true
      mode:
        description: The directory's mode in octal digits.
        type: str
        default: "0755"
  variables:
    description: What the templates see beside C(site), C(slaves) and C(slave). Nothing else is visible to them.
    type: dict
    default: {}
  render_directory:
    description: Write below this directory on the controller, and leave the master alone.
    type: str
    default: ""
  shipped_settings:
    description:
      - What a file says that a package's script makes at its installation, as a list of lines for each path, without
        comments. A file that says just that is as its package shipped it.
    type: dict
    default: {}
author:
  - netboot.diskless authors (@netboot-diskless)
"""

EXAMPLES = r"""
- name: Place the boot configuration of each slave
  netboot.diskless.place_files:
    part: tftp_pxelinux
    templates:
      - src: pxelinux.cfg/slave.j2
        path: "{tftp_root}/pxelinux.cfg/{mac_name}"
        each_slave: true
"""

RETURN = r"""
written:
  description: Files that were written, or would be.
  type: list
  elements: str
  returned: always
removed:
  description: Files of ours that were no longer wanted.
  type: list
  elements: str
  returned: always
"""
