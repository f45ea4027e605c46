extension ModelFile {
    /// Puts in an array of integers.
    package mutating func set<Value: FixedWidthInteger>(
        _ name: String, _ values: [Value], as element: Tensor.Element, shape: [Int]? = nil
    ) {
        var bytes: [UInt8] = []
        for value in values {
            for byte in 0..<Value.bitWidth / 8 {
                bytes.append(UInt8(truncatingIfNeeded: value >> (byte * 8)))
            }
        }
        tensors[name] = Tensor(element: element, shape: shape ?? [values.count], bytes: bytes)
    }

    /// Puts in an array of single precision.
    package mutating func set(_ name: String, _ values: [Float]) {
        set(name, values.map(\.bitPattern), as: .float)
    }

    /// Puts in an array of double precision.
    package mutating func set(_ name: String, _ values: [Double]) {
        set(name, values.map(\.bitPattern), as: .double)
    }

    /// Integers under a name.
    package func integers<Value: FixedWidthInteger>(
        _ name: String, as element: Tensor.Element
    ) throws(ModelFileError) -> [Value] {
        guard let tensor = tensors[name], tensor.element == element else {
            throw .missing("tensor '\(name)' of type \(element.rawValue)")
        }
        let width = Value.bitWidth / 8
        var values: [Value] = []
        for start in stride(from: 0, to: tensor.bytes.count - tensor.bytes.count % width, by: width) {
            var value: Value = 0
            for (index, byte) in tensor.bytes[start..<start + width].enumerated() {
                value |= Value(truncatingIfNeeded: byte) << (index * 8)
            }
            values.append(value)
        }
        return values
    }

    /// Finite floats under a name.
    package func floats(_ name: String) throws(ModelFileError) -> [Float] {
        let bits: [UInt32] = try integers(name, as: .float)
        let values = bits.map(Float.init(bitPattern:))
        guard values.allSatisfy(\.isFinite) else { throw .malformed("tensor '\(name)' is not finite") }
        return values
    }

    /// Finite doubles under a name.
    package func doubles(_ name: String) throws(ModelFileError) -> [Double] {
        let bits: [UInt64] = try integers(name, as: .double)
        let values = bits.map(Double.init(bitPattern:))
        guard values.allSatisfy(\.isFinite) else { throw .malformed("tensor '\(name)' is not finite") }
        return values
    }

    /// A text in the header.
    package func text(_ name: String) throws(ModelFileError) -> String {
        guard let text = metadata[name] else { throw .missing("'\(name)' in its header") }
        return text
    }
}
