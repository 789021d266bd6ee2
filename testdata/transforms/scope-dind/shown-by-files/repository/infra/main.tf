provider "docker" {
}
