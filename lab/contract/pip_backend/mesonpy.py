# Copyright (c) netboot.diskless authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pip asks of a build backend (PEP 517) when it only downloads: the name and the version.

pip wants a source distribution's metadata even for `pip download`. Portage's own backend, meson-python, would get them
by configuring a build, which takes a compiler and Python's headers on the host.
"""

from pathlib import Path


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """Write the least METADATA that pip accepts; the source's directory, which is the current one, has the version."""
    sources = Path("meson.build").read_text(encoding="utf-8")
    version = sources.partition("version : '")[2].partition("'")[0]
    folder = Path(metadata_directory, f"portage-{version}.dist-info")
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: portage\nVersion: {version}\n", encoding="utf-8")
    return folder.name


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None) -> str:
    """No wheel comes from here: Portage is built inside the contract master."""
    raise NotImplementedError("this backend serves `pip download` only")
