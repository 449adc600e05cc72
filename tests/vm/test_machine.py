def test_x():
    import platform; print(platform.uname())
