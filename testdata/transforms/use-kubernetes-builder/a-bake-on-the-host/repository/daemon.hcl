target "default" {
  tags = ["registry.example/app"]
  output = ["type=docker"]
}
