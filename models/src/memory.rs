//! How much memory this process may still take, and has taken.

use std::fs;

/// Bytes available: what the system says is free for use, or what the control group's limit leaves, whichever is less.
/// `None` where neither is known.
pub fn available() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(mem_available);
    let group = group("/sys/fs/cgroup", "memory.max", "memory.current");
    let group =
        group.or_else(|| self::group("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"));
    system.into_iter().chain(group).min()
}

/// The most bytes of memory that this process has had at once, where the system says so.
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kib(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?)
}

fn kib(text: &str) -> Option<u64> {
    Some(text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn mem_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    kib(line)
}

/// What is left of a control group's limit.
fn group(folder: &str, limit: &str, used: &str) -> Option<u64> {
    let read = |file: &str| fs::read_to_string(format!("{folder}/{file}")).ok();
    group_left(&read(limit)?, &read(used)?, &read("memory.stat").unwrap_or_default())
}

/// What is used counts without the pages of files, which the system drops when it needs room: weights that were read once
/// would stand in their own way.
fn group_left(limit: &str, used: &str, stat: &str) -> Option<u64> {
    let read = |text: &str| text.trim().parse::<u64>().ok();
    let field = |name: &str| stat.lines().find_map(|line| read(line.strip_prefix(name)?.strip_prefix(' ')?));
    // The first version of control groups has those of groups below under names of their own.
    let pages = |name: &str| field(&format!("total_{name}")).or_else(|| field(name)).unwrap_or(0);
    let dropped = pages("inactive_file").saturating_add(pages("active_file"));
    Some(read(limit)?.saturating_sub(read(used)?.saturating_sub(dropped)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn meminfo_is_read_in_kibibytes() {
        let text = "MemTotal:       24576000 kB\nMemFree:  1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(super::mem_available(text), Some(20_000_000 * 1024));
        assert_eq!(super::mem_available("nothing"), None);
    }

    #[test]
    fn pages_of_files_are_room_in_a_control_group() {
        let stat = "anon 300\nfile 500\ninactive_file 200\nactive_file 100\n";
        let first_version = "inactive_file 1\nactive_file 1\ntotal_inactive_file 200\ntotal_active_file 100\n";
        let cases = [
            ("1000\n", "800\n", stat, Some(500)),
            ("1000\n", "800\n", first_version, Some(500)),
            ("1000\n", "800\n", "", Some(200)),
            ("1000\n", "1600\n", stat, Some(0)),
            ("1000\n", "100\n", stat, Some(1000)),
            ("max\n", "800\n", stat, None),
        ];
        for (limit, used, stat, expected) in cases {
            assert_eq!(super::group_left(limit, used, stat), expected, "{limit} {used} {stat}");
        }
    }
}
