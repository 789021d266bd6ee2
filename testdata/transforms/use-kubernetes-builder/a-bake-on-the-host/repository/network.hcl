target "default" {
  tags = ["registry.example/app"]
  network = "host"
}
