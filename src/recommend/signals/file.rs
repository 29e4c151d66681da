//! The models of who has which as a component of a store: safetensors, with the sizes that they were fitted on beside.
//!
//! What follows from the interactions at once is not kept: the matrix of who has which, and how popular each item is.

use serde::{Deserialize, Serialize};

use super::{
    collaborative::{Collaborative, Linear, popularity},
    near::Near,
};
use crate::recommend::{
    Error, Interaction, Result,
    retrieve::{Ease, ImplicitAls, WIDTH},
    sparse::Sparse,
    tensors::{TensorsIn, TensorsOut},
};

/// The store's component that holds the models.
pub const COLLABORATIVE: &str = "collaborative";

/// The note beside the tensors.
const FITTED: &str = "fitted";
/// Names of the kinds of nearness, in their order, and of the counts by year.
const KINDS: [&str; 3] = ["places", "clock", "next"];
const BY_ERA: &str = "by_era";
const ERAS: &str = "by_era.years";
/// Names of the dense models.
const DENSE: [&str; 2] = ["ease.strong", "ease.weak"];

/// How much models were fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Histories.
    pub users: usize,
    /// Items of the catalogue.
    pub items: usize,
    /// Interactions of all histories.
    pub interactions: usize,
}

/// What is told of the models beside them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fitted {
    #[serde(flatten)]
    on: Extent,
    linear: Kind,
}

/// Which linear model there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Ease,
    ImplicitAls,
}

impl Extent {
    /// That of some histories and a catalogue of `items` items.
    fn of(histories: &[&[Interaction]], items: usize) -> Self {
        let interactions = histories.iter().map(|history| history.len()).sum();
        Self { users: histories.len(), items, interactions }
    }
}

impl Collaborative {
    /// The models as bytes, and that they were fitted on these histories.
    ///
    /// # Errors
    /// If they do not fit their shapes.
    pub fn to_bytes(&self, histories: &[&[Interaction]]) -> Result<Vec<u8>> {
        let mut out = TensorsOut::default();
        let linear = match &self.linear {
            Linear::Dense(models) => {
                for (name, model) in DENSE.iter().zip(models) {
                    model.put(name, &mut out);
                }
                Kind::Ease
            }
            Linear::Factors(factors) => {
                out.put_f32("als.items", &[self.items(), WIDTH], factors.vectors());
                out.put_f32("als.users_gram", &[WIDTH, WIDTH], factors.users_gram());
                Kind::ImplicitAls
            }
        };
        for (name, counts) in KINDS.iter().zip(&self.near.kinds).chain([(&BY_ERA, &self.near.by_era)]) {
            put_sparse(&mut out, name, counts);
        }
        let eras: Vec<u32> = self.near.eras().iter().copied().map(u32::from).collect();
        out.put_u32(ERAS, &[eras.len()], &eras);
        let fitted = Fitted { on: Extent::of(histories, self.items()), linear };
        out.note(FITTED, serde_json::to_string(&fitted).map_err(|source| Error::Learned { source })?);
        out.into_bytes()
    }

    /// The models from bytes; none if they were fitted on something else than these histories.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn from_bytes(bytes: &[u8], histories: &[&[Interaction]], items: usize) -> Result<Option<Self>> {
        let tensors = TensorsIn::new(bytes)?;
        let Some(kind) = linear_if_fitted_on(&tensors, Extent::of(histories, items))? else { return Ok(None) };
        let linear = match kind {
            Kind::Ease => {
                let [strong, weak] = DENSE;
                let read = |name| Ease::read(name, &tensors, histories, items);
                Linear::Dense([read(strong)?, read(weak)?])
            }
            Kind::ImplicitAls => Linear::Factors(factors(&tensors, items)?),
        };
        Ok(Some(Self::of(linear, near(&tensors, items)?, popularity(histories, items))))
    }

    /// What [`updated`](Self::updated) makes of the models in bytes; none if they were not fitted on so much as `fitted_on`
    /// says. The histories that they were fitted on are not needed.
    ///
    /// # Errors
    /// If the bytes are damaged, or a dense model cannot be fitted.
    pub fn updated_from(
        bytes: Vec<u8>,
        fitted_on: Extent,
        histories: &[&[Interaction]],
        items: usize,
        changed: &[u32],
    ) -> Result<Option<Self>> {
        let tensors = TensorsIn::new(&bytes)?;
        let Some(kind) = linear_if_fitted_on(&tensors, fitted_on)? else { return Ok(None) };
        let factors = match kind {
            Kind::Ease => None,
            Kind::ImplicitAls => Some(factors(&tensors, fitted_on.items)?),
        };
        let near = near(&tensors, fitted_on.items)?;
        // As large as what was read out of them.
        drop(bytes);
        Self::updated_of(factors.as_ref(), &near, histories, items, changed).map(Some)
    }
}

/// Which linear model there is, if the models were fitted on so much.
fn linear_if_fitted_on(tensors: &TensorsIn<'_>, extent: Extent) -> Result<Option<Kind>> {
    let fitted: Fitted = serde_json::from_str(tensors.note(FITTED)?).map_err(|source| Error::Learned { source })?;
    Ok((fitted.on == extent).then_some(fitted.linear))
}

fn factors(tensors: &TensorsIn<'_>, items: usize) -> Result<ImplicitAls> {
    let vectors = tensors.f32("als.items", &[items, WIDTH])?;
    Ok(ImplicitAls::from_parts(vectors, tensors.f32("als.users_gram", &[WIDTH, WIDTH])?))
}

fn near(tensors: &TensorsIn<'_>, items: usize) -> Result<Near> {
    let [places, clock, next] = KINDS;
    let read = |name| sparse(tensors, name, items);
    let ((places, clock), (next, by_era)) =
        rayon::join(|| rayon::join(|| read(places), || read(clock)), || rayon::join(|| read(next), || read(BY_ERA)));
    let (kinds, by_era) = ([places?, clock?, next?], by_era?);
    let years = tensors.u32(ERAS, &[by_era.columns.len()])?;
    let eras = years.into_iter().map(|year| u16::try_from(year).map_err(|_| fault(ERAS, "holds no year")));
    Ok(Near::from_parts(kinds, by_era, eras.collect::<Result<_>>()?))
}

fn put_sparse(out: &mut TensorsOut, name: &str, counts: &Sparse) {
    let lens: Vec<u32> = counts.starts.windows(2).map(|pair| (pair[1] - pair[0]) as u32).collect();
    out.put_u32(&format!("{name}.lens"), &[lens.len()], &lens);
    out.put_u32(&format!("{name}.columns"), &[counts.columns.len()], &counts.columns);
    out.put_f32(&format!("{name}.values"), &[counts.values.len()], &counts.values);
}

/// A matrix of (items, items).
fn sparse(tensors: &TensorsIn<'_>, name: &str, items: usize) -> Result<Sparse> {
    let lens = tensors.u32(&format!("{name}.lens"), &[items])?;
    let mut starts = Vec::with_capacity(items + 1);
    starts.push(0);
    let mut end = 0;
    for len in lens {
        end += len as usize;
        starts.push(end);
    }
    let columns = tensors.u32(&format!("{name}.columns"), &[end])?;
    let values = tensors.f32(&format!("{name}.values"), &[end])?;
    if columns.iter().any(|&column| column as usize >= items) {
        return Err(fault(name, "names an item that there is not"));
    }
    Ok(Sparse { starts, columns, values })
}

fn fault(name: &str, fault: &'static str) -> Error {
    Error::Tensor { name: name.into(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::retrieve::ImplicitAlsOptions;

    fn histories() -> Vec<Vec<Interaction>> {
        let event =
            |item: usize, time: i64| Interaction { user: 0, item, rating: None, timestamp: Some(time * 40_000_000) };
        (0..9).map(|user| (0..4).map(|at| event((user * 3 + at) % 7, at as i64)).collect()).collect()
    }

    #[test]
    fn models_come_back_as_they_were() {
        let events = histories();
        let slices: Vec<&[Interaction]> = events.iter().map(Vec::as_slice).collect();
        for histories in [&slices[..], &slices[..5]] {
            let dense = Collaborative::fit(histories, 7).unwrap();
            let factors = ImplicitAls::fit(histories, 7, ImplicitAlsOptions::default(), 1);
            let factors = Collaborative::of(Linear::Factors(factors), dense.near.clone(), dense.users.clone());
            for model in [dense, factors] {
                let bytes = model.to_bytes(histories).unwrap();
                let back = Collaborative::from_bytes(&bytes, histories, 7).unwrap().unwrap();
                assert_eq!(back.linear(), model.linear());
                assert_eq!((&back.near, &back.users), (&model.near, &model.users));
                let weights = [(1, 0.5), (4, 1.0)];
                assert_eq!(back.strict(&weights), model.strict(&weights));
                assert_eq!(back.lenient(&weights), model.lenient(&weights));
                assert!(Collaborative::from_bytes(&bytes, &slices[..4], 7).unwrap().is_none());
                assert!(Collaborative::from_bytes(&bytes[..bytes.len() - 3], histories, 7).is_err());
                // An update begins with the same, of fewer histories than there are now.
                let (users, changed) = (histories.len(), [1, 2]);
                let fitted_on = Extent { users, items: 7, interactions: 4 * users };
                let update = |on| Collaborative::updated_from(bytes.clone(), on, &slices, 8, &changed).unwrap();
                let (updated, expected) = (update(fitted_on).unwrap(), model.updated(&slices, 8, &changed).unwrap());
                assert_eq!((&updated.near, &updated.users), (&expected.near, &expected.users));
                assert_eq!(updated.strict(&weights), expected.strict(&weights));
                assert!(update(Extent { interactions: 1, ..fitted_on }).is_none());
            }
        }
    }
}
