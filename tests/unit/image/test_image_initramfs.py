import subprocess
from pathlib import Path

from firmware.image.initramfs import cpio


def _tree(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/b").write_bytes(b"12345")
    (folder / "a").write_text("x")
    (folder / "link").symlink_to("bin/b")
    (folder / "bin/b").chmod(0o755)
    return folder


def test_one_tree_gives_one_archive_and_cpio_reads_it(tmp_path: Path) -> None:
    made = cpio(_tree(tmp_path / "one"), 1000)
    assert made == cpio(_tree(tmp_path / "other"), 1000)
    assert made != cpio(tmp_path / "one", 1001)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], cwd=out, input=made, check=True, capture_output=True)
    assert (out / "bin/b").read_bytes() == b"12345"
    assert (out / "bin/b").stat().st_mode & 0o777 == 0o755
    assert (out / "link").readlink().name == "b"
    assert (out / "a").stat().st_mtime == 1000
