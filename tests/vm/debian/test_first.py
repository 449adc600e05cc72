import subprocess


def test_it():
    out = subprocess.run(
        ["chroot", "/proc/1/root", "systemctl", "--failed", "--no-pager"], capture_output=True, text=True
    )
    print(out.stdout, out.stderr)
    print(
        subprocess.run(
            "chroot /proc/1/root systemctl status --no-pager -n 5 sottovoce-phone sottovoce-network sottovoce-firewall sottovoce-first-boot sottovoce-health chrony iwd systemd-networkd systemd-resolved; chroot /proc/1/root systemd-analyze critical-chain --no-pager; chroot /proc/1/root journalctl -b --no-pager -p 4",
            shell=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    assert 0
