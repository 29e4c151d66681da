//! What exposure groups should get.

use std::str::FromStr;

use super::Groups;
use crate::recommend::{Catalogue, Error, Interactions, Result, interactions::liked};

/// How a list's exposure should be shared out among the groups of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposureTarget {
    /// The attribute of items.
    pub attribute: String,
    /// The shares.
    pub shares: TargetShares,
}

/// The shares of an exposure target.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TargetShares {
    /// As in the catalogue: all items are worth the same (demographic parity).
    #[default]
    Catalogue,
    /// As in what all users liked: by merit (disparate treatment of Singh and Joachims 2018).
    Liked,
    /// The same for every group.
    Equal,
    /// These, of groups by name; all others share what is left as they do in the catalogue.
    Named(Vec<(String, f64)>),
}

/// `ATTRIBUTE`, or `ATTRIBUTE=` and `catalogue`, `liked`, `equal`, or `GROUP:SHARE,..`
impl FromStr for ExposureTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (attribute, target) = text.split_once('=').unwrap_or((text, "catalogue"));
        if attribute.is_empty() {
            return Err("expected the name of an attribute of items".into());
        }
        let shares = match target {
            "catalogue" => TargetShares::Catalogue,
            "liked" => TargetShares::Liked,
            "equal" => TargetShares::Equal,
            named => TargetShares::Named(named.split(',').map(named_share).collect::<Result<_, _>>()?),
        };
        if let TargetShares::Named(shares) = &shares {
            let total: f64 = shares.iter().map(|(_, share)| share).sum();
            if total > 1.0 + 1e-9 {
                return Err(format!("the shares add up to {total}, and may to 1"));
            }
        }
        Ok(Self { attribute: attribute.to_owned(), shares })
    }
}

fn named_share(text: &str) -> Result<(String, f64), String> {
    let wrong = || "expected `catalogue`, `liked`, `equal`, or `GROUP:SHARE,..` with shares from 0 to 1".to_owned();
    let (group, share) = text.rsplit_once(':').ok_or_else(wrong)?;
    let share = share.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong)?;
    Ok((group.trim().to_owned(), share))
}

impl ExposureTarget {
    /// The groups of the items, and the share that is wanted for each; together 1.
    ///
    /// # Errors
    /// If items have no such attribute, or it has no such group.
    pub fn resolve(&self, catalogue: &Catalogue, interactions: &Interactions) -> Result<(Groups, Vec<f64>)> {
        let named: &[(String, f64)] = match &self.shares {
            TargetShares::Named(shares) => shares,
            _ => &[],
        };
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        let groups = Groups::of_items_with(catalogue, &self.attribute, &names)?;
        let of_catalogue = groups.shares((0..groups.records()).map(|item| (item, 1.0)));
        let wanted = match &self.shares {
            TargetShares::Catalogue => of_catalogue,
            TargetShares::Equal => vec![1.0 / groups.len().max(1) as f64; groups.len()],
            TargetShares::Liked => {
                let histories = interactions.histories().iter();
                let all = histories.flat_map(|history| liked(history).map(|event| (event.item, 1.0)));
                let shares = groups.shares(all);
                if shares.iter().sum::<f64>() > 0.0 { shares } else { of_catalogue }
            }
            TargetShares::Named(shares) => fill(shares, &of_catalogue, &groups)?,
        };
        Ok((groups, wanted))
    }
}

/// Named shares, and what is left for the others.
fn fill(named: &[(String, f64)], of_catalogue: &[f64], groups: &Groups) -> Result<Vec<f64>> {
    let mut wanted: Vec<Option<f64>> = vec![None; groups.len()];
    for (name, share) in named {
        let place = groups.place(name).ok_or_else(|| Error::NoSuchGroup {
            attribute: groups.attribute.clone(),
            group: name.clone(),
            known: groups.names.clone(),
        })?;
        wanted[place] = Some(*share);
    }
    let said: f64 = wanted.iter().flatten().sum();
    let open: f64 =
        wanted.iter().zip(of_catalogue).filter(|(wanted, _)| wanted.is_none()).map(|(_, share)| share).sum();
    let shares: Vec<f64> = wanted
        .iter()
        .zip(of_catalogue)
        .map(|(wanted, share)| wanted.unwrap_or(if open > 0.0 { (1.0 - said).max(0.0) * share / open } else { 0.0 }))
        .collect();
    // Where all groups are named and their shares are less than everything, they are in proportion.
    let total: f64 = shares.iter().sum();
    Ok(shares.into_iter().map(|share| if total > 0.0 { share / total } else { share }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Interaction, Item};

    fn catalogue() -> Catalogue {
        let item =
            |side: &str| Item { attributes: vec![("side".into(), Attribute::Text(side.into()))], ..Item::default() };
        Catalogue::new(["left", "left", "left", "middle", "middle", "right"].map(item).to_vec())
    }

    #[test]
    fn targets_are_read_and_resolved() {
        let event = |item| Interaction { user: 0, item, rating: None, timestamp: None };
        let known = Interactions::from_histories([("a".to_owned(), vec![event(5), event(0)])]);
        let cases: [(&str, [f64; 3]); 6] = [
            ("side", [0.5, 1.0 / 3.0, 1.0 / 6.0]),
            ("side=catalogue", [0.5, 1.0 / 3.0, 1.0 / 6.0]),
            ("side=equal", [1.0 / 3.0; 3]),
            ("side=liked", [0.5, 0.0, 0.5]),
            ("side=right:0.5", [0.3, 0.2, 0.5]),
            ("side=left:0.2, middle:0.2,right:0.4", [0.25, 0.25, 0.5]),
        ];
        for (text, expected) in cases {
            let target: ExposureTarget = text.parse().unwrap();
            let (groups, wanted) = target.resolve(&catalogue(), &known).unwrap();
            assert_eq!(groups.names, ["left", "middle", "right"]);
            assert!(wanted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{text}: {wanted:?}");
        }
        let target: ExposureTarget = "side=top:0.5".parse().unwrap();
        let error = target.resolve(&catalogue(), &known).unwrap_err();
        assert_eq!(error.to_string(), "attribute `side` has no group `top`");
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "=equal", "side=fair", "side=left:1.5", "side=left:0.7,right:0.7", "side=left"] {
            assert!(text.parse::<ExposureTarget>().is_err(), "{text}");
        }
    }
}
