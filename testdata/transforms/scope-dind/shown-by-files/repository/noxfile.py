session.run("docker", "run")
