/// One dense layer in training: weights, gradients and Adam's moments.
///
/// Eight rows are learned from at a time, one a lane, so that every operation is one on eight numbers.
struct DenseLayer {
    typealias Lanes = SIMD8<Float>

    let inputs: Int
    let outputs: Int
    /// outputs * inputs, row by row.
    private(set) var weights: [Float]
    private(set) var biases: [Float]
    private var gradients: [Lanes]
    private var biasGradients: [Lanes]
    /// Adam's means of the gradient and of its square; the weights' come before the biases'.
    private var means: [Float]
    private var squares: [Float]

    init(inputs: Int, outputs: Int, random: inout SeededGenerator) {
        self.inputs = inputs
        self.outputs = outputs
        let spread = (1 / Float(inputs)).squareRoot()
        weights = (0..<inputs * outputs).map { _ in random.normal() * spread }
        biases = Array(repeating: 0, count: outputs)
        gradients = Array(repeating: Lanes(), count: inputs * outputs)
        biasGradients = Array(repeating: Lanes(), count: outputs)
        means = Array(repeating: 0, count: inputs * outputs + outputs)
        squares = means
    }

    /// weights * values + biases, into `result`.
    func forward(_ values: [Lanes], into result: inout [Lanes]) {
        for output in 0..<outputs {
            var sum = Lanes(repeating: biases[output])
            let row = output * inputs
            // Written as product and sum: a fused operation is a library call on processors without one.
            for input in 0..<inputs { sum += weights[row + input] * values[input] }
            result[output] = sum
        }
    }

    /// Adds eight rows' gradients.
    ///
    /// - Parameters:
    ///   - values: the layer's inputs.
    ///   - delta: the loss's derivative by the layer's outputs.
    ///   - back: receives the loss's derivative by the layer's inputs.
    mutating func backward(_ values: [Lanes], delta: [Lanes], back: inout [Lanes]) {
        for input in 0..<inputs { back[input] = Lanes() }
        for output in 0..<outputs {
            let change = delta[output]
            biasGradients[output] += change
            let row = output * inputs
            for input in 0..<inputs {
                gradients[row + input] += change * values[input]
                back[input] += change * weights[row + input]
            }
        }
    }

    /// One step of Adam with 0.9 and 0.999, after which gradients start over.
    ///
    /// D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015. `rate` has the bias corrections in it.
    mutating func step(rate: Float) {
        for index in weights.indices {
            weights[index] -= move(gradients[index].sum(), at: index) * rate
            gradients[index] = Lanes()
        }
        for index in biases.indices {
            biases[index] -= move(biasGradients[index].sum(), at: weights.count + index) * rate
            biasGradients[index] = Lanes()
        }
    }

    private mutating func move(_ gradient: Float, at index: Int) -> Float {
        means[index] = means[index] * 0.9 + gradient * 0.1
        squares[index] = squares[index] * 0.999 + gradient * gradient * 0.001
        return means[index] / (squares[index].squareRoot() + 1e-8)
    }

    /// The weights of one output.
    func weights(of output: Int) -> ArraySlice<Float> { weights[output * inputs..<(output + 1) * inputs] }
}
