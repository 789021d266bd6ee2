target "app" {
  tags = ["registry.example/app"]
  args = { BASE = "local/base" }
}
