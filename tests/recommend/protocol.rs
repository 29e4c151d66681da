//! The evaluation against the figures that another program printed for the same data and protocol.

use std::path::Path;

use docent::recommend::{
    Catalogue, Interactions, NoJudge, Roles, UnknownItems,
    evaluate::{Candidates, EvaluateData, EvaluateOptions, Method, Ties, evaluate},
};

/// NDCG@10, MRR, HR@10, HR@20, HR@50 of each method, from `data/movielens-small/README.md`.
const REFERENCE: [(Method, [f64; 5]); 5] = [
    (Method::Pop, [0.0212, 0.0185, 0.0474, 0.0692, 0.1087]),
    (Method::Itemknn, [0.0303, 0.0300, 0.0652, 0.1225, 0.2332]),
    (Method::Ease, [0.0368, 0.0347, 0.0771, 0.1186, 0.2451]),
    (Method::EaseDecayed, [0.0568, 0.0566, 0.0968, 0.1719, 0.2945]),
    (Method::Cooccurrence, [0.0754, 0.0667, 0.1423, 0.2213, 0.3261]),
];
/// How far a figure may lie from its reference, of it.
const TOLERANCE: f64 = 0.03;

#[test]
fn figures_on_movielens_are_those_of_the_reference() {
    let sample = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/movielens-small"));
    let roles = Roles::default();
    let catalogue = Catalogue::read(&sample.join("items.csv"), &roles).expect("the sample's items");
    let ratings = sample.join("ratings.csv");
    let interactions = Interactions::read(&ratings, &catalogue, UnknownItems::Refuse, &roles).expect("its ratings");
    let options = EvaluateOptions {
        methods: REFERENCE.map(|(method, _)| method).to_vec(),
        holdout: docent::recommend::evaluate::Holdout::Last(1),
        orders: vec![Ties::Id],
        candidates: Candidates::Full,
        rerank: docent::recommend::rerank::Asked::default(),
        diversity: 0.3,
        limit_users: None,
        seed: 0,
    };
    let data = EvaluateData { catalogue: &catalogue, interactions: &interactions, semantic: None };
    let evaluations =
        evaluate(data, &options, &mut NoJudge, &mut |_| std::ops::ControlFlow::Continue(())).expect("an evaluation");
    for (evaluation, (method, figures)) in evaluations.iter().zip(REFERENCE) {
        assert_eq!((evaluation.method, evaluation.users), (method, 506));
        for (name, expected) in ["ndcg@10", "mrr", "hr@10", "hr@20", "hr@50"].into_iter().zip(figures) {
            let found = evaluation.metrics[name];
            assert!((found.value - expected).abs() <= TOLERANCE * expected, "{method} {name}: {}", found.value);
            assert!(found.low < found.value && found.value < found.high, "{method} {name}: {found:?}");
        }
    }
}
