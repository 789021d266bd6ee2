//! Commands that run one after the other, or not at all.

use super::{Guard, Script};

impl Script {
    /// Whether the commands, given in source order, run one after the other, each because the one before it succeeded.
    ///
    /// They stand in one sequence: as statements of their own, or as elements of `&&` lists. Nothing in between decides whether the later
    /// ones run, and the failure of none is ignored. (What surrounds them all may still decide over all: see
    /// [`Context::in_branch`](super::Context::in_branch).) Other commands may stand between them.
    pub fn in_a_row(&self, commands: &[usize]) -> bool {
        let Some(commands) = commands.iter().map(|index| self.commands().get(*index)).collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        let contexts: Vec<_> = commands.iter().map(|command| &command.context).collect();
        let groups: Vec<_> = contexts.chunk_by(|left, right| left.innermost == right.innermost).collect();
        let plain = contexts.iter().all(|context| {
            context.pipeline.is_none()
                && !context.negated
                && !context.background
                && context.guarded.is_none_or(|guard| guard == Guard::And)
                && context.chain.as_ref().is_none_or(|chain| chain.only_and_before)
        });
        let ordered = contexts.windows(2).all(|pair| match pair {
            [left, right] => {
                let before = |context: &super::Context| {
                    (context.position, context.chain.as_ref().map_or(0, |chain| chain.position))
                };
                left.sequence == right.sequence && before(left) < before(right)
            }
            _ => true,
        });
        // A list goes on in the next statement only when it is in the row from first to last: the failure of an element in its midst
        // ends the list and not the script.
        let whole = groups.iter().enumerate().all(|(number, group)| {
            let chains: Vec<_> = group.iter().filter_map(|context| context.chain.as_ref()).collect();
            let (Some(first), Some(last)) = (chains.first(), chains.last()) else {
                return group.len() == 1;
            };
            let from_start = groups.len() == 1 || first.position == 0;
            let to_end = number + 1 == groups.len() || last.position + 1 == last.length;
            let gapless = groups.len() == 1
                || chains.windows(2).all(|pair| match pair {
                    [left, right] => left.position + 1 == right.position,
                    _ => true,
                });
            from_start && to_end && gapless
        });
        plain && ordered && whole
    }
}
