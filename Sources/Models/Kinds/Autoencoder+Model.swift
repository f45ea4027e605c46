extension Autoencoder: Model {
    package static let kind = ModelKind.autoencoder

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> Autoencoder {
        var training = AutoencoderTraining(rows: rows.values, width: rows.width, seed: seed)
        return training.run(steps: steps ?? AutoencoderTraining.usualSteps, progress: progress)
    }

    package func contributions(of row: ArraySlice<Int8>) -> [Double] {
        errors(of: row).map { Double($0) * Double($0) }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        var layers: [IntegerLayer] = []
        while let shape = file.tensors["\(prefix)\(layers.count).weights"]?.shape, layers.count < 16 {
            let name = "\(prefix)\(layers.count)."
            guard shape.count == 2,
                let layer = IntegerLayer(
                    inputs: shape[1], outputs: shape[0],
                    weights: try file.integers(name + "weights", as: .int8),
                    biases: try file.integers(name + "biases", as: .int32),
                    multipliers: try file.integers(name + "multipliers", as: .int32))
            else { throw .malformed("the parts of '\(name)' do not fit together") }
            layers.append(layer)
        }
        let scales: [Int32] = try file.integers(prefix + "errorScales", as: .int32)
        guard let result = Autoencoder(layers: layers, errorScales: scales), result.width == width else {
            throw .malformed("the layers of '\(prefix)' do not fit together")
        }
        self = result
    }

    package func put(into file: inout ModelFile, prefix: String) {
        for (index, layer) in layers.enumerated() {
            file.set(
                "\(prefix)\(index).weights", layer.weights, as: .int8, shape: [layer.outputs, layer.inputs])
            file.set("\(prefix)\(index).biases", layer.biases, as: .int32)
            file.set("\(prefix)\(index).multipliers", layer.multipliers, as: .int32)
        }
        file.set(prefix + "errorScales", errorScales, as: .int32)
    }
}
