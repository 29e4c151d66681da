//! What is packed is what was stored.

use super::*;
use crate::testing::{bits, random_blocks};
use crate::{Format, dequantize};

#[test]
fn rows_come_back_as_they_were_stored() {
    for format in Format::ALL.into_iter().filter(|format| format.block_len() > 1) {
        for (rows, blocks) in [(1, 1), (16, 2), (37, 3)] {
            let cols = blocks * format.block_len();
            let bytes = random_blocks(format, 7, rows * cols);
            let mut want = vec![0.0; rows * cols];
            dequantize(format, &bytes, &mut want);
            let mut found = vec![f32::NAN; cols];
            with_blocks!(format, B => {
                let packed = Packed::new::<B>(rows, cols, &bytes);
                for (row, want) in want.chunks(cols).enumerate() {
                    packed.row_to_f32::<B>(row, &mut found);
                    assert_eq!(bits(&found), bits(want), "{format}, row {row} of {rows}");
                }
            });
        }
    }
}
