package main
// docker
func E2e() { sh.Run("docker", "run") }
