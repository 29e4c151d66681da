//! Addresses: whose they are, where a redirect leads, and how a file's name stands in one.

use ureq::http::Uri;

/// Scheme, host and port of an address.
pub(super) fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

/// The address that a redirect from `base` to `target` leads to. None leads from an encrypted to an open one.
pub(super) fn joined(base: &str, target: &str) -> Option<String> {
    let base: Uri = base.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let address = if target.starts_with("//") {
        format!("{scheme}:{target}")
    } else if target.starts_with('/') {
        format!("{scheme}://{authority}{target}")
    } else if target.contains("://") {
        target.to_owned()
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{target}")
    };
    let downgraded = scheme == "https" && !address.to_ascii_lowercase().starts_with("https://");
    (!downgraded).then_some(address)
}

/// A file's path as part of an address.
pub(super) fn escaped(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let encode = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    file.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_joined_to_their_base() {
        let base = "https://hub.example/org/name/resolve/main/a";
        let cases = [
            ("/other/a?x=1", Some("https://hub.example/other/a?x=1")),
            ("b", Some("https://hub.example/org/name/resolve/main/b")),
            ("//cdn.example/a", Some("https://cdn.example/a")),
            ("https://cdn.example/a", Some("https://cdn.example/a")),
            ("http://cdn.example/a", None),
            ("ftp://cdn.example/a", None),
        ];
        for (target, expected) in cases {
            assert_eq!(joined(base, target).as_deref(), expected, "{target}");
        }
    }
}
