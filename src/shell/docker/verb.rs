//! What docker can be told to do.

/// What a docker command does. Spellings that mean the same are one: `docker image push` is [`Verb::Push`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// `docker build`, `docker image build`, `docker builder build`
    Build,
    /// `docker buildx build`
    BuildxBuild,
    /// `docker buildx bake`
    BuildxBake,
    /// `docker buildx create`
    BuildxCreate,
    /// `docker buildx use`
    BuildxUse,
    /// `docker buildx rm`
    BuildxRm,
    /// `docker buildx inspect`
    BuildxInspect,
    /// `docker buildx ls`
    BuildxLs,
    /// `docker buildx version`
    BuildxVersion,
    /// `docker buildx imagetools …`
    Imagetools(Imagetools),
    /// Another of buildx: `install`, `prune`, `du` …; empty without any.
    BuildxOther(String),
    /// `docker login`
    Login,
    /// `docker logout`
    Logout,
    /// `docker pull`
    Pull,
    /// `docker push`
    Push,
    /// `docker tag`
    Tag,
    /// `docker run`
    Run,
    /// `docker exec`
    Exec,
    /// `docker cp`
    Cp,
    /// `docker images`, `docker image ls`
    Images,
    /// `docker info`, `docker system info`
    Info,
    /// `docker save`
    Save,
    /// `docker load`
    Load,
    /// `docker import`
    Import,
    /// `docker export`
    Export,
    /// `docker rmi`, `docker image rm`
    Rmi,
    /// `docker inspect`, of images and containers too
    Inspect,
    /// `docker network …`
    Network,
    /// `docker volume …`
    Volume,
    /// `docker system df|events|prune`
    System,
    /// `docker search`
    Search,
    /// `docker version`
    Version,
    /// `docker context …`
    Context(ContextVerb),
    /// `docker manifest …`
    Manifest,
    /// `docker compose …`, `docker-compose …`
    Compose(Compose),
    /// No verb: `docker`, `docker --version`.
    None,
    /// Another one (`ps`, `rm`, `stack` …), or an expansion.
    Other(String),
}

/// `docker buildx imagetools …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imagetools {
    /// `docker buildx imagetools create`
    Create,
    /// `docker buildx imagetools inspect`
    Inspect,
    /// Another one, or an expansion.
    Other(String),
}

/// `docker context …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextVerb {
    /// `docker context create`
    Create,
    /// `docker context use`
    Use,
    /// `docker context rm`
    Rm,
    /// `docker context ls`
    Ls,
    /// Another one, or an expansion.
    Other(String),
}

/// `docker compose …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compose {
    /// `docker compose run`
    Run,
    /// `docker compose up`
    Up,
    /// `docker compose down`
    Down,
    /// `docker compose logs`
    Logs,
    /// `docker compose exec`
    Exec,
    /// `docker compose build`
    Build,
    /// `docker compose push`
    Push,
    /// `docker compose pull`
    Pull,
    /// `docker compose config`
    Config,
    /// `docker compose version`
    Version,
    /// No verb: `docker compose`, `docker-compose --version`.
    None,
    /// Another one (`ps`, `rm` …), or an expansion.
    Other(String),
}
