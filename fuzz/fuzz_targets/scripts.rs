//! Any script is read; every place that is given is a part of its item and holds what it says.
#![no_main]

use ci_migrate::shell::{Script, daemon, docker, hides_docker, other_daemon_users};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|items: Vec<String>| {
    let script = Script::parse(&items);
    for command in script.commands() {
        if let Some(span) = &command.span {
            assert!(items[span.item].get(span.range.clone()).is_some());
        }
        for word in &command.words {
            if let Some(place) = word.place() {
                assert_eq!(items[place.item].get(place.range.clone()), Some(word.raw()));
            }
        }
        if let Some(docker) = docker(command) {
            let _ = daemon(&docker);
        }
        let _ = (other_daemon_users(command), hides_docker(command));
    }
});
