def e2e(c):
    c.run("docker run x")
