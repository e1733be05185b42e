//! The pre-commit hook.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::{Problem, Variables};

/// Tells our hook from others'.
const MARK: &str = "# Made by `tollgate scan --install-hook`.";

/// Installs a hook that scans what is staged, and says where. A hook that is not ours stays as it
/// is.
///
/// # Errors
/// When there is another hook, no repository, or no way to write.
pub fn install(path: &Path, program: &Path, variables: &Variables) -> Result<PathBuf, Problem> {
    let hooks = Repository::open(path, variables)?.hooks()?;
    let hook = hooks.join("pre-commit");
    let failed = |error: &std::io::Error| Problem(format!("{}: {error}", hook.display()));
    match fs::read_to_string(&hook) {
        Ok(text) if !text.contains(MARK) => {
            return Err(Problem(format!(
                "{} is there already and not ours; add this line to it: tollgate scan --staged || exit 1",
                hook.display()
            )));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&error)),
    }
    let beside = hooks.join("pre-commit.tollgate-new");
    fs::create_dir_all(&hooks)
        .and_then(|()| fs::write(&beside, script(program)))
        .and_then(|()| fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&beside, &hook))
        .map_err(|error| failed(&error))?;
    Ok(hook)
}

/// Fails closed: a commit that nobody looked at is what the hook is there against.
fn script(program: &Path) -> String {
    let program = program.to_string_lossy().replace('\'', "'\\''");
    format!(
        "#!/bin/sh\n{MARK} Delete this file to be rid of it.\n\
         if command -v tollgate >/dev/null 2>&1; then exec tollgate scan --staged; fi\n\
         if [ -x '{program}' ]; then exec '{program}' scan --staged; fi\n\
         echo 'tollgate is not to be found, so nothing was scanned; see .git/hooks/pre-commit' >&2\n\
         exit 1\n"
    )
}
