"""What strangers reach in C and C++, and in Python on the way to encryption, fed by libFuzzer: ``make fuzz``
for long, a test for some seconds.

``corpus`` holds an input for each way a call can go, ``found`` those that once did harm, both for C and C++.
"""
