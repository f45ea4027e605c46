import CInt8Kernel
package import Models

/// Scores many rows at a time by an autoencoder, with the processor's integer dot products.
///
/// The same bits as `Autoencoder.scores(of:)`, whatever the processor; a test holds that for every set of instructions.
@safe package final class BatchScorer: Sendable {
    private let autoencoder: Autoencoder
    private let instructions: Instructions
    /// Not changed once it is made; `nil` if there was no memory for it, and then the plain way is taken.
    private nonisolated(unsafe) let network: OpaquePointer?

    /// Packs the weights in the order in which they are read.
    package init(_ autoencoder: Autoencoder, instructions: Instructions = .best) {
        self.autoencoder = autoencoder
        self.instructions = instructions
        unsafe network = Self.pack(autoencoder.layers[...], [], errorScales: autoencoder.errorScales)
    }

    deinit { unsafe int8_network_destroy(network) }

    /// Scores rows of int8 features, one after another in `rows`.
    package func scores(of rows: [Int8]) -> [Int32] {
        guard let network = unsafe network else { return autoencoder.scores(of: rows) }
        let count = rows.count / autoencoder.width
        return unsafe [Int32](unsafeUninitializedCapacity: count) { scores, initialized in
            unsafe rows.withUnsafeBufferPointer {
                unsafe int8_network_score(
                    network, instructions.variant, $0.baseAddress, count, scores.baseAddress)
            }
            initialized = count
        }
    }

    /// Layer by layer, so that all arrays lend their memory at once.
    private static func pack(
        _ rest: ArraySlice<IntegerLayer>, _ packed: [int8_layer], errorScales: [Int32]
    ) -> OpaquePointer? {
        guard let layer = rest.first else {
            return unsafe packed.withUnsafeBufferPointer { layers in
                unsafe errorScales.withUnsafeBufferPointer {
                    unsafe int8_network_create(layers.baseAddress, UInt32(layers.count), $0.baseAddress)
                }
            }
        }
        return unsafe layer.weights.withUnsafeBufferPointer { weights in
            unsafe layer.biases.withUnsafeBufferPointer { biases in
                unsafe layer.multipliers.withUnsafeBufferPointer { multipliers in
                    let next = unsafe int8_layer(
                        inputs: UInt32(layer.inputs), outputs: UInt32(layer.outputs),
                        weights: weights.baseAddress, biases: biases.baseAddress,
                        multipliers: multipliers.baseAddress)
                    return unsafe pack(rest.dropFirst(), packed + [next], errorScales: errorScales)
                }
            }
        }
    }
}
