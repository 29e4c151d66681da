//! Has the linker pack relative relocations (RELR), where this system's C library reads that: otherwise each start brings
//! all of them into memory (`.rela.dyn` in what `readelf -SW target/release/docent` prints: 1.5 MB).

use std::process::Command;

/// The first glibc that reads them.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |key: &str| std::env::var(key).unwrap_or_default();
    let is_glibc = of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu";
    if is_glibc && of("HOST") == of("TARGET") && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this system's.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) = std::str::from_utf8(&output.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
