import RealModule

/// Trains an autoencoder in floating point, and quantizes it.
///
/// Layers 68-24-8-24-68 (the outer two follow the rows' width), Adam, Huber loss, so that what went wrong in training
/// traffic does not dominate. The same rows and seed give the same model on the same machine.
package struct AutoencoderTraining {
    private static let hidden = [24, 8, 24]
    private static let batch = 128
    /// Steps that are enough for 100,000 rows; more change the error by less than a hundredth.
    package static let usualSteps = 4_000
    private static let rate = 0.002
    /// Residuals beyond this count linearly.
    private static let huber: Float = 2

    private let width: Int
    private let rows: [Int8]
    private var layers: [DenseLayer] = []
    private var random: SeededGenerator
    /// Inputs of each layer, and the last one's outputs; for eight rows, one a lane.
    private var values: [[DenseLayer.Lanes]]
    /// The loss's derivatives by the same.
    private var deltas: [[DenseLayer.Lanes]]

    /// - Parameters:
    ///   - rows: int8 features, row by row; at least one row.
    ///   - width: features in a row.
    ///   - seed: of the first weights and of the order of rows.
    package init(rows: [Int8], width: Int, seed: UInt64) {
        precondition(
            width > 0 && !rows.isEmpty && rows.count.isMultiple(of: width), "whole rows, at least one")
        self.rows = rows
        self.width = width
        random = SeededGenerator(seed: seed)
        let sizes = [width] + Self.hidden + [width]
        for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
            layers.append(DenseLayer(inputs: inputs, outputs: outputs, random: &random))
        }
        values = sizes.map { Array(repeating: DenseLayer.Lanes(), count: $0) }
        deltas = values
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - steps: batches to learn from.
    ///   - progress: called now and then with the part done, 0...1.
    /// - Returns: the quantized model.
    package mutating func run(
        steps: Int = usualSteps, progress: (Double) -> Void = { _ in }
    ) -> Autoencoder {
        let count = rows.count / width
        var order = Array(0..<count)
        var next = count
        for step in 0..<steps {
            if step.isMultiple(of: 100) { progress(Double(step) / Double(steps)) }
            for _ in 0..<Self.batch / DenseLayer.Lanes.scalarCount {
                for lane in 0..<DenseLayer.Lanes.scalarCount {
                    if next == count {
                        order.shuffle(using: &random)
                        next = 0
                    }
                    load(order[next], lane: lane)
                    next += 1
                }
                learn()
            }
            let number = Double(step + 1)
            let correction = (1 - Double.pow(0.999, number)).squareRoot() / (1 - Double.pow(0.9, number))
            let fading = step > steps * 7 / 10 ? 0.2 : 1
            for index in layers.indices { layers[index].step(rate: Float(Self.rate * fading * correction)) }
        }
        return quantize()
    }

    private mutating func load(_ row: Int, lane: Int) {
        load(rows[row * width..<(row + 1) * width], lane: lane)
    }

    private mutating func load(_ row: ArraySlice<Int8>, lane: Int) {
        for (feature, value) in row.enumerated() {
            values[0][feature][lane] = Float(value) * RobustScaler.step
        }
    }

    /// By how much the network as trained, in floating point, misses each feature of a row, on the scale of features.
    mutating func errors(of row: ArraySlice<Int8>) -> [Float] {
        load(row, lane: 0)
        forward()
        return zip(values[layers.count], values[0]).map { abs($0[0] - $1[0]) }
    }

    private mutating func forward() {
        for index in layers.indices {
            layers[index].forward(values[index], into: &values[index + 1])
            guard index < layers.count - 1 else { return }
            for unit in values[index + 1].indices {
                values[index + 1][unit] = Self.activate(values[index + 1][unit])
            }
        }
    }

    private mutating func learn() {
        forward()
        let last = layers.count
        let limit = DenseLayer.Lanes(repeating: Self.huber)
        for unit in 0..<width {
            let residual = values[last][unit] - values[0][unit]
            deltas[last][unit] = residual.clamped(lowerBound: -limit, upperBound: limit) / Float(Self.batch)
        }
        for index in layers.indices.reversed() {
            layers[index].backward(values[index], delta: deltas[index + 1], back: &deltas[index])
            guard index > 0 else { return }
            for unit in deltas[index].indices {
                deltas[index][unit] *= Self.slope(atOutput: values[index][unit])
            }
        }
    }

    /// f(x) = x - x|x|/4 for |x| <= 2, else the sign of x.
    private static func activate(_ x: DenseLayer.Lanes) -> DenseLayer.Lanes {
        let two = DenseLayer.Lanes(repeating: 2)
        let cut = x.clamped(lowerBound: -two, upperBound: two)
        return cut - cut * cut.replacing(with: -cut, where: cut .< 0) * 0.25
    }

    /// f'(x) = 1 - |x|/2, which is sqrt(1 - |f(x)|).
    private static func slope(atOutput y: DenseLayer.Lanes) -> DenseLayer.Lanes {
        let magnitude = y.replacing(with: -y, where: y .< 0)
        return (1 - magnitude).clamped(lowerBound: .zero, upperBound: .one).squareRoot()
    }

    /// int8 weights with one scale an output, and each feature's usual error.
    private mutating func quantize() -> Autoencoder {
        var integerLayers: [IntegerLayer] = []
        for (index, layer) in layers.enumerated() {
            let inputStep = index == 0 ? Double(RobustScaler.step) : 1 / Double(Autoencoder.one)
            let isLast = index == layers.count - 1
            let outputsPerOne = isLast ? 16 / Double(RobustScaler.step) : Double(Autoencoder.one)
            var weights: [Int8] = []
            var biases: [Int32] = []
            var multipliers: [Int32] = []
            for output in 0..<layer.outputs {
                let row = layer.weights(of: output).map { Double($0) }
                let step = max(row.map(abs).max() ?? 0, 1e-4) / 127
                weights += row.map { Int8(min(max(($0 / step).rounded(), -127), 127)) }
                let bias = Double(layer.biases[output]) / (step * inputStep)
                biases.append(Int32(min(max(bias.rounded(), -1e9), 1e9)))
                let factor = step * inputStep * outputsPerOne * Double(1 << Autoencoder.multiplierBits)
                multipliers.append(Int32(min(max(factor.rounded(), 0), 2e9)))
            }
            let quantized = IntegerLayer(
                inputs: layer.inputs, outputs: layer.outputs, weights: weights, biases: biases,
                multipliers: multipliers)
            guard let quantized else { preconditionFailure("a trained layer fits together") }
            integerLayers.append(quantized)
        }
        guard let result = Autoencoder(layers: integerLayers, errorScales: usualErrors()) else {
            preconditionFailure("trained layers fit together")
        }
        return result
    }

    /// The 99 % quantile of each feature's error over 2.6, as of a normal distribution, as `Autoencoder` takes it.
    private mutating func usualErrors() -> [Int32] {
        let count = rows.count / width
        let lanes = DenseLayer.Lanes.scalarCount
        var errors = Array(repeating: [Float](), count: width)
        for start in stride(from: 0, to: count, by: lanes * max(1, count / 20_000)) {
            let rows = min(lanes, count - start)
            for lane in 0..<rows { load(start + lane, lane: lane) }
            forward()
            for feature in 0..<width {
                let difference = values[layers.count][feature] - values[0][feature]
                for lane in 0..<rows { errors[feature].append(abs(difference[lane])) }
            }
        }
        return errors.map { column in
            let sorted = column.sorted()
            let usual = max(sorted[min(sorted.count - 1, sorted.count * 99 / 100)] / 2.6, 0.1)
            return Int32((RobustScaler.step / usual * 65_536).rounded())
        }
    }
}
