//! The block formats against the `gguf` package's own dequantization.

use docent::models::Format;

use crate::support::reference_json;

#[test]
fn blocks_hold_the_same_values() {
    let reference = reference_json("formats.json");
    let cases = reference["formats"].as_array().unwrap();
    for case in cases {
        let format = Format::from_ggml_type(case["type_id"].as_u64().unwrap() as u32).unwrap();
        assert_eq!(format.name(), case["format"].as_str().unwrap());
        assert_eq!(format.block_len() as u64, case["block_size"].as_u64().unwrap(), "{format}");
        assert_eq!(format.block_bytes() as u64, case["block_bytes"].as_u64().unwrap(), "{format}");
        let bytes = hex(case["bytes"].as_str().unwrap());
        let expected: Vec<f32> =
            case["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
        let mut values = vec![0.0; expected.len()];
        docent_kernels::dequantize(format, &bytes, &mut values);
        assert_eq!(values, expected, "{format}");
    }
    let quantized = Format::ALL.into_iter().filter(|format| format.block_len() > 1);
    assert_eq!(quantized.count(), cases.len(), "every block format has a case");
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
