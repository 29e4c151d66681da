//! The prefixes whose keys and values are kept, as a tree of blocks.
//!
//! A node is one block of positions behind its parent's; only a node whose block is full has children. Two sequences
//! that begin with the same tokens meet in the same nodes. A node holds its block as a sequence does; one that nobody
//! else holds may be forgotten, the one that was used longest ago first.

use docent_models::kv::{BlockId, BlockPool, KV_BLOCK};

use crate::engine::soft;

/// A node's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

#[derive(Debug)]
struct Node {
    parent: Option<NodeId>,
    /// The tokens of its positions, 1 to 64.
    ids: Vec<u32>,
    block: BlockId,
    children: Vec<NodeId>,
    /// When it was used last, and how often it was found.
    used: u64,
    found: u32,
}

/// How much of a sequence is kept.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Nodes of whole blocks, from the beginning.
    pub(super) whole: Vec<NodeId>,
    /// A node behind them that begins with what follows, and how many positions of it.
    pub(super) part: Option<(NodeId, usize)>,
}

impl Found {
    /// How many positions are kept.
    pub(super) fn positions(&self) -> usize {
        self.whole.len() * KV_BLOCK + self.part.map_or(0, |(_, positions)| positions)
    }
}

/// The kept prefixes of one cache.
#[derive(Debug, Default)]
pub(super) struct PrefixTree {
    nodes: Vec<Option<Node>>,
    vacant: Vec<NodeId>,
    /// Nodes of the first positions.
    roots: Vec<NodeId>,
    clock: u64,
}

impl PrefixTree {
    /// What is kept of a sequence's beginning. Reads only.
    pub(super) fn find(&self, ids: &[u32]) -> Found {
        let mut found = Found::default();
        let mut parent = None;
        for chunk in ids.chunks(KV_BLOCK) {
            match self.nearest(parent, chunk) {
                Some((node, KV_BLOCK)) => {
                    found.whole.push(node);
                    parent = Some(node);
                }
                Some((node, positions)) if positions > 0 => {
                    found.part = Some((node, positions));
                    break;
                }
                _ => break,
            }
        }
        found
    }

    /// The block of a node.
    pub(super) fn block(&self, node: NodeId) -> Option<BlockId> {
        Some(self.get(node)?.block)
    }

    /// Marks nodes as used now.
    pub(super) fn touch(&mut self, found: &Found) {
        self.clock += 1;
        for &node in found.whole.iter().chain(found.part.as_ref().map(|(node, _)| node)) {
            self.stamp(node);
            if let Some(node) = self.get_mut(node) {
                node.found = node.found.saturating_add(1);
            }
        }
    }

    /// Keeps the positions of one block behind `parent`, which `block` holds. Where the same positions are kept already,
    /// a whole block takes the place of the one that is given. Returns the node, if it is a whole one.
    pub(super) fn keep(
        &mut self,
        parent: Option<NodeId>,
        ids: &[u32],
        block: &mut BlockId,
        pool: &mut BlockPool,
    ) -> Option<NodeId> {
        self.clock += 1;
        let node = match self.nearest(parent, ids) {
            // It is kept already, perhaps with more behind it.
            Some((node, common)) if common == ids.len() => {
                let kept = self.block(node)?;
                if ids.len() == KV_BLOCK && kept != *block {
                    pool.share(kept);
                    pool.release(*block);
                    *block = kept;
                }
                node
            }
            // A part of it is kept: it grows, in the sequence's own block.
            Some((node, common)) if self.get(node)?.ids.len() == common => {
                let grown = self.get_mut(node)?;
                grown.ids.extend_from_slice(&ids[common..]);
                if grown.block != *block {
                    pool.share(*block);
                    pool.release(std::mem::replace(&mut grown.block, *block));
                }
                node
            }
            _ => {
                pool.share(*block);
                self.insert(parent, ids, *block)
            }
        };
        self.stamp(node);
        (ids.len() == KV_BLOCK).then_some(node)
    }

    /// At most `most` nodes with their parents before them: first those that were found again, the latest used first.
    /// Of each its parent's place in the list, its tokens and its block.
    pub(super) fn worth_keeping(&self, most: usize) -> Vec<(Option<usize>, &[u32], BlockId)> {
        let mut order: Vec<&Node> = self.nodes.iter().flatten().collect();
        order.sort_by_key(|node| std::cmp::Reverse((node.found > 0, node.used)));
        let mut list = Vec::new();
        let mut places = std::collections::HashMap::new();
        for node in order {
            // The node and those of its ancestors that are not in the list yet, the oldest first.
            let mut path = vec![node];
            while let Some(parent) = path[path.len() - 1].parent.and_then(|parent| self.get(parent))
                && !places.contains_key(&parent.block)
            {
                path.push(parent);
            }
            // What a soft token stands for is not known to another engine.
            let is_soft = path.iter().any(|node| node.ids.iter().any(|&id| id >= soft::FIRST));
            if is_soft || places.contains_key(&node.block) || list.len() + path.len() > most {
                continue;
            }
            for node in path.into_iter().rev() {
                let parent = node.parent.and_then(|parent| self.block(parent));
                let parent = parent.and_then(|block| places.get(&block).copied());
                places.insert(node.block, list.len());
                list.push((parent, node.ids.as_slice(), node.block));
            }
        }
        list
    }

    /// How many blocks could be forgotten.
    pub(super) fn evictable(&self, pool: &BlockPool) -> usize {
        self.nodes.iter().flatten().filter(|node| pool.holders(node.block) == 1).count()
    }

    /// Whether nobody but the tree holds a node's block.
    pub(super) fn is_evictable(&self, node: NodeId, pool: &BlockPool) -> bool {
        self.block(node).is_some_and(|block| pool.holders(block) == 1)
    }

    /// Forgets the prefix that was used longest ago, and frees its last block. False if none can be forgotten.
    pub(super) fn evict(&mut self, pool: &mut BlockPool) -> bool {
        let nodes = self.nodes.iter().enumerate().filter_map(|(at, node)| Some((at, node.as_ref()?)));
        let free = nodes.filter(|(_, node)| node.children.is_empty() && pool.holders(node.block) == 1);
        let Some((at, _)) = free.min_by_key(|(_, node)| node.used) else { return false };
        let id = NodeId(at as u32);
        let Some(node) = self.nodes[at].take() else { return false };
        self.siblings_mut(node.parent).retain(|sibling| *sibling != id);
        self.vacant.push(id);
        pool.release(node.block);
        true
    }

    /// The child of `parent` that has most in common with the beginning of `ids`, and how much.
    fn nearest(&self, parent: Option<NodeId>, ids: &[u32]) -> Option<(NodeId, usize)> {
        let children = match parent {
            None => &self.roots,
            Some(parent) => &self.get(parent)?.children,
        };
        let common = |&child: &NodeId| {
            let kept = self.get(child).map_or(&[][..], |node| &node.ids);
            (child, kept.iter().zip(ids).take_while(|(a, b)| a == b).count())
        };
        // The first of equals, so that what was there first stays.
        children.iter().map(common).reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    fn insert(&mut self, parent: Option<NodeId>, ids: &[u32], block: BlockId) -> NodeId {
        let id = self.vacant.pop().unwrap_or_else(|| {
            self.nodes.push(None);
            NodeId(self.nodes.len() as u32 - 1)
        });
        self.nodes[id.0 as usize] =
            Some(Node { parent, ids: ids.to_vec(), block, children: Vec::new(), used: 0, found: 0 });
        self.siblings_mut(parent).push(id);
        id
    }

    fn get(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(node.0 as usize)?.as_ref()
    }

    fn get_mut(&mut self, node: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(node.0 as usize)?.as_mut()
    }

    fn stamp(&mut self, node: NodeId) {
        let now = self.clock;
        if let Some(node) = self.get_mut(node) {
            node.used = now;
        }
    }

    /// The nodes behind `parent`.
    fn siblings_mut(&mut self, parent: Option<NodeId>) -> &mut Vec<NodeId> {
        match parent.and_then(|parent| self.nodes[parent.0 as usize].as_mut()) {
            None => &mut self.roots,
            Some(parent) => &mut parent.children,
        }
    }
}
