env "ci" {
  dev = "docker://postgres/15/dev?search_path=public"
}
