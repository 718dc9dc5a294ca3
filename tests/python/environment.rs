//! Python with numpy, pyarrow, pandas and polars, in an environment of its own below the target directory: made once, then used again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What is installed. Older Pythons get the last releases that know them.
const PACKAGES: [&str; 8] = [
    "numpy==2.4.6; python_version >= '3.11'",
    "pyarrow==26.0.1; python_version >= '3.11'",
    "pandas==3.1.1; python_version >= '3.11'",
    "polars==2.1.0; python_version >= '3.11'",
    "numpy==2.2.6; python_version < '3.11'",
    "pyarrow==21.0.0; python_version < '3.11'",
    "pandas==2.3.3; python_version < '3.11'",
    "polars==1.36.1; python_version < '3.11'",
];

/// The environment's interpreter.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| made().unwrap_or_else(|why| panic!("{why}")))
}

fn made() -> Result<PathBuf, String> {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (home, list) = (parent.join("python"), PACKAGES.join("\n"));
    fs::create_dir_all(parent).map_err(|e| format!("making {}: {e}", parent.display()))?;
    // One process makes it, the others wait.
    let lock = File::create(parent.join("python.lock")).map_err(|e| format!("a lock: {e}"))?;
    lock.lock().map_err(|e| format!("a lock: {e}"))?;
    let (python, ready) = (home.join("bin/python"), home.join("ready"));
    if fs::read_to_string(&ready).is_ok_and(|made_of| made_of == list) {
        return Ok(python);
    }
    let _ = fs::remove_dir_all(&home);
    let hint = "this test needs Python 3 with its module `venv` (on Debian: apt-get install python3-venv)";
    run(Command::new("python3").args(["-m", "venv"]).arg(&home)).map_err(|why| format!("{hint}: {why}"))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:"]);
    run(install.args(PACKAGES)).map_err(|why| format!("its packages cannot be installed: {why}"))?;
    fs::write(ready, list).map_err(|e| format!("noting that the environment is ready: {e}"))?;
    Ok(python)
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let Output { status, stdout, stderr } = command.output().map_err(|e| format!("{name}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() { Ok(text(&stdout)) } else { Err(format!("{name}, {status}:\n{}", text(&stderr))) }
}
