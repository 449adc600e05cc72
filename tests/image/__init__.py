"""The image, booted in QEMU and read: ``make test-image BOARD=virt-arm64``. Not part of ``make test``."""
