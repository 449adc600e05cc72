"""The one program that writes phone.toml, and only what may be changed on the page for setting up."""
