//! Tells the program from which commit it is built, for the manifests of its reports.

use vergen_gitcl::{Emitter, Gitcl};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Whether there are changes without a commit may be another answer after each.
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.lock");
    // Where there is no git, or no repository, the program says that it doesn't know.
    Emitter::default().quiet().add_instructions(&Gitcl::builder().sha(false).dirty(false).build())?.emit()?;
    Ok(())
}
