# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action netboot.diskless.fleet, whose code is in plugins/action/fleet.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: The inventory's slaves as one checked model
version_added: 0.1.0
author:
  - netboot.diskless authors (@netboot-diskless)
description:
  - Reads C(slave_*) of every host in the group C(slaves) and C(fleet_*) of the site, checks them, derives what follows
    from them, and returns all of it.
  - The role P(netboot.diskless.fleet#role) registers the result as C(fleet_model), from which the other roles take what
    they need. It is not a fact, because Ansible copies all facts of a host again for each task.
  - Fails with every problem of every host at once. Each names the host, the variable, its value and what is allowed.
  - Runs on the controller and connects to no host. It takes the whole group C(slaves) also under C(--limit), because a
    part of a fleet would make the daemons forget the rest.
  - The role P(netboot.diskless.fleet#role) documents the variables of the site.
requirements:
  - netaddr on the controller
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return the same result without changing anything.
  diff_mode:
    support: none
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  platform:
    support: full
    platforms: all
    description: Target OS/families that can be operated against.
notes:
  - The group C(master) must have exactly one host and the group C(slaves) at least one.
  - Required of each slave are C(slave_mac) and C(slave_address). Optional are C(slave_addressing), C(slave_hostname),
    C(slave_architecture), C(slave_loader), C(slave_nic), C(slave_root), C(slave_rootfs_source), C(slave_init),
    C(slave_console), C(slave_kernel_source), C(slave_kernel_arguments) and C(slave_nfs_version).
  - C(slave_rootfs_source) is V(master), the default, or the path of a directory on the master that holds a complete
    system, of which the slave's root is made. In the model it is C(source), and V(/) stands for the master's own.
  - C(slave_kernel_source) is V(build), the default, or V(package) for the kernel of the master's distribution. Then
    C(initrd_file) names its initial RAM disk; it is empty for a kernel that is built.
  - C(slave_init) is V(auto), V(openrc) or V(systemd). With V(auto), the default, the C(/sbin/init) of what the root is
    made from decides.
seealso:
  - plugin: netboot.diskless.host_vars
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Check the inventory and make the model
  netboot.diskless.fleet:
  register: fleet_model

- name: Show what a slave's kernel is told
  ansible.builtin.debug:
    msg: "{{ fleet_model.slaves | map(attribute='command_line') | list }}"
"""

RETURN = r"""
site:
  description: What the slaves share.
  returned: success
  type: dict
  sample:
    network: 192.168.1.0/24
    network_address: 192.168.1.0
    netmask: 255.255.255.0
    broadcast: 192.168.1.255
    prefix: 24
    master_address: 192.168.1.1
    interface: eth0
    domain: mydomain.com
    root: /diskless
    tftp_root: /srv/tftp
    router: ""
    dns_servers: []
    ntp_servers: []
    nat: false
    nfs_version: "4.2"
    master_name: master
    kernels:
      build:
        x86_64: {"": [slave21]}
      package: {}
slaves:
  description: The slaves in the order of their addresses.
  returned: success
  type: list
  elements: dict
  sample:
    - name: slave21
      hostname: slave21
      fqdn: slave21.mydomain.com
      mac: 00:02:a5:04:3b:66
      address: 192.168.1.21
      hex_name: C0A80115
      mac_name: 01-00-02-a5-04-3b-66
      architecture: x86_64
      loader: pxelinux
      nic: ""
      root: /diskless/192.168.1.21
      source: /
      init: auto
      console: ttyS0,115200
      nfs_version: "4.2"
      kernel_source: build
      kernel_file: bzImage_x86_64
      initrd_file: ""
      previous_kernel_file: bzImage_x86_64.previous
      previous_initrd_file: ""
      boot_group: pxelinux
      nfs_root: 192.168.1.1:/diskless/192.168.1.21,vers=4.2,tcp,rsize=1048576,wsize=1048576
      command_line: >-
        ip=dhcp root=/dev/nfs nfsroot=192.168.1.1:/diskless/192.168.1.21,vers=4.2,tcp,rsize=1048576,wsize=1048576 rw
        net.ifnames=0 console=tty0 console=ttyS0,115200
problems:
  description: What is wrong with the inventory.
  returned: failure
  type: list
  elements: dict
  contains:
    host:
      description: The inventory name of the host, or V(site) for what all hosts share.
      type: str
      sample: slave22
    variable:
      description: The name of the variable.
      type: str
      sample: slave_mac
    value:
      description: The value as Python writes it, or null when the variable is not set.
      type: str
      sample: "'01:02:03:04:05:06'"
    allowed:
      description: What the variable may be.
      type: str
      sample: a unicast MAC address, six hex pairs
"""
