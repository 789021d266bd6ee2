target "default" {
  tags = ["registry.example/app"]
  dockerfile = "app/Dockerfile"
}
