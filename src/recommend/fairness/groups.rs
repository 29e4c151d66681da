//! Groups: records that have a value of an attribute in common.

use std::collections::BTreeMap;

use crate::recommend::{Attribute, Catalogue, Error, Result, Users, users::User};

/// The most groups of an attribute; rarer values stand together.
pub(super) const MOST: usize = 12;
/// How many groups numbers are parted into, of equal size as far as equal numbers allow.
const PARTS: usize = 4;
/// The group of records that lack the attribute.
const UNKNOWN: &str = "(unknown)";
/// The group of rare values.
const OTHERS: &str = "(others)";

/// Records by one attribute. A record with several values is in each of their groups, by equal shares that add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The attribute's column.
    pub attribute: String,
    /// The groups' names, the largest first; numbers ascending.
    pub names: Vec<String>,
    /// The groups of each record, with its share in each.
    members: Vec<Vec<(usize, f32)>>,
}

/// An attribute's values as texts; none of an attribute without any.
pub(super) fn shown(attribute: &Attribute) -> Vec<String> {
    match attribute {
        Attribute::Number(number) => vec![number.to_string()],
        Attribute::Many(values) => values.clone(),
        Attribute::Text(text) => vec![text.clone()],
    }
}

impl Groups {
    /// The items by one attribute.
    ///
    /// # Errors
    /// If items have no such attribute.
    pub fn of_items(catalogue: &Catalogue, column: &str) -> Result<Self> {
        Self::of_items_with(catalogue, column, &[])
    }

    /// The same, where some values are groups however rare they are.
    ///
    /// # Errors
    /// If items have no such attribute.
    pub(super) fn of_items_with(catalogue: &Catalogue, column: &str, kept: &[&str]) -> Result<Self> {
        if !catalogue.attributes().iter().any(|attribute| attribute.name == column) {
            let known = catalogue.attributes().iter().map(|attribute| attribute.name.clone()).collect();
            return Err(Error::NoSuchAttribute { column: column.to_owned(), of: "items", known });
        }
        Ok(Self::new(column, catalogue.items().iter().map(|item| item.attribute(column)), kept))
    }

    /// Users by one attribute, in the order of `ids`; whoever has no record is unknown.
    ///
    /// # Errors
    /// If users have no such attribute.
    pub fn of_users<'a>(users: &Users, column: &str, ids: impl Iterator<Item = &'a str>) -> Result<Self> {
        super::mask::known(users, column)?;
        let records: Vec<Option<&User>> = ids.map(|id| users.get(id)).collect();
        let values = records.into_iter().map(|user| user.and_then(|user| user.attribute(column)));
        Ok(Self::new(column, values, &[]))
    }

    fn new<'a>(column: &str, values: impl Iterator<Item = Option<&'a Attribute>>, kept: &[&str]) -> Self {
        let values: Vec<Option<&Attribute>> = values.collect();
        let ranges = ranges(&values);
        let named = |value: &Option<&Attribute>| match value {
            None => vec![UNKNOWN.to_owned()],
            Some(Attribute::Number(number)) if !ranges.is_empty() => {
                let range = ranges.iter().find(|range| *number <= range.1).or(ranges.last());
                range.map(|(low, high)| range_name(*low, *high)).into_iter().collect()
            }
            Some(value) => {
                let mut texts = shown(value);
                texts.retain(|text| !text.is_empty());
                texts.sort_unstable();
                texts.dedup();
                if texts.is_empty() { vec![UNKNOWN.to_owned()] } else { texts }
            }
        };
        let records: Vec<Vec<String>> = values.iter().map(named).collect();
        let mut names = names(&records, &ranges, kept);
        let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let others = names.len();
        let of = |record: &Vec<String>| {
            let share = 1.0 / record.len() as f32;
            let mut groups: Vec<(usize, f32)> = Vec::new();
            for name in record {
                let group = place.get(name.as_str()).copied().unwrap_or(others);
                match groups.iter_mut().find(|(known, _)| *known == group) {
                    Some((_, sum)) => *sum += share,
                    None => groups.push((group, share)),
                }
            }
            groups
        };
        let members: Vec<Vec<(usize, f32)>> = records.iter().map(of).collect();
        if members.iter().flatten().any(|(group, _)| *group == others) {
            names.push(OTHERS.to_owned());
        }
        Self { attribute: column.to_owned(), names, members }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The groups of a record, with its share in each.
    pub fn of(&self, record: usize) -> &[(usize, f32)] {
        &self.members[record]
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        self.members.len()
    }

    /// The place of a group by its name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The share of each group in weighted records, (groups); all 0 if nothing weighs anything.
    pub fn shares(&self, records: impl IntoIterator<Item = (usize, f64)>) -> Vec<f64> {
        let (mut sums, mut total) = (vec![0.0; self.len()], 0.0);
        for (record, weight) in records {
            total += weight;
            self.of(record).iter().for_each(|(group, share)| sums[*group] += weight * f64::from(*share));
        }
        sums.iter_mut().for_each(|sum| *sum /= if total > 0.0 { total } else { 1.0 });
        sums
    }
}

/// The parts that numbers fall into, ascending, each from its least to its greatest; none where values are few enough to
/// be groups themselves.
fn ranges(values: &[Option<&Attribute>]) -> Vec<(f64, f64)> {
    let numbers = values.iter().filter_map(|value| match value {
        Some(Attribute::Number(number)) => Some(*number),
        _ => None,
    });
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let mut distinct = numbers.clone();
    distinct.dedup();
    if distinct.len() <= MOST {
        return Vec::new();
    }
    let mut ranges: Vec<(f64, f64)> = Vec::new();
    for part in 1..=PARTS {
        let high = numbers[numbers.len() * part / PARTS - 1];
        let low = ranges.last().map_or(numbers.first(), |(_, end)| numbers.iter().find(|number| *number > end));
        if let Some(&low) = low.filter(|low| **low <= high) {
            ranges.push((low, high));
        }
    }
    ranges
}

fn range_name(low: f64, high: f64) -> String {
    format!("{low} to {high}")
}

/// The groups' names, the largest first, without those that are too rare.
fn names(records: &[Vec<String>], ranges: &[(f64, f64)], kept: &[&str]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    records.iter().flatten().for_each(|name| *counts.entry(name).or_insert(0) += 1);
    if !ranges.is_empty() {
        let ordered = ranges.iter().map(|(low, high)| range_name(*low, *high));
        let rest = counts.contains_key(UNKNOWN).then(|| UNKNOWN.to_owned());
        return ordered.chain(rest).collect();
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if counts.len() > MOST {
        let rest = counts.split_off(MOST - 1);
        counts.extend(rest.into_iter().filter(|(name, _)| kept.contains(name)));
    }
    counts.into_iter().map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::Item;

    fn catalogue(values: Vec<Option<Attribute>>) -> Catalogue {
        let item = |(index, value): (usize, Option<Attribute>)| Item {
            id: index.to_string(),
            attributes: value.map(|value| ("x".to_owned(), value)).into_iter().collect(),
            ..Item::default()
        };
        Catalogue::new(values.into_iter().enumerate().map(item).collect())
    }

    fn many(values: &[&str]) -> Option<Attribute> {
        Some(Attribute::Many(values.iter().map(|&value| value.to_owned()).collect()))
    }

    #[test]
    fn records_are_shared_out_among_their_values() {
        let catalogue = catalogue(vec![many(&["b", "a"]), many(&["b"]), None, many(&[])]);
        let groups = Groups::of_items(&catalogue, "x").unwrap();
        assert_eq!(groups.names, ["(unknown)", "b", "a"]);
        assert_eq!(groups.of(0), [(2, 0.5), (1, 0.5)]);
        assert_eq!(groups.shares((0..4).map(|item| (item, 1.0))), [0.5, 0.375, 0.125]);
        let error = Groups::of_items(&catalogue, "y").unwrap_err();
        assert_eq!(error.to_string(), "there is no attribute `y` of the items");
    }

    #[test]
    fn numbers_fall_into_parts_and_rare_values_stand_together() {
        let numbers = catalogue((0..40).map(|n| Some(Attribute::Number(f64::from(n)))).collect());
        let groups = Groups::of_items(&numbers, "x").unwrap();
        assert_eq!(groups.names, ["0 to 9", "10 to 19", "20 to 29", "30 to 39"]);
        assert_eq!(groups.of(10), [(1, 1.0)]);
        let texts = catalogue((0..40).map(|n| Some(Attribute::Text(format!("v{}", n % 20)))).collect());
        let groups = Groups::of_items(&texts, "x").unwrap();
        assert_eq!((groups.len(), groups.names.last().map(String::as_str)), (MOST, Some("(others)")));
    }

    proptest! {
        #[test]
        fn shares_of_a_record_add_up_to_one(values in prop::collection::vec(prop::collection::vec(0u8..30, 0..4), 1..60)) {
            let texts = |values: &Vec<u8>| Some(Attribute::Many(values.iter().map(|v| format!("v{v}")).collect()));
            let catalogue = catalogue(values.iter().map(texts).collect());
            let groups = Groups::of_items(&catalogue, "x").unwrap();
            prop_assert!(groups.len() <= MOST);
            for record in 0..groups.records() {
                let sum: f32 = groups.of(record).iter().map(|(_, share)| share).sum();
                prop_assert!((sum - 1.0).abs() < 1e-5);
            }
            let total: f64 = groups.shares((0..groups.records()).map(|record| (record, 1.0))).iter().sum();
            prop_assert!((total - 1.0).abs() < 1e-5);
        }
    }
}
