target "default" {
  tags = ["registry.example/app"]
  extra-hosts = { db = "host-gateway" }
}
