#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    ci_migrate::cli::main()
}
