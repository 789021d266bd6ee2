//! Commands that decide which cluster the docker client goes to.
//!
//! For a builder of the Kubernetes driver buildx reads the kubeconfig anew each time, as kubectl does, and takes the account of the pod
//! only where there is none (docker/buildx, `driver/kubernetes/context/load.go`, `builder/node.go`): a job that deploys would
//! make, use or remove its builder in the cluster that it deploys to.

use super::environment::sets_client;
use super::facts::short;
use crate::shell::{Command, Script, program};

/// Words of the tools that write a kubeconfig, or choose another context in it: `aws eks update-kubeconfig`.
const WRITERS: [&str; 4] = ["update-kubeconfig", "write-kubeconfig", "get-credentials", "kubeconfig"];

/// What is said of such a command.
pub fn cluster(command: &Command) -> Option<String> {
    let words = || command.words.iter().map(|word| word.display());
    let targets = command.redirects.iter().map(|redirect| redirect.target.display());
    let name = program(command).unwrap_or_default();
    let speaks = matches!(name, "echo" | "printf");
    let mentioned = targets.chain(words().filter(|_| !speaks)).any(names_config);
    let is_quiet = matches!(name, "mkdir" | "ls" | "rm" | "unset");
    let writes = !speaks && words().skip(1).any(|word| WRITERS.contains(&word));
    if mentioned && !is_quiet || writes || switches(command, name) {
        return Some(format!(
            "`{}` is about the kubeconfig, by which buildx finds its builder too",
            short(command.raw())
        ));
    }
    deploys(command, name).then(|| {
        format!("`{}` finds its cluster by a kubeconfig or an account, and so would buildx", short(command.raw()))
    })
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
    !word.starts_with("--kubeconfig=")
        && (word.contains("/.kube") || word.contains("$KUBECONFIG") || word.contains("${KUBECONFIG"))
}

fn switches(command: &Command, name: &str) -> bool {
    let word = |at: usize| command.words.get(at).map(|word| word.display()).unwrap_or_default();
    let begins = |starts: &[&str]| starts.iter().any(|start| word(2).starts_with(start));
    match name {
        "kubectx" | "kubens" | "kubeswitch" | "kubelogin" => true,
        "kubectl" => word(1) == "config" && begins(&["use", "set", "unset", "delete", "rename"]),
        "oc" => matches!(word(1), "login" | "project"),
        "tsh" => matches!(word(1), "kube"),
        "ibmcloud" => matches!(word(1), "ks" | "oc") && word(2) == "cluster",
        _ => false,
    }
}

/// Whether a command works on a cluster that it is not told.
fn deploys(command: &Command, name: &str) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.display()).collect();
    let is_told = words.iter().any(|word| word.split('=').next() == Some("--kubeconfig"));
    let has = |verbs: &str| words.iter().any(|word| verbs.split(' ').any(|verb| verb == *word));
    let local = match name {
        "kubectl" | "oc" => has("kustomize version completion config --dry-run=client --client"),
        "helm" => has(
            "completion create dependency dep docs env lint package plugin pull push registry repo schema search show template unittest \
             version --dry-run=client",
        ),
        "helmfile" => has("build deps lint repos template version write-values"),
        "istioctl" | "flux" | "kapp" | "velero" | "stern" | "skaffold" | "devspace" | "tk" => has("version completion"),
        _ => true,
    };
    !is_told && !local && words.len() > 1
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
        ] {
            assert!(!said(text), "{text}");
        }
    }
}
