//! The folder that wrappers lead to: `env -C DIR rm x` hits what is in DIR.

use std::path::PathBuf;

use crate::read::Understood;
use crate::ui::escape;
use crate::world::{World, lexical};

use super::around::Around;

/// A command as it looks from the folder that its wrappers lead to, and that folder; `None` where they lead
/// nowhere, or were followed already.
pub fn led(
    understood: &Understood,
    around: &Around,
    world: &dyn World,
) -> Option<(Understood, Around, PathBuf)> {
    if understood.invocation.wrappers.iter().all(|wrapper| wrapper.folder.is_none()) {
        return None;
    }
    let mut understood = understood.clone();
    let mut folder = world.session().cwd.clone();
    let mut lost = None;
    let mut far = false;
    for wrapper in &mut understood.invocation.wrappers {
        far |= wrapper.elsewhere;
        let Some(next) = wrapper.folder.take() else { continue };
        if far {
            lost = Some(format!("it runs in {} over there", escape(&next)));
        } else if around.is_unknown(&next) {
            lost = Some(format!("the folder that {} leads to is not known", wrapper.tool));
        } else {
            let joined = folder.join(next);
            folder = world.real_path(&joined).unwrap_or_else(|| lexical(&joined, &folder));
        }
    }
    Some((understood, around.and(Vec::new(), None, lost), folder))
}
