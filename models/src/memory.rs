//! How much memory this process may still take, and has taken.

use std::fs;

/// Bytes available: what the system says is free for use, or what the control group's limit leaves, whichever is less.
/// `None` where neither is known.
pub fn available() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(mem_available);
    let group = group_left("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current").or_else(|| {
        let folder = "/sys/fs/cgroup/memory";
        group_left(&format!("{folder}/memory.limit_in_bytes"), &format!("{folder}/memory.usage_in_bytes"))
    });
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

fn group_left(limit: &str, used: &str) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(read(limit)?.saturating_sub(read(used)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn meminfo_is_read_in_kibibytes() {
        let text = "MemTotal:       24576000 kB\nMemFree:  1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(super::mem_available(text), Some(20_000_000 * 1024));
        assert_eq!(super::mem_available("nothing"), None);
    }
}
