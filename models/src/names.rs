//! The names of tensors in GGUF files (llama.cpp's), from those of the Hub's checkpoints.

/// Pieces of decoder and encoder names, the longest first where one contains another.
const LAYER_PIECES: &[(&str, &str)] = &[
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("attention.self.query", "attn_q"),
    ("attention.self.key", "attn_k"),
    ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"),
    ("attention.output.LayerNorm", "attn_output_norm"),
    ("intermediate.dense", "ffn_up"),
    ("output.dense", "ffn_down"),
    ("output.LayerNorm", "layer_output_norm"),
];

const OTHER_PIECES: &[(&str, &str)] = &[
    ("model.embed_tokens", "token_embd"),
    ("model.norm", "output_norm"),
    ("lm_head", "output"),
    ("embeddings.word_embeddings", "token_embd"),
    ("embeddings.position_embeddings", "position_embd"),
    ("embeddings.token_type_embeddings", "token_types"),
    ("embeddings.LayerNorm", "token_embd_norm"),
];

/// `blk.3.attn_q.weight` for `model.layers.3.self_attn.q_proj.weight`; a name that has no translation stays.
pub(crate) fn gguf(name: &str) -> String {
    let Some((module, kind)) = name.rsplit_once('.') else { return name.to_owned() };
    let layer = module.strip_prefix("model.layers.").or_else(|| module.strip_prefix("encoder.layer."));
    let (prefix, piece, table) = match layer.and_then(|rest| rest.split_once('.')) {
        Some((index, piece)) => (format!("blk.{index}."), piece, LAYER_PIECES),
        None => (String::new(), module, OTHER_PIECES),
    };
    match table.iter().find(|(hub, _)| *hub == piece) {
        Some((_, own)) => format!("{prefix}{own}.{kind}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn hub_names_become_gguf_names() {
        let cases = [
            ("model.embed_tokens.weight", "token_embd.weight"),
            ("model.layers.11.self_attn.q_proj.bias", "blk.11.attn_q.bias"),
            ("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight"),
            ("encoder.layer.2.output.LayerNorm.bias", "blk.2.layer_output_norm.bias"),
            ("lm_head.weight", "output.weight"),
            ("something.else", "something.else"),
        ];
        for (hub, own) in cases {
            assert_eq!(super::gguf(hub), own);
        }
    }
}
