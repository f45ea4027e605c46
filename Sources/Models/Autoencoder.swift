/// One dense layer of the integer autoencoder.
package struct IntegerLayer: Hashable, Sendable {
    package let inputs: Int
    package let outputs: Int
    /// outputs * inputs, row by row.
    package let weights: [Int8]
    /// In units of the products.
    package let biases: [Int32]
    /// A sum's value in units of the next layer, times 2^24, for each output.
    package let multipliers: [Int32]

    /// - Returns: `nil` if the parts do not fit together, or a sum could leave 32 bits or its value 31.
    package init?(inputs: Int, outputs: Int, weights: [Int8], biases: [Int32], multipliers: [Int32]) {
        guard (1...4096).contains(inputs), (1...4096).contains(outputs), weights.count == inputs * outputs,
            biases.count == outputs, multipliers.count == outputs,
            biases.allSatisfy({ abs(Int64($0)) <= 1 << 30 })
        else { return nil }
        for output in 0..<outputs {
            let row = weights[output * inputs..<(output + 1) * inputs]
            let largest = row.reduce(abs(Int64(biases[output]))) { $0 + 128 * abs(Int64($1)) }
            guard largest * abs(Int64(multipliers[output])) < 1 << (Autoencoder.multiplierBits + 30) else {
                return nil
            }
        }
        self.inputs = inputs
        self.outputs = outputs
        self.weights = weights
        self.biases = biases
        self.multipliers = multipliers
    }
}

/// An autoencoder with int8 weights and activations, scored by integer arithmetic only: the same row gives the same
/// score on every machine.
///
/// The hidden activation is the saturating parabola f(x) = x - x|x|/4 for |x| <= 2, else the sign of x. It looks like a
/// hyperbolic tangent, takes one multiplication and no table, and training uses it too, so that rounding is all that
/// the quantized network differs by. The score is the sum over the features of the squared error in units of the
/// feature's usual error, in 1/256, each cut to 30 usual errors.
package struct Autoencoder: Hashable, Sendable {
    /// A hidden unit's 1, as an integer.
    static let one: Int32 = 128
    /// Fraction bits of the multipliers.
    static let multiplierBits: Int64 = 24
    /// Largest error of one feature, in sixteenths of the usual error.
    static let largestError: Int64 = 30 * 16

    package let layers: [IntegerLayer]
    /// Step of the input grid over the usual error, times 2^16, for each feature.
    package let errorScales: [Int32]

    package var width: Int { errorScales.count }

    /// - Returns: `nil` if the layers do not fit together.
    package init?(layers: [IntegerLayer], errorScales: [Int32]) {
        guard let first = layers.first, let last = layers.last, first.inputs == errorScales.count,
            last.outputs == errorScales.count, errorScales.allSatisfy({ $0 >= 0 }),
            zip(layers, layers.dropFirst()).allSatisfy({ $0.outputs == $1.inputs })
        else { return nil }
        self.layers = layers
        self.errorScales = errorScales
    }

    /// Scores rows of int8 features, one after another in `rows`.
    ///
    /// The plain way, and the reference: `BatchScorer` in `Scoring` gives the same bits, and is faster by far.
    package func scores(of rows: [Int8]) -> [Int32] {
        stride(from: 0, to: rows.count - rows.count % width, by: width).map { start in
            var sum: Int32 = 0
            for error in errors(of: rows[start..<start + width]) { sum &+= error &* error }
            return sum
        }
    }

    /// Error of each feature of one row, in sixteenths of its usual error, 0...480.
    package func errors(of row: ArraySlice<Int8>) -> [Int32] {
        var values = row.map { Int32($0) }
        for (index, layer) in layers.enumerated() {
            values = Self.apply(layer, to: values, isLast: index == layers.count - 1)
        }
        return zip(zip(row, values), errorScales).map { pair, scale in
            let difference = abs(Int64(pair.0) * 16 - Int64(pair.1))
            return Int32(min((difference * Int64(scale)) >> 16, Self.largestError))
        }
    }

    /// The next layer's inputs; after the last layer, sixteenths of a step of the input grid.
    private static func apply(_ layer: IntegerLayer, to values: [Int32], isLast: Bool) -> [Int32] {
        (0..<layer.outputs).map { output in
            var sum = layer.biases[output]
            let start = output * layer.inputs
            for (input, value) in values.enumerated() { sum &+= value &* Int32(layer.weights[start + input]) }
            let product = Int64(sum) * Int64(layer.multipliers[output])
            let scaled = (product + 1 << (multiplierBits - 1)) >> multiplierBits
            return isLast ? Int32(scaled) : activate(scaled)
        }
    }

    /// The saturating parabola, in units of 1/128, -127...127.
    static func activate(_ value: Int64) -> Int32 {
        let x = Int32(min(max(value, Int64(-2 * one)), Int64(2 * one)))
        let y = x - x * abs(x) / (4 * one)
        return min(max(y, -127), 127)
    }
}
