import CInt8Kernel

/// Sets of instructions that dot products of bytes are made of, from the slowest to the fastest.
package enum Instructions: String, CaseIterable, Sendable {
    /// C for any processor.
    case portable
    /// Multiply-add of 16-bit numbers.
    case avx2
    /// Dot products of bytes, 32 at a time.
    case avxVNNI
    /// The same, 64 at a time.
    case avx512VNNI

    /// The fastest that this processor has.
    package static let best = allCases.last(where: \.isSupported) ?? .portable

    /// Whether this processor has them.
    package var isSupported: Bool { int8_supports(variant) != 0 }

    var variant: int8_variant {
        switch self {
        case .portable: INT8_PORTABLE
        case .avx2: INT8_AVX2
        case .avxVNNI: INT8_AVX_VNNI
        case .avx512VNNI: INT8_AVX512_VNNI
        }
    }
}
