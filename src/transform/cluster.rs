//! Commands that decide which cluster the docker client goes to.
//!
//! For a builder of the Kubernetes driver buildx reads the kubeconfig anew each time, as kubectl does, and takes the account of the pod
//! only where there is none (docker/buildx, `driver/kubernetes/context/load.go`, `builder/node.go`): a job that deploys would
//! make, use or remove its builder in the cluster that it deploys to.

use super::environment::sets_client;
use super::facts::short;
use crate::shell::{Command, Script, program, within};

/// What is said of such a command.
pub fn cluster(command: &Command) -> Option<String> {
    let raw = command.raw();
    let name = program(command).unwrap_or_default();
    let (verb, next) = verbs(command, name);
    if writes(command, name) || switches(name, verb, next) {
        return Some(format!("`{}` is about the kubeconfig, by which buildx finds its builder too", short(raw)));
    }
    if deploys(command, name, verb) {
        return Some(format!("`{}` finds its cluster by a kubeconfig or an account, and so would buildx", short(raw)));
    }
    // What a shell is handed: `bash -c "kubectl apply -f k8s"`.
    let perhaps = raw.contains(char::is_whitespace) && ["kube", "helm"].iter().any(|it| raw.contains(it));
    perhaps.then(|| within(command).iter().find_map(cluster)).flatten()
}

/// The first such command of a script that the job runs, or one that says where the client's folder is, with its line.
pub fn cluster_of(script: &Script) -> Option<(usize, String)> {
    let found = script.commands().iter().find(|command| cluster(command).is_some() || sets_client(command))?;
    let at = found.span.as_ref().map_or(0, |span| span.range.start);
    let line = script.text().get(..at).unwrap_or_default().matches('\n').count() + 1;
    Some((line, short(found.raw())))
}

/// Whether a word names the file, by its usual place or by the variable. What an option is told for one command is none of it.
fn names_config(word: &str) -> bool {
    let places = [".kube/config", "~/.kube", "HOME/.kube", "HOME}/.kube", "/root/.kube", "$KUBECONFIG", "${KUBECONFIG"];
    !word.starts_with("--kubeconfig=") && places.iter().any(|place| word.contains(place))
}

/// Whether a command writes a kubeconfig or handles one: `aws eks update-kubeconfig`, `cp $FILE ~/.kube/config`.
fn writes(command: &Command, name: &str) -> bool {
    if matches!(name, "echo" | "printf" | "mkdir" | "ls" | "rm" | "unset") {
        return command.redirects.iter().any(|redirect| names_config(redirect.target.display()));
    }
    let words: Vec<&str> = command.words.iter().map(|word| word.display()).collect();
    let mut targets = command.redirects.iter().map(|redirect| redirect.target.display()).chain(words.iter().copied());
    let files = ["cat", "chmod", "chown", "cp", "mv", "test", "[", "[[", "stat", "sed", "grep", "tee", "export"];
    // `az aks get-credentials`; what `--kubeconfig` is told is a file.
    let is_plain = |word: &str| !word.starts_with('-') && !word.contains(['/', '.', '$']);
    let asked = words.windows(2).any(|pair| match pair {
        [before, word] => {
            is_plain(word) && (*word == "get-credentials" || word.ends_with("kubeconfig")) && *before != "--kubeconfig"
        }
        _ => false,
    });
    targets.any(names_config) || asked && !files.contains(&name)
}

/// The verb of a command and the word behind it: without options, and without what those are told.
fn verbs<'c>(command: &'c Command, name: &str) -> (&'c str, &'c str) {
    const VALUED: [&str; 7] = ["-n", "--namespace", "--context", "--kube-context", "--kubeconfig", "-s", "--server"];
    let words = command.words.iter().map(|word| word.display());
    let mut rest = words.skip_while(|word| word.rsplit('/').next() != Some(name)).skip(1);
    let mut next = move || loop {
        let word = rest.next().unwrap_or_default();
        match word {
            word if VALUED.contains(&word) => _ = rest.next(),
            word if word.starts_with('-') => {}
            word => return word,
        }
    };
    (next(), next())
}

fn switches(name: &str, verb: &str, next: &str) -> bool {
    match name {
        "kubectx" | "kubens" | "kubeswitch" | "kubelogin" => true,
        "kubectl" => {
            verb == "config"
                && !matches!(next, "view" | "current-context" | "get-contexts" | "get-clusters" | "get-users")
        }
        "oc" => matches!(verb, "login" | "project"),
        "tsh" => verb == "kube",
        "eksctl" => verb == "create",
        "ibmcloud" => matches!(verb, "ks" | "oc") && next == "cluster",
        _ => false,
    }
}

/// Whether a command works on a cluster that it is not told.
fn deploys(command: &Command, name: &str, verb: &str) -> bool {
    let words = || command.words.iter().map(|word| word.display());
    let is_told = words().any(|word| matches!(word.split('=').next(), Some("--kubeconfig")));
    let has = |word: &str| words().any(|it| it == word);
    let is = |verbs: &str| verbs.split_ascii_whitespace().any(|one| one == verb);
    let local = match name {
        "kubectl" | "oc" => is("kustomize version completion config") || has("--dry-run=client"),
        "helm" | "helm2" | "helm3" => is(
            "completion create dependency dep docs env lint package plugin pull push registry repo schema search show template unittest \
             version",
        ),
        "helmfile" => is("build deps lint repos template version write-values"),
        "krane" => !is("deploy global-deploy restart run"),
        "istioctl" | "flux" | "kapp" | "velero" | "stern" | "skaffold" | "devspace" | "tk" => is("version completion"),
        _ => true,
    };
    !is_told && !local && !verb.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> bool {
        Script::parse([text]).commands().iter().any(|command| cluster(command).is_some())
    }

    #[test]
    fn what_decides_which_cluster_is_meant() {
        for text in [
            "aws eks update-kubeconfig --name prod",
            "gcloud container clusters get-credentials prod --region europe-west1",
            "az aks get-credentials -g x -n prod",
            "doctl kubernetes cluster kubeconfig save prod",
            "echo \"$KUBE_CONFIG\" | base64 -d > ~/.kube/config",
            "printf '%s' \"$K\" > $HOME/.kube/config",
            "cp $KUBE_FILE ${HOME}/.kube/config",
            "cat <<EOF > ~/.kube/config\nx\nEOF",
            "echo \"$K\" | tee ~/.kube/config",
            "echo \"$K\" > \"$KUBECONFIG\"",
            "chmod 600 $KUBECONFIG",
            "kubectl config use-context group/agent:prod",
            "kubectl config set-cluster prod --server=https://k8s.example.com",
            "oc login --token=$T",
            "ibmcloud ks cluster config --cluster prod",
            "kubectx prod",
            "kubectl rollout restart deploy/app",
            "timeout 60 kubectl apply -f k8s",
            "if true; then helm upgrade app chart; fi",
            "helmfile apply",
            "helm upgrade --install app chart --namespace docs",
            "helm upgrade --install docs chart -n search",
            "kubectl -n config apply -f k8s",
            "kubectl create configmap version",
            "oci ce cluster create-kubeconfig --cluster-id x",
            "bash -c \"kubectl apply -f k8s\"",
            "helm3 upgrade app chart",
            "krane deploy prod ctx",
            "eksctl create cluster -f c.yml",
            "mkdir .kube && echo \"$K\" > .kube/config",
        ] {
            assert!(said(text), "{text}");
        }
    }

    #[test]
    fn what_needs_no_cluster_or_is_told_one() {
        for text in [
            "kubectl --kubeconfig=$FILE apply -f k8s",
            "helm upgrade app chart --kubeconfig $FILE",
            "helm package chart",
            "helm push app-1.tgz oci://registry.example.com/charts",
            "kubectl kustomize k8s > all.yml",
            "kubectl version --client",
            "kubectl",
            "mkdir -p ~/.kube",
            "echo kubectl apply",
            "echo \"see ~/.kube/config\"",
            "curl -LO https://dl.k8s.io/release/v1.30.0/bin/linux/amd64/kubectl",
            "kustomize build k8s",
            "kubectl -n prod config view",
            "helm upgrade app chart --kubeconfig kubeconfig",
            "cat kubeconfig",
            "krane ls registry.example.com/app",
            "sed -i s/x/y/ .kube/deploy.yml",
        ] {
            assert!(!said(text), "{text}");
        }
    }
}
