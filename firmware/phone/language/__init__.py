"""What the telephone says to people, in their language. The code writes English; a catalogue has the rest.

``phrase`` is what the machine makes: English text that remembers how it was made. ``catalogue`` says it in a
language at the display's boundary. Adding a language is adding one file, ``CODE.po``, to this folder.
"""
