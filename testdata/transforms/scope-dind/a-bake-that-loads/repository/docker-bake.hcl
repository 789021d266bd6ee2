target "default" {
  tags = ["local/check"]
}
