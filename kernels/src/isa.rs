//! Instruction sets: which exist, which this processor has, and how code is compiled for each.
//!
//! [`Arch`] can only be made for an instruction set that the processor has; it is the one place where
//! functions compiled for more than the baseline are called.

#![allow(unsafe_code)]

use std::fmt;
use std::str::FromStr;

#[cfg(target_arch = "aarch64")]
use crate::simd::Neon;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Kernel, Scalar};

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Isa {
    /// What every processor of the architecture has: the specification of all others.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// AVX2 with 8-bit dot products (AVX-VNNI).
    AvxVnni,
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    Avx512,
    /// AVX-512 with 8-bit dot products (VNNI).
    Avx512Vnni,
    /// The same instructions, for processors that add on other units than those that multiply, as AMD's do: products of
    /// four-bit weights take additions for some of the multiplications.
    Avx512Winograd,
    /// AVX-512 VNNI with tiles of 8-bit dot products (AMX).
    Amx,
    /// 64-bit Arm with NEON.
    Neon,
}

impl Isa {
    /// Every instruction set; of two that a processor has, the later one is faster, if it is made for such a processor.
    pub const ALL: [Isa; 8] =
        [Isa::Scalar, Isa::Avx2, Isa::AvxVnni, Isa::Avx512, Isa::Avx512Vnni, Isa::Avx512Winograd, Isa::Amx, Isa::Neon];

    /// The fastest that this processor has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|isa| isa.is_available() && isa.suits()).unwrap_or(Isa::Scalar)
    }

    /// Whether it is made for such a processor.
    fn suits(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        if self == Isa::Avx512Winograd {
            let vendor = std::arch::x86_64::__cpuid(0);
            return [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD";
        }
        true
    }

    /// Those that this processor has, scalar first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => Isa::Avx2.is_available() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && Isa::Avx2.is_available()
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni | Isa::Avx512Winograd => {
                Isa::Avx512.is_available() && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Amx => Isa::Avx512Vnni.is_available() && crate::simd::tiles_are_available(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    /// The name that [`FromStr`] reads: `scalar`, `avx2`, `avxvnni`, `avx512`, `avx512vnni`,
    /// `avx512winograd`, `amx` or `neon`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::AvxVnni => "avxvnni",
            Isa::Avx512 => "avx512",
            Isa::Avx512Vnni => "avx512vnni",
            Isa::Avx512Winograd => "avx512winograd",
            Isa::Amx => "amx",
            Isa::Neon => "neon",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(name: &str) -> Result<Self, UnknownIsa> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| UnknownIsa { name: name.to_owned() })
    }
}

/// A name that no instruction set has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown instruction set {name:?}, expected one of {}", Isa::ALL.map(Isa::name).join(", "))]
pub struct UnknownIsa {
    /// What was given.
    pub name: String,
}

/// An instruction set that this processor is known to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arch(Isa);

impl Arch {
    /// `None` if the processor lacks `isa`.
    pub(crate) fn new(isa: Isa) -> Option<Self> {
        isa.is_available().then_some(Arch(isa))
    }

    pub(crate) fn isa(self) -> Isa {
        self.0
    }

    /// Runs `kernel`, compiled for this instruction set.
    // NEON is part of the baseline of most aarch64 targets, where the call is safe.
    #[cfg_attr(target_arch = "aarch64", allow(unused_unsafe))]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the constructor found AVX2, FMA and F16C.
            Isa::Avx2 => unsafe { run_avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the constructor found AVX2, FMA, F16C and AVX-VNNI.
            Isa::AvxVnni => unsafe { run_avx_vnni(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the constructor found AVX-512 F, BW, DQ and VL, and with them AVX2, FMA and F16C.
            Isa::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the constructor found the same and AVX-512 VNNI.
            Isa::Avx512Vnni | Isa::Avx512Winograd => unsafe { run_avx512_vnni(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the constructor found the same and tiles that this process may use.
            Isa::Amx => unsafe { run_amx(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: the constructor found NEON; the condition, its dot products.
            Isa::Neon => unsafe {
                if std::arch::is_aarch64_feature_detected!("dotprod") { run_neon_dot(kernel) } else { run_neon(kernel) }
            },
            _ => kernel.run(Scalar),
        }
    }
}

/// Functions that are compiled for an instruction set and run a kernel with it. They are never inlined: a kernel that
/// another one calls keeps its registers for itself.
macro_rules! paths {
    ($($(#[$attr:meta])* fn $name:ident: $simd:ty, $features:literal;)*) => {$(
        $(#[$attr])*
        #[inline(never)]
        #[target_feature(enable = $features)]
        pub(crate) fn $name<K: Kernel>(kernel: K) -> K::Output {
            // SAFETY: the features of this function.
            kernel.run(unsafe { <$simd>::new() })
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
paths! {
    fn run_avx2: Avx2<false>, "avx2,fma,f16c";
    fn run_avx_vnni: Avx2<true>, "avx2,fma,f16c,avxvnni";
    fn run_avx512: Avx512<false, false>, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c";
    fn run_avx512_vnni: Avx512<true, false>, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c";
    fn run_amx: Avx512<true, true>, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c";
}

#[cfg(target_arch = "aarch64")]
paths! {
    fn run_neon: Neon<false>, "neon";
    fn run_neon_dot: Neon<true>, "neon,dotprod";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for isa in Isa::ALL {
            assert_eq!(isa.name().parse(), Ok(isa));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_valid_ones() {
        let error = "sse9".parse::<Isa>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown instruction set \"sse9\", expected one of scalar, avx2, avxvnni, avx512, avx512vnni, avx512winograd, amx, neon"
        );
    }

    #[test]
    fn the_best_is_available_and_scalar_comes_first() {
        assert_eq!(Isa::available()[0], Isa::Scalar);
        assert_eq!(Isa::available().into_iter().rfind(|isa| isa.suits()), Some(Isa::detect()));
        for isa in Isa::ALL {
            assert_eq!(Arch::new(isa).is_some(), Isa::available().contains(&isa));
        }
    }
}
