group "default" { targets = ["api", "web"] }
target "api" { tags = ["registry.example.com/api"] }
target "web" { tags = ["registry.example.com/web"] }
