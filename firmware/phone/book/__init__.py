"""The phone book: contacts of phone.toml, of vCard files and of servers, found by name on the keypad."""
